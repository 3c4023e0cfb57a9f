"""Recognizers, one per paper."""

from .aligned import AlignedRecognizer2D
from .attp import ATTP
from .condense import CondenseRecognizer
from .coviar import CoViAR
from .dmc_net import DMCRecognizer2D, DMCRecognizer3D
from .ip_two_stream import IPTwoStream
from .late_fusion import LateFusionRecognizer, fuse_scores

__all__ = [
    "ATTP",
    "AlignedRecognizer2D",
    "CoViAR",
    "CondenseRecognizer",
    "DMCRecognizer2D",
    "DMCRecognizer3D",
    "IPTwoStream",
    "LateFusionRecognizer",
    "fuse_scores",
]
