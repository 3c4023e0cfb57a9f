"""What the reader computes per picture, in two implementations with equal results, bit for bit.

``numpy`` puts the functions of fields.py together. ``compiled`` is csrc/kernels*.c, an extension
that is built where there is a compiler. All of them write into arrays of the caller:

    FFmpeg's blocks or a parser -> cells -> accumulated field -> motion, residual  ('iframe')
                                         -> motion, residual                       ('previous')

What is said about the reference pictures (their pixels, distances, …) comes in sequences that the
slots of the cells index. A slot beyond their end is an error.

Motion is written as pixels into float32, as pixels truncated towards zero into int16, or as
CoViAR's bytes into uint8; residuals into int16, or as CoViAR's bytes into uint8.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import fields
from .cells import CELL, NO_PICTURE, NO_REFERENCE, MotionCells
from .fields import QUARTERS

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


_OTHERS = [None] * (NO_REFERENCE - 1)
"""References in all slots but the first."""


class NumpyKernels:
    """The readable implementation: the other one's oracle."""

    def cells(
        self, blocks: Buffer, *, height: int, width: int, past: int, future: int | None
    ) -> MotionCells:
        """Lay a picture's blocks out on the grid of cells.

        FFmpeg exports the list of a vector, not its reference: taken for the nearest pictures. If
        any part of a macroblock of H.264 uses a list, it exports (0, 0) for those that do not, too.
        They stay in: 16x8 with list 0 above, both below and (0, 0) in list 1 there gives the same
        records as with both above, so that none of them is certain to be invented.

        Args:
            blocks: FFmpeg's ``AVMotionVector`` records, as bytes.
            height, width: Frame size, pixels.
            past: Display index of the picture that list 0 is taken for: prediction 0, slot 0.
            future: The same for list 1, prediction 1, slot 1; None if there is none. Where no
                block is of list 1, ``pictures`` names the past one only.
        """
        records = np.frombuffer(blocks, BLOCK) if len(memoryview(blocks)) else np.zeros(0, BLOCK)
        pictures: tuple[int, ...] = (past,)
        if (records["source"] == 1).any():
            pictures = (past, NO_PICTURE if future is None else future)
        size = dict(height=height, width=width)
        laid_out = [fields.rasterise(records, source=source, **size) for source in (-1, 1)]
        used = np.stack([used for _, used in laid_out])
        slots = np.where(used, np.array([[[0]], [[1]]], np.uint8), np.uint8(NO_REFERENCE))
        return MotionCells(np.stack([vectors for vectors, _ in laid_out]), slots, pictures, CELL)

    def accumulate(
        self,
        out: np.ndarray,
        cells: MotionCells,
        *,
        start: np.ndarray,
        references: Sequence[np.ndarray | None],
        prefer: Sequence[bool],
        whole: bool,
    ) -> None:
        """Motion since the I-frame, given that of the references.

        Of a pixel's predictions one is followed: a preferred one, else one with a reference,
        prediction 0 before 1. Pixels without one, those whose preferred one has no reference, and
        those whose source lies outside the frame keep the value of ``start``.

        Args:
            out: [H, W, 2], of the type of ``start``.
            cells: The picture's vectors.
            start: [H, W, 2] int16 or int32, quarter pixels since the I-frame.
            references: The same for each reference picture; None: it says nothing about motion
                since this I-frame.
            prefer: Whether it is followed before others: it lies in the past.
            whole: CoViAR's whole pixels.
        """
        height, width = start.shape[:2]
        field = fields.densify(cells, height=height, width=width, whole=whole)
        ranks = [
            2 if preferred else int(reference is not None)
            for preferred, reference in zip(prefer, references, strict=True)
        ]
        out[...] = start
        chosen = fields.choose(fields.of_slots(field.slots, ranks, unused=0))
        for vectors, slots, where in zip(field.vectors, field.slots, chosen, strict=True):
            for slot, reference in enumerate(references):
                if reference is not None:
                    picked = where & (slots == slot)
                    fields.follow(out, motion=vectors, where=picked, reference=reference)

    def accumulate_run(
        self,
        out: np.ndarray,
        run: Sequence[MotionCells | Buffer],
        *,
        between: np.ndarray,
        start: np.ndarray,
        whole: bool,
    ) -> None:
        """The same for pictures, each of which continues only the one before it.

        That one is slot 0 of cells, and list 0 of blocks; predictions from others do not count.

        Args:
            out: [H, W, 2], of the type of ``start``: what the last of them has accumulated.
            run: The pictures' vectors, as cells or blocks.
            between: The same for the others; overwritten.
            start: What the picture before the first one has accumulated.
            whole: CoViAR's whole pixels.
        """
        height, width = start.shape[:2]
        for left, vectors in zip(reversed(range(len(run))), run, strict=True):
            if not isinstance(vectors, MotionCells):
                vectors = self.cells(vectors, height=height, width=width, past=0, future=None)
            target = between if left % 2 else out
            self.accumulate(
                target,
                vectors,
                start=start,
                references=[start, *_OTHERS],
                prefer=[True, *[False] * len(_OTHERS)],
                whole=whole,
            )
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
        distances: Sequence[float | None],
        whole: bool,
    ) -> None:
        """Write both predictions as one field; see :func:`fields.single_field`.

        Args:
            out: [H, W, 2] float32, int16 or uint8.
            cells: The picture's vectors.
            distances: Frames from each reference to the picture, negative if it is displayed
                later; ones leave vectors as coded. None: predictions from it do not count.
            whole: CoViAR's whole pixels.
        """
        field = fields.densify(cells, height=out.shape[0], width=out.shape[1], whole=whole)
        _write_motion(out, fields.single_field(field, distances))

    def cell_field(
        self, out: np.ndarray, cells: MotionCells, *, distances: Sequence[float | None]
    ) -> None:
        """Write :meth:`single_field` without painting it, one vector per cell.

        Args:
            out: [ceil(H/c), ceil(W/c), 2] float32, c being the picture's cell or half of it.
            cells: The picture's vectors.
            distances: As in :meth:`single_field`.
        """
        repeats = _repeats(out, cells)
        motion = fields.single_field(fields.MotionField(cells.vectors, cells.slots), distances)
        motion = motion.repeat(repeats, axis=0).repeat(repeats, axis=1)
        out[...] = motion[: out.shape[0], : out.shape[1]]

    def direction(
        self,
        out: np.ndarray,
        out_valid: np.ndarray,
        cells: MotionCells,
        *,
        chosen: Sequence[bool],
        whole: bool,
    ) -> None:
        """Write the vectors into some of the references as they are, and where there are any.

        Args:
            out: [H, W, 2] float32, int16 or uint8.
            out_valid: [H, W] bool.
            cells: The picture's vectors.
            chosen: Whether a reference picture counts. Of a cell's predictions the first such one
                is taken.
            whole: CoViAR's whole pixels.
        """
        height, width = out_valid.shape
        counts = fields.of_slots(cells.slots, chosen, unused=False)
        first, second = fields.choose(counts.astype(np.uint8))
        vectors = np.where(second[..., None], cells.vectors[1], cells.vectors[0])
        vectors = np.where((first | second)[..., None], vectors, np.int16(0))
        slots = np.where(first | second, np.uint8(0), np.uint8(NO_REFERENCE))
        one = MotionCells(vectors[None], slots[None], cells.pictures, cells.cell)
        field = fields.densify(one, height=height, width=width, whole=whole)
        _write_motion(out, field.vectors[0].astype(np.float32) / QUARTERS)
        out_valid[:] = field.slots[0] != NO_REFERENCE

    def accumulated_residual(
        self, out: np.ndarray, accumulated: np.ndarray, *, frame: np.ndarray, reference: np.ndarray
    ) -> None:
        """Write the frame minus its I-frame, warped along the accumulated motion.

        Args:
            out: [H, W, 3] int16 or uint8.
            accumulated: [H, W, 2], quarter pixels.
            frame, reference: [H, W, 3] uint8.
        """
        _write_residual(out, fields.residual(frame, fields.warp(reference, accumulated)))

    def field_residual(
        self,
        out: np.ndarray,
        cells: MotionCells,
        *,
        frame: np.ndarray,
        references: Sequence[np.ndarray | None],
        fallback: np.ndarray,
        whole: bool,
    ) -> None:
        """Write the frame minus its prediction; see :func:`fields.predict`.

        Args:
            out: [H, W, 3] int16 or uint8.
            cells: The picture's vectors.
            frame: [H, W, 3] uint8.
            references: The same for each reference picture; None: predictions from it do not
                count.
            fallback: The same: what pixels without a prediction are compared with, unmoved.
            whole: CoViAR's whole pixels.
        """
        field = fields.densify(cells, height=out.shape[0], width=out.shape[1], whole=whole)
        prediction = fields.predict(field, references, fallback=fallback)
        _write_residual(out, fields.residual(frame, prediction))

    def clear(self, out: np.ndarray) -> None:
        """Write zeros.

        Args:
            out: [H, W, C] float32, int16 or uint8.
        """
        out[...] = 0


class CompiledKernels(NumpyKernels):
    """The fast implementation; arguments are those of the readable one."""

    def cells(self, blocks, *, height, width, past, future):
        rows, columns = -(-height // CELL), -(-width // CELL)
        vectors = np.empty((2, rows, columns, 2), np.int16)
        slots = np.empty((2, rows, columns), np.uint8)
        pictures: tuple[int, ...] = (past,)
        if _kernels.rasterise(vectors, slots, blocks):
            pictures = (past, NO_PICTURE if future is None else future)
        return MotionCells(vectors, slots, pictures, CELL)

    def accumulate(self, out, cells, *, start, references, prefer, whole):
        _kernels.accumulate(out, start, whole, _arrays(cells), tuple(references), tuple(prefer))

    def accumulate_run(self, out, run, *, between, start, whole):
        run = [_arrays(v) if isinstance(v, MotionCells) else v for v in run]
        _kernels.accumulate_run(out, between, start, whole, tuple(run))

    def accumulated_motion(self, out, accumulated, *, divisor=1):
        _kernels.accumulated_motion(out, _BYTE_SCALE, accumulated, divisor)

    def single_field(self, out, cells, *, distances, whole):
        _kernels.single_field(out, _BYTE_SCALE, whole, _arrays(cells), tuple(distances))

    def cell_field(self, out, cells, *, distances):
        repeats = 1 if out.shape[:2] == cells.slots.shape[1:] else _repeats(out, cells)
        _kernels.cell_field(out, repeats, _arrays(cells), tuple(distances))

    def direction(self, out, out_valid, cells, *, chosen, whole):
        _kernels.direction(out, _BYTE_SCALE, out_valid, whole, _arrays(cells), tuple(chosen))

    def accumulated_residual(self, out, accumulated, *, frame, reference):
        _kernels.accumulated_residual(out, frame, reference, accumulated)

    def field_residual(self, out, cells, *, frame, references, fallback, whole):
        _kernels.field_residual(out, frame, whole, _arrays(cells), tuple(references), fallback)

    def clear(self, out):
        _kernels.clear(out)


def _arrays(cells: MotionCells) -> tuple[np.ndarray, np.ndarray, int]:
    """What the extension takes."""
    return cells.vectors, cells.slots, cells.cell


def _repeats(out: np.ndarray, cells: MotionCells) -> int:
    """How often a cell is repeated in each direction of a grid that may be finer."""
    (height, width), (rows, columns) = out.shape[:2], cells.slots.shape[1:]
    if (height, width) == (rows, columns):
        return 1
    if ((height + 1) // 2, (width + 1) // 2) == (rows, columns):
        return 2
    raise ValueError(
        f"out: {(height, width)} is neither the grid of cells, {(rows, columns)}, nor twice as fine"
    )


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
