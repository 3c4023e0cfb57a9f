"""Recognizers, one per paper."""

from .coviar import CoViAR
from .ip_two_stream import IPTwoStream
from .late_fusion import LateFusionRecognizer, fuse_scores

__all__ = ["CoViAR", "IPTwoStream", "LateFusionRecognizer", "fuse_scores"]
