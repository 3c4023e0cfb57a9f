"""Optical flow: two frames in, a field in pixels out, and that field as a pair of JPEGs.

A video of n frames has n - 1 fields. The field of frame t (t from 1) says how far the content
moved from frame t - 1 to frame t: the sign of motion vectors, x right and y down.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import cv2
import numpy as np

METHODS = ("tvl1", "dis")
DEFAULT_BOUND = 20.0
_LEVELS = 255


@functools.cache
def flow_estimator(method: str) -> Any:
    """OpenCV's estimator of one of METHODS, made once; raises as :func:`compute_flow` does."""
    if method == "dis":
        return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if method == "tvl1":
        try:
            return cv2.optflow.DualTVL1OpticalFlow.create()
        except AttributeError as error:
            raise ImportError(
                f"TV-L1 is part of OpenCV's contrib modules, which OpenCV {cv2.__version__} here "
                "was installed without. Remove opencv-python and opencv-python-headless, then "
                "`pip install opencv-contrib-python`; or use method='dis'"
            ) from error
    raise ValueError(f"method must be one of {METHODS}, but is {method!r}")


def compute_flow(previous: np.ndarray, current: np.ndarray, *, method: str) -> np.ndarray:
    """Optical flow from one frame to the next.

    ``'tvl1'`` is Zach, Pock and Bischof, "A Duality Based Approach for Realtime TV-L1 Optical
    Flow", DAGM 2007, the flow of the two-stream literature; ``'dis'`` is Kroeger et al., "Fast
    Optical Flow using Dense Inverse Search", ECCV 2016, at OpenCV's medium preset, some hundred
    times faster. Both with OpenCV's default parameters.

    Args:
        previous: [H, W, 3] uint8, RGB.
        current: [H, W, 3] uint8, RGB, the frame after it.
        method: ``'tvl1'`` or ``'dis'``.

    Returns:
        [H, W, 2] float32, pixels, x then y.

    Raises:
        ValueError: if ``method`` is neither.
        ImportError: if OpenCV lacks TV-L1.
    """
    estimator = flow_estimator(method)
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (previous, current)]
    return estimator.calc(*gray, None)


def encode_flow(flow: np.ndarray, *, bound: float = DEFAULT_BOUND) -> np.ndarray:
    """Pixels to bytes as denseflow writes them: [-bound, bound] to 0..255, rounded, clipped."""
    return np.clip(np.rint((flow + bound) * (_LEVELS / (2 * bound))), 0, _LEVELS).astype(np.uint8)


def decode_flow(levels: np.ndarray, *, bound: float = DEFAULT_BOUND) -> np.ndarray:
    """Bytes to pixels, float32: the middle of what :func:`encode_flow` maps to each byte."""
    return levels.astype(np.float32) * np.float32(2 * bound / _LEVELS) - np.float32(bound)


def flow_paths(folder: Path, number: int) -> tuple[Path, Path]:
    """Files of the x and the y component in a video's flow folder."""
    return folder / f"flow_x_{number:05d}.jpg", folder / f"flow_y_{number:05d}.jpg"


def first_number(folder: Path) -> int:
    """The number in the file name of the first field: 1 in MMAction2's folders and ours.

    Recent versions of denseflow count from 0.
    """
    return 0 if flow_paths(folder, 0)[0].exists() else 1


def write_flow(flow: np.ndarray, paths: tuple[Path, Path], *, bound: float, quality: int) -> None:
    """Write [H, W, 2], pixels, as two gray JPEGs.

    Raises:
        OSError: if a file cannot be written.
    """
    levels = encode_flow(flow, bound=bound)
    for component, path in enumerate(paths):
        settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
        if not cv2.imwrite(str(path), levels[..., component], settings):
            raise OSError(f"could not write {path}")


def read_flow(paths: tuple[Path, Path], *, bound: float = DEFAULT_BOUND) -> np.ndarray:
    """Read [H, W, 2] float32, pixels, from two gray JPEGs.

    Raises:
        FileNotFoundError: if one is missing.
        ValueError: if one is no readable image.
    """
    components = []
    for path in paths:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
        if image is None:
            raise ValueError(f"{path} is no readable image: remove its folder and extract it anew")
        components.append(image)
    return decode_flow(np.stack(components, axis=-1), bound=bound)
