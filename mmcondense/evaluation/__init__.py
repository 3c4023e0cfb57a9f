"""Metrics that MMAction2 lacks."""

from .condenser_metric import CondenserMetric
from .stream_acc_metric import StreamAccMetric

__all__ = ["CondenserMetric", "StreamAccMetric"]
