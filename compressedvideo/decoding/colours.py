"""Decoded frames in, their pixels in RGB out."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from ..motion.kernels import backend

try:
    from . import _colours
except ImportError:  # built without a compiler
    _colours = None  # type: ignore[assignment]

_UNSPECIFIED = 2
"""``AVCOL_SPC_UNSPECIFIED``: BT.601 then."""

_LIMITED = (0, 1)
"""``AVCOL_RANGE_UNSPECIFIED`` and ``AVCOL_RANGE_MPEG``."""


class ColourConverter:
    """Converts as FFmpeg does: the usual kind of frame by our own code, all others by FFmpeg's."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._converts = _colours is not None and backend() == "compiled"

    def rgb(self, frame: VideoFrame, *, out: np.ndarray | None = None) -> np.ndarray:
        """Convert a frame.

        Args:
            frame: Any that FFmpeg can convert.
            out: [H, W, 3] uint8: where to write. None: into memory of its own.

        Returns:
            [H, W, 3] uint8: ``out``, if it was given.
        """
        if (
            self._converts
            and not frame.interlaced_frame  # its lines' chroma lies elsewhere
            and frame.format.name == "yuv420p"
            and frame.colorspace == _UNSPECIFIED
            and frame.color_range in _LIMITED
        ):
            target = np.empty((frame.height, frame.width, 3), np.uint8) if out is None else out
            y, u, v = frame.planes
            if _colours.yuv420_to_rgb(target, y, y.line_size, u, u.line_size, v, v.line_size):
                return target
        # The reformatter's default, a thread per core, slows to a tenth under load.
        plane = self._reformatter.reformat(frame, format="rgb24", threads=1).planes[0]
        padded = np.frombuffer(memoryview(plane), np.uint8)  # type: ignore[arg-type]
        padded = padded.reshape(frame.height, plane.line_size)
        pixels = padded[:, : 3 * frame.width].reshape(frame.height, frame.width, 3)
        if out is None:
            return pixels
        out[...] = pixels
        return out
