"""Read off a clip what resizing, cropping and flipping did to it, instead of trusting its record.

MMAction2's transforms record a scale, but only the last flip, and nothing per crop: after TenCrop
no key says that every second crop is mirrored. A ruler is an image of its own pixel coordinates
that goes through the same transforms as the motion: afterwards its slope gives the scale of each
axis, the sign of the slope the flip, and anything but a straight line betrays a transform after
which motion vectors could not be right.
"""

from __future__ import annotations

import numpy as np

_MAX_BEND = 1.5  # source pixels; nearest-neighbour interpolation alone deviates by up to 1


def make_ruler(height: int, width: int) -> np.ndarray:
    """An image of its own coordinates.

    Returns:
        [height, width, 2] float32: x and y of each pixel, from the centre of the image.
    """
    ruler = np.empty((height, width, 2), np.float32)
    ruler[..., 0] = np.arange(width) - (width - 1) / 2
    ruler[..., 1] = (np.arange(height) - (height - 1) / 2)[:, None]
    return ruler


def measure_ruler(ruler: np.ndarray) -> np.ndarray:
    """What to multiply a motion vector with, after the transforms that the ruler went through.

    Args:
        ruler: [H, W, 2] float32, from :func:`make_ruler`, since resized, cropped or flipped.

    Returns:
        [2] float32: x and y, pixels now per pixel then; negative where the axis was flipped.

    Raises:
        ValueError: if the ruler is bent: something other than resize, crop and flip happened.
    """
    if ruler.dtype != np.float32 or ruler.ndim != 3 or ruler.shape[2] != 2 or min(ruler.shape) < 2:
        raise ValueError(
            f"a ruler is float32 [H, W, 2] of at least 2x2 pixels, got {ruler.dtype} "
            f"{list(ruler.shape)}"
        )
    slopes = _slope(ruler[..., 0]), _slope(ruler[..., 1].T)
    return (1 / np.array(slopes)).astype(np.float32)


def _slope(coordinate: np.ndarray) -> float:
    """[A, B], constant along A and linear along B in the middle half; outside it borders repeat."""
    profile = coordinate.mean(axis=0, dtype=np.float64)  # [B]
    length = len(profile)
    middle = slice(length // 4, max(length - length // 4, length // 4 + 2))
    place = np.arange(length)[middle]
    place = place - place.mean()
    height = profile[middle] - profile[middle].mean()
    slope = (place * height).sum() / (place**2).sum()
    bend = max(np.abs(coordinate - profile).max(), np.abs(height - slope * place).max())
    if not bend <= _MAX_BEND or abs(slope) < 1e-6:
        raise ValueError(
            "motion vectors survive resizing, cropping and flipping only, and another transform "
            f"changed this clip: its pixel grid is off by up to {bend:.3g} pixels"
        )
    return slope
