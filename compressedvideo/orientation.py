"""How stored pictures are to be displayed, and a clip as stored in, as displayed out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .clip import CompressedClip
from .errors import UnsupportedVideoError

_PICTURES = ("iframes", "rgb", "residual", "valid_past", "valid_future", "bits", "coefficients")
_VECTORS = ("motion", "motion_past", "motion_future")

_TOLERANCE = 0.0175
"""A degree, as FFmpeg has it."""


class Orientation(NamedTuple):
    """What is done to a stored picture: first the first, then the others."""

    transpose: bool
    flip_x: bool
    """Left and right change places."""
    flip_y: bool


UPRIGHT = Orientation(False, False, False)


def orientation_of(matrix: np.ndarray | None, *, path: str) -> Orientation:
    """The orientation that a display matrix stands for.

    Args:
        matrix: [3, 3] as MP4 stores it (ISO/IEC 14496-12, 6.2.2): the point (x, y) of the stored
            picture is displayed at ``[x, y, 1] @ matrix``. None, or nothing but zeros: upright.
        path: The video, for errors.

    Raises:
        UnsupportedVideoError: If it turns the picture by an angle that is no multiple of 90
            degrees, or shears it.
    """
    if matrix is None:
        return UPRIGHT
    part = np.asarray(matrix, np.float64)[:2, :2]
    largest = np.abs(part).max()
    if not largest:
        return UPRIGHT
    (a, b), (c, d) = np.where(np.abs(part) <= _TOLERANCE * largest, 0, part)
    if not b and not c and a and d:
        return Orientation(False, bool(a < 0), bool(d < 0))
    if not a and not d and b and c:
        return Orientation(True, bool(c < 0), bool(b < 0))
    raise UnsupportedVideoError(
        f"its metadata turn it by {np.degrees(np.arctan2(b, a)):.0f} degrees, of which only "
        "multiples of 90 can be honoured; re-encode it upright",
        path=path,
    )


def orient_clip(clip: CompressedClip, orientation: Orientation) -> CompressedClip:
    """Turn and mirror pictures and vectors.

    Args:
        clip: Arrays of [N, H, W, ...].
    """
    if orientation == UPRIGHT:
        return clip
    turned: dict[str, Any] = {}
    for name in (*_PICTURES, *_VECTORS):
        array = getattr(clip, name)
        if array is None:
            continue
        array = orient_pictures(array, orientation)
        if name in _VECTORS:
            array = orient_vectors(array, orientation)
        turned[name] = np.ascontiguousarray(array)
    return replace(clip, **turned)


def orient_pictures(pictures: np.ndarray, orientation: Orientation) -> np.ndarray:
    """A view of [N, H, W, ...] as displayed."""
    if orientation.transpose:
        pictures = pictures.swapaxes(1, 2)
    if orientation.flip_x:
        pictures = pictures[:, :, ::-1]
    if orientation.flip_y:
        pictures = pictures[:, ::-1]
    return pictures


def orient_vectors(vectors: np.ndarray, orientation: Orientation) -> np.ndarray:
    """Vectors [..., 2], x right and y down, of pictures that are turned and mirrored."""
    x, y = vectors[..., 0], vectors[..., 1]
    if orientation.transpose:
        x, y = y, x
    return np.stack([-x if orientation.flip_x else x, -y if orientation.flip_y else y], axis=-1)
