"""What condensers say about themselves in a test, averaged: ``condenser/app``, ..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric


@METRICS.register_module()
class CondenserMetric(BaseMetric):
    """Means over a data set of the ``condenser_metrics`` of a :class:`CondenserModel`.

    Batches of different sizes weigh as they should: each sample carries its batch's mean.

    Args:
        collect_device: See MMEngine.
    """

    default_prefix = "condenser"

    def __init__(self, collect_device: str = "cpu") -> None:
        super().__init__(collect_device=collect_device)

    def process(self, data_batch: Sequence[Any], data_samples: Sequence[dict]) -> None:
        """Collect one batch."""
        self.results.extend(sample["condenser_metrics"] for sample in data_samples)

    def compute_metrics(self, results: list[dict[str, float]]) -> dict[str, float]:
        """The mean of each metric."""
        return {name: sum(r[name] for r in results) / len(results) for name in results[0]}
