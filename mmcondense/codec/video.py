"""Read I-frames, motion vectors and residuals of chosen frames of a video, in one pass."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from .clip import CompressedClip

REFERENCES = ("previous", "iframe")
PRECISIONS = ("subpixel", "integer")
MODALITIES = ("iframe", "motion", "residual", "rgb", "motion_past", "motion_future")


class CompressedVideo:
    """A compressed video, opened for reading. Use as a context manager.

    Args:
        source: Path, bytes, or a seekable binary file object.
        virtual_gop: Let the next anchor (I- or P-picture) about every this many frames after a
            key frame stand in as an I-frame. None: real key frames only.
    """

    def __init__(
        self,
        source: str | os.PathLike | bytes | BinaryIO,
        *,
        virtual_gop: int | None = None,
    ) -> None:
        raise NotImplementedError

    def __enter__(self) -> CompressedVideo:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        raise NotImplementedError

    def read(
        self,
        frame_inds: Sequence[int] | np.ndarray,
        *,
        reference: str = "previous",
        modalities: Sequence[str] = ("iframe", "motion", "residual"),
        precision: str = "subpixel",
        iframe_inds: Sequence[int] | np.ndarray | None = None,
        per_frame: bool = False,
    ) -> CompressedClip:
        raise NotImplementedError
