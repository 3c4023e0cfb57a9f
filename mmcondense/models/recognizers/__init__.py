"""Recognizers, one per paper."""

from .attp import ATTP
from .condense import CondenseRecognizer
from .coviar import CoViAR
from .ip_two_stream import IPTwoStream
from .late_fusion import LateFusionRecognizer, fuse_scores

__all__ = [
    "ATTP",
    "CoViAR",
    "CondenseRecognizer",
    "IPTwoStream",
    "LateFusionRecognizer",
    "fuse_scores",
]
