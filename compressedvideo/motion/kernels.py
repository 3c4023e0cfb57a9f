"""What the reader computes per picture, in two implementations with equal results, bit for bit.

``numpy`` puts the functions of motion.py together. ``compiled`` is csrc/kernels.c, an extension
that is built where there is a compiler. All of them write into arrays of the caller:

    blocks of a picture -> cells -> accumulated field   -> motion, residual  (reference='iframe')
                                 -> motion, residual                         (reference='previous')

Motion is written as pixels into float32, as pixels truncated towards zero into int16, or as
CoViAR's bytes into uint8; residuals into int16, or as CoViAR's bytes into uint8.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import fields as motion
from .fields import QUARTERS, MotionCells, MotionField

try:
    from . import _kernels
except ImportError:  # built without a compiler
    _kernels = None  # type: ignore[assignment]

Buffer = Any
"""What gives bytes through the buffer protocol."""

BLOCK = np.dtype(
    [
        ("source", "i4"),
        ("w", "u1"),
        ("h", "u1"),
        ("src_x", "i2"),
        ("src_y", "i2"),
        ("dst_x", "i2"),
        ("dst_y", "i2"),
        ("flags", "u8"),
        ("motion_x", "i4"),
        ("motion_y", "i4"),
        ("motion_scale", "u2"),
    ],
    align=True,
)
"""FFmpeg's ``AVMotionVector``."""

BACKENDS = ("compiled", "numpy")
BYTE_BOUND = 20
"""Pixels of motion that reach the end of a byte's range."""


class NumpyKernels:
    """The readable implementation: the other one's oracle."""

    def cells(self, blocks: Buffer, *, height: int, width: int) -> MotionCells:
        """Lay a picture's blocks out on the grid of cells.

        Args:
            blocks: FFmpeg's ``AVMotionVector`` records, as bytes.
        """
        blocks = np.frombuffer(blocks, BLOCK) if len(memoryview(blocks)) else np.zeros(0, BLOCK)
        past, valid_past = motion.rasterise(blocks, source=-1, height=height, width=width)
        if not (blocks["source"] == 1).any():
            return MotionCells(past, valid_past)
        future, valid_future = motion.rasterise(blocks, source=1, height=height, width=width)
        return MotionCells(past, valid_past, future, valid_future)

    def accumulate(
        self,
        out: np.ndarray,
        cells: MotionCells,
        *,
        start: np.ndarray,
        past: np.ndarray | None,
        future: np.ndarray | None,
        whole: bool,
    ) -> None:
        """Motion since the I-frame, given that of the references.

        Past vectors are followed where they hold, future ones where only they do; pixels with
        neither, and those whose source lies outside the frame, keep the value of ``start``.

        Args:
            out: [H, W, 2], of the type of ``start``.
            cells: The picture's vectors.
            start: [H, W, 2] int16 or int32, quarter pixels since the I-frame.
            past, future: The same for the picture's references; None: one says nothing about
                motion since this I-frame.
            whole: CoViAR's whole pixels.
        """
        height, width = start.shape[:2]
        field = motion.densify(cells, height=height, width=width, whole=whole)
        out[...] = start
        if future is not None and field.future is not None and field.valid_future is not None:
            where = field.valid_future & ~field.valid_past
            motion.follow(out, motion=field.future, where=where, reference=future)
        if past is not None:
            motion.follow(out, motion=field.past, where=field.valid_past, reference=past)

    def accumulate_run(
        self,
        out: np.ndarray,
        run: Sequence[MotionCells | Buffer],
        *,
        between: np.ndarray,
        start: np.ndarray,
        whole: bool,
    ) -> None:
        """The same for pictures, each of which continues its past vectors only.

        Args:
            out: [H, W, 2], of the type of ``start``: what the last of them has accumulated.
            run: The pictures' vectors, as cells or blocks.
            between: The same for the others; overwritten.
            start: What the first one's reference has accumulated.
            whole: CoViAR's whole pixels.
        """
        height, width = start.shape[:2]
        for left, vectors in zip(reversed(range(len(run))), run, strict=True):
            if not isinstance(vectors, MotionCells):
                vectors = self.cells(vectors, height=height, width=width)
            target = between if left % 2 else out
            self.accumulate(target, vectors, start=start, past=start, future=None, whole=whole)
            start = target

    def accumulated_motion(
        self, out: np.ndarray, accumulated: np.ndarray, *, divisor: int = 1
    ) -> None:
        """Write an accumulated field, divided by a number of frames.

        Args:
            out: [H, W, 2] float32, int16 or uint8.
            accumulated: [H, W, 2], quarter pixels.
        """
        pixels = accumulated.astype(np.float32) / QUARTERS
        pixels /= divisor
        _write_motion(out, pixels)

    def single_field(
        self,
        out: np.ndarray,
        cells: MotionCells,
        *,
        past_distance: int,
        future_distance: int,
        whole: bool,
    ) -> None:
        """Write both directions as one field; see :func:`motion.single_field`."""
        field = motion.densify(cells, height=out.shape[0], width=out.shape[1], whole=whole)
        pixels = motion.single_field(
            field, past_distance=past_distance, future_distance=future_distance
        )
        _write_motion(out, pixels)

    def cell_field(
        self, out: np.ndarray, cells: MotionCells, *, past_distance: int, future_distance: int
    ) -> None:
        """Write :meth:`single_field` without painting it.

        Args:
            out: [ceil(H/8), ceil(W/8), 2] float32.
            cells: The picture's vectors.
            past_distance, future_distance: Frames from the references to the picture.
        """
        out[:] = motion.single_field(
            MotionField(cells.past, cells.valid_past, cells.future, cells.valid_future),
            past_distance=past_distance,
            future_distance=future_distance,
        )

    def direction(
        self,
        out: np.ndarray,
        out_valid: np.ndarray,
        *,
        vectors: np.ndarray,
        valid: np.ndarray,
        whole: bool,
    ) -> None:
        """Write the vectors of one direction of cells as they are, and where they hold.

        Args:
            out: [H, W, 2] float32, int16 or uint8.
            out_valid: [H, W] bool.
        """
        height, width = out_valid.shape
        field = motion.densify(MotionCells(vectors, valid), height=height, width=width, whole=whole)
        _write_motion(out, field.past.astype(np.float32) / QUARTERS)
        out_valid[:] = field.valid_past

    def accumulated_residual(
        self, out: np.ndarray, accumulated: np.ndarray, *, frame: np.ndarray, reference: np.ndarray
    ) -> None:
        """Write the frame minus its I-frame, warped along the accumulated motion.

        Args:
            out: [H, W, 3] int16 or uint8.
            accumulated: [H, W, 2], quarter pixels.
            frame, reference: [H, W, 3] uint8.
        """
        _write_residual(out, motion.residual(frame, motion.warp(reference, accumulated)))

    def field_residual(
        self,
        out: np.ndarray,
        cells: MotionCells,
        *,
        frame: np.ndarray,
        past: np.ndarray,
        future: np.ndarray | None,
        whole: bool,
    ) -> None:
        """Write the frame minus its prediction from one or two references.

        Args:
            out: [H, W, 3] int16 or uint8.
            cells: The picture's vectors.
            frame, past, future: [H, W, 3] uint8; ``future`` may be None, and then future vectors
                do not count.
        """
        field = motion.densify(cells, height=out.shape[0], width=out.shape[1], whole=whole)
        prediction = motion.warp(past, field.past)
        if future is not None and field.future is not None and field.valid_future is not None:
            prediction = motion.average(
                prediction,
                motion.warp(future, field.future),
                valid_past=field.valid_past,
                valid_future=field.valid_future,
            )
        _write_residual(out, motion.residual(frame, prediction))

    def clear(self, out: np.ndarray) -> None:
        """Write zeros.

        Args:
            out: [H, W, C] float32, int16 or uint8.
        """
        out[...] = 0


class CompiledKernels(NumpyKernels):
    """The fast implementation; arguments are those of the readable one."""

    def cells(self, blocks, *, height, width):
        rows, columns = -(-height // motion.CELL), -(-width // motion.CELL)
        past = np.empty((rows, columns, 2), np.int16)
        valid_past = np.empty((rows, columns), bool)
        if not _kernels.rasterise(past, valid_past, blocks, -1):
            return MotionCells(past, valid_past)
        future, valid_future = np.empty_like(past), np.empty_like(valid_past)
        _kernels.rasterise(future, valid_future, blocks, 1)
        return MotionCells(past, valid_past, future, valid_future)

    def accumulate(self, out, cells, *, start, past, future, whole):
        _kernels.accumulate(
            out,
            start,
            whole,
            cells.past,
            cells.valid_past,
            past,
            cells.future,
            cells.valid_future,
            future,
        )

    def accumulate_run(self, out, run, *, between, start, whole):
        if any(isinstance(vectors, MotionCells) for vectors in run):
            super().accumulate_run(out, run, between=between, start=start, whole=whole)
        else:
            _kernels.accumulate_run(out, between, start, whole, tuple(run))

    def accumulated_motion(self, out, accumulated, *, divisor=1):
        _kernels.accumulated_motion(out, _BYTE_SCALE, accumulated, divisor)

    def single_field(self, out, cells, *, past_distance, future_distance, whole):
        _kernels.single_field(
            out,
            _BYTE_SCALE,
            whole,
            cells.past,
            cells.valid_past,
            past_distance,
            cells.future,
            cells.valid_future,
            future_distance,
        )

    def cell_field(self, out, cells, *, past_distance, future_distance):
        _kernels.cell_field(
            out,
            cells.past,
            cells.valid_past,
            past_distance,
            cells.future,
            cells.valid_future,
            future_distance,
        )

    def direction(self, out, out_valid, *, vectors, valid, whole):
        _kernels.direction(out, _BYTE_SCALE, out_valid, whole, vectors, valid)

    def accumulated_residual(self, out, accumulated, *, frame, reference):
        _kernels.accumulated_residual(out, frame, reference, accumulated)

    def field_residual(self, out, cells, *, frame, past, future, whole):
        has_future = future is not None
        _kernels.field_residual(
            out,
            frame,
            whole,
            cells.past,
            cells.valid_past,
            past,
            cells.future if has_future else None,
            cells.valid_future if has_future else None,
            future,
        )

    def clear(self, out):
        _kernels.clear(out)


_BYTE_SCALE = 127.5 / BYTE_BOUND


def _write_motion(out: np.ndarray, pixels: np.ndarray) -> None:
    if out.dtype == np.uint8:
        pixels = np.clip(np.trunc(pixels * _BYTE_SCALE) + 128, 0, 255)
    out[...] = pixels  # int16: truncated towards zero


def _write_residual(out: np.ndarray, residual: np.ndarray) -> None:
    out[...] = np.clip(residual + 128, 0, 255) if out.dtype == np.uint8 else residual


# -- which one runs

_current: NumpyKernels


def kernels() -> NumpyKernels:
    """The implementation that runs."""
    return _current


def backend() -> str:
    """Which implementation of the kernels runs: ``'compiled'`` or ``'numpy'``."""
    return "compiled" if isinstance(_current, CompiledKernels) else "numpy"


def set_backend(name: str) -> None:
    """Choose the implementation that videos opened from now on use.

    Raises:
        ValueError: for another name than ``'compiled'`` and ``'numpy'``.
        ImportError: for ``'compiled'`` where the extension was not built.
    """
    global _current
    if name not in BACKENDS:
        raise ValueError(f"backend {name!r} is not one of {', '.join(map(repr, BACKENDS))}")
    if name == "compiled" and _kernels is None:
        raise ImportError(
            "compressedvideo.motion._kernels was not built: it needs a C compiler when "
            "mmcondense is installed"
        )
    _current = CompiledKernels() if name == "compiled" else NumpyKernels()


def _choose() -> None:
    wish = os.environ.get("MMCONDENSE_BACKEND", "")
    if wish or _kernels is not None:
        set_backend(wish or "compiled")
        return
    set_backend("numpy")
    logging.getLogger(__name__).warning(
        "The compiled kernels were not built (no C compiler at installation?): reading motion and "
        "residuals with numpy, several times slower. MMCONDENSE_BACKEND=numpy silences this."
    )


_choose()
