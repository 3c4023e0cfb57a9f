"""What condensers say about themselves in a test: ``condenser/app``, ..., ``acc/top1``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS
from mmengine.dist import is_distributed
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


@METRICS.register_module()
class CondenserAccMetric(AccMetric):
    """AccMetric for condensers that may have a classifier of their own, as IFS has with ``cat``.

    Without one there are no scores, and no accuracies are reported; arguments are AccMetric's.
    """

    def process(self, data_batch: Sequence[Any], data_samples: Sequence[dict]) -> None:
        """Collect one batch: the samples that have scores."""
        super().process(data_batch, [s for s in data_samples if "pred_score" in s])

    def compute_metrics(self, results: list) -> dict:
        """AccMetric's, or none."""
        return super().compute_metrics(results) if results else {}

    def evaluate(self, size: int) -> dict:
        """As BaseMetric, which warns of metrics without results: here they may be in order."""
        if not self.results and not is_distributed():
            return {}
        return super().evaluate(size)
