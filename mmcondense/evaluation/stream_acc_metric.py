"""Predictions of a late fusion in, each stream's accuracy (``acc/i_stream_top1``) out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS

_SUFFIX = "_score"


@METRICS.register_module()
class StreamAccMetric(AccMetric):
    """Accuracies of the single streams of a :class:`LateFusionRecognizer`.

    Put it beside ``AccMetric``, which measures the fused scores. It reads each ``<stream>_score``
    of the predictions and reports ``acc/<stream>_top1`` and so on; arguments are AccMetric's.
    """

    def process(self, data_batch: Sequence[Any], data_samples: Sequence[dict]) -> None:
        """Collect the streams' scores of one batch.

        Raises:
            ValueError: if a prediction holds no stream's score.
        """
        by_stream = []
        for sample in data_samples:
            scores = {
                key.removesuffix(_SUFFIX): score
                for key, score in sample.items()
                if key.endswith(_SUFFIX) and key != "pred_score"
            }
            if not scores:
                raise ValueError(
                    f"a prediction with the keys {sorted(sample)} holds no stream's score "
                    f"(<stream>{_SUFFIX}): StreamAccMetric is for recognizers with late fusion"
                )
            by_stream.append({**sample, "pred_score": scores})
        super().process(data_batch, by_stream)
