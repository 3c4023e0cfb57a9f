"""Heads, one per file."""

from .inception_i3d_head import InceptionI3DHead
from .pooling_head import PoolingHead
from .temporal_pooling_head import TemporalPoolingHead

__all__ = ["InceptionI3DHead", "PoolingHead", "TemporalPoolingHead"]
