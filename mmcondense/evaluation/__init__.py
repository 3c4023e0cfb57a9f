"""Metrics that MMAction2 lacks."""

from .condenser_metric import CondenserAccMetric, CondenserMetric
from .score_arrays import DumpScoreArrays
from .score_kind import DumpScores, score_kind
from .stream_acc_metric import StreamAccMetric

__all__ = [
    "CondenserAccMetric",
    "CondenserMetric",
    "DumpScoreArrays",
    "DumpScores",
    "StreamAccMetric",
    "score_kind",
]
