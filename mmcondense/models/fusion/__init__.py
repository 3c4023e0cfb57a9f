"""Fusion of modalities' feature maps, one paper per file."""

from .compact_bilinear_pooling import CompactBilinearPooling, compact_bilinear_pool
from .pairwise_pooling import PairwisePooling
from .trilinear_pooling import (
    FactorizedBilinearPooling,
    TrilinearPooling,
    factorized_bilinear_pool,
    trilinear_pool,
)

__all__ = [
    "CompactBilinearPooling",
    "FactorizedBilinearPooling",
    "PairwisePooling",
    "TrilinearPooling",
    "compact_bilinear_pool",
    "factorized_bilinear_pool",
    "trilinear_pool",
]
