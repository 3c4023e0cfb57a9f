"""A clip as stored in, as displayed out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .clip import CompressedClip
from .container.orientation import Orientation

_PICTURES = ("iframes", "rgb", "residual", "valid_past", "valid_future", "bits", "coefficients")
_VECTORS = ("motion", "motion_past", "motion_future")


def as_displayed(clip: CompressedClip, orientation: Orientation) -> CompressedClip:
    """Turn and mirror pictures and vectors; ``cells`` stay as stored.

    Args:
        clip: Arrays of [N, H, W, ...].
    """
    if orientation is Orientation.UPRIGHT:
        return clip
    turned: dict[str, Any] = {}
    for name in (*_PICTURES, *_VECTORS):
        array = getattr(clip, name)
        if array is None:
            continue
        array = orientation.picture(array, axes=(1, 2))
        if name in _VECTORS:
            array = orientation.vectors(array)
        turned[name] = np.ascontiguousarray(array)
    return replace(clip, **turned)
