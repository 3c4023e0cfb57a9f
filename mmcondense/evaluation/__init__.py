"""Metrics that MMAction2 lacks."""

from .stream_acc_metric import StreamAccMetric

__all__ = ["StreamAccMetric"]
