"""The result of reading a video: chosen frames with their I-frames, motion and residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .motion.cells import MotionCells


@dataclass
class CompressedClip:
    """S frames of a video, everything in display order and indexed alike.

    Motion is destination minus source, in pixels, x right and y down: how far the content moved
    since the reference. ``prediction(p) = reference(p - motion(p))``, and
    ``prediction + residual`` is the decoded frame, exactly.
    """

    frame_inds: np.ndarray
    """[S] int64: display indices, in the order they were asked for."""

    frame_types: list[str]
    """S picture types: ``'I'``, ``'P'``, ``'B'`` or ``'S'`` (MPEG-4 global motion)."""

    pts_seconds: np.ndarray
    """[S] float64: presentation times, seconds from the start of the video."""

    gop_inds: np.ndarray
    """[S] int64: the GOP of each frame, counted from 0 by real key frames."""

    iframe_inds: np.ndarray
    """[K] int64: display indices of ``iframes``."""

    iframe_is_virtual: np.ndarray
    """[K] bool: True where an I-frame is virtual (another picture standing in for one)."""

    reference: str
    """``'previous'``: the pictures the codec predicted from; ``'iframe'``: the GOP's I-frame."""

    precision: str
    """``'subpixel'``, or ``'integer'`` for CoViAR's whole pixels."""

    reference_distance: np.ndarray
    """[S] float32: frames from the reference to the frame, which is the past one of the codec, or
    with ``reference='iframe'`` the I-frame. 0 for I-frames."""

    future_distance: np.ndarray
    """[S] float32: frames from the future reference to the frame, negative; 0 where it has none."""

    provenance: list[str]
    """Where each frame's vectors come from: ``'read'`` (the codec's own), ``'assumed-nearest-
    reference'`` (vectors read, but which reference they point into is assumed), ``'parsed'`` (the
    codec's own, read from the bitstream by this package), ``'none'``."""

    damaged: np.ndarray
    """[S] bool: which frames are damaged, or may be predicted from one that is. All False, unless
    the video was opened with ``on_damage`` ``'warn'`` or ``'keep'``: else damage is an error."""

    iframe_damaged: np.ndarray
    """[K] bool: the same of ``iframes``."""

    iframes: np.ndarray | None = None
    """[K, H, W, 3] uint8, RGB."""

    motion: np.ndarray | None = None
    """[S, H, W, 2] pixels, x then y: float32 (``'subpixel'``) or int16 (``'integer'``). Zero where
    a block was not predicted, and for I-frames. With ``layout='cells'`` [S, ceil(H/c), ceil(W/c),
    2], one for each c x c pixels, see ``cell``."""

    residual: np.ndarray | None = None
    """[S, H, W, 3] int16, RGB, -255..255: decoded frame minus prediction."""

    rgb: np.ndarray | None = None
    """[S, H, W, 3] uint8: the decoded frames."""

    motion_past: np.ndarray | None = None
    """[S, H, W, 2]: like ``motion``, vectors from the past reference only, as coded."""

    motion_future: np.ndarray | None = None
    """[S, H, W, 2]: vectors from the future reference of B-frames, as coded (not divided)."""

    valid_past: np.ndarray | None = None
    """[S, H, W] bool: where ``motion_past`` holds a vector of the codec."""

    valid_future: np.ndarray | None = None
    """[S, H, W] bool: where ``motion_future`` holds a vector of the codec."""

    cell: int = 0
    """c: with ``layout='cells'`` 8, and 4 of H.264, HEVC and VP9, whose blocks may be smaller; else
    0."""

    cells: list[MotionCells | None] | None = None
    """S pictures' vectors as coded, each with the frame that it points into, on the grid of the
    stored picture: never turned. None for I-frames."""

    bits: np.ndarray | None = None
    """[S, ceil(H/b), ceil(W/b)] int32: the length of each block of b x b pixels in the stream."""

    coefficients: np.ndarray | None = None
    """[S, ceil(H/b), ceil(W/b)] int32: its coded transform coefficients that are not 0."""

    bits_block: int = 0
    """b: 16 for macroblocks, 16 to 64 for HEVC's coding tree units, 0 without ``bits``."""
