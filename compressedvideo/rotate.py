"""A clip as stored in, the upright clip out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .clip import CompressedClip

_PICTURES = ("iframes", "rgb", "residual", "valid_past", "valid_future", "bits", "coefficients")
_VECTORS = ("motion", "motion_past", "motion_future")


def rotate_clip(clip: CompressedClip, quarter_turns: int) -> CompressedClip:
    """Turn pictures and vectors counterclockwise.

    Args:
        clip: Arrays of [N, H, W, ...].
        quarter_turns: Times 90 degrees.
    """
    turns = quarter_turns % 4
    if not turns:
        return clip
    turned: dict[str, Any] = {}
    for name in (*_PICTURES, *_VECTORS):
        array = getattr(clip, name)
        if array is None:
            continue
        array = np.rot90(array, turns, axes=(1, 2))
        if name in _VECTORS:
            array = rotate_vectors(array, turns)
        turned[name] = np.ascontiguousarray(array)
    return replace(clip, **turned)


def rotate_vectors(vectors: np.ndarray, quarter_turns: int) -> np.ndarray:
    """Turn vectors [..., 2] (x right, y down) counterclockwise: once maps (x, y) to (y, -x)."""
    x, y = vectors[..., 0], vectors[..., 1]
    for _ in range(quarter_turns % 4):
        x, y = y, -x
    return np.stack([x, y], axis=-1)
