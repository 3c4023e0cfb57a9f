"""Condensers: a clip in, one informative frame or a few out."""

from .avd import AVD
from .base import BaseCondenser, as_rgb, load_condenser
from .baselines import (
    FirstFrame,
    MeanFrame,
    MiddleFrame,
    RandomFrames,
    RankPooling,
    UniformFrames,
    rank_pooling_weights,
)
from .condenser_model import CondenserModel
from .ifs import IFS
from .svm_pooling import SVMPooling
from .temporal_attention import TemporalAttention
from .tsd import TemporalSequenceDistillation, TSDBlock

__all__ = [
    "AVD",
    "IFS",
    "BaseCondenser",
    "CondenserModel",
    "FirstFrame",
    "MeanFrame",
    "MiddleFrame",
    "RandomFrames",
    "RankPooling",
    "SVMPooling",
    "TSDBlock",
    "TemporalAttention",
    "TemporalSequenceDistillation",
    "UniformFrames",
    "as_rgb",
    "load_condenser",
    "rank_pooling_weights",
]
