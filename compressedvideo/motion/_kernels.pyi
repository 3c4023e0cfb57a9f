"""Types of csrc/kernels_module.c; kernels.py documents what each function does."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

Cells = tuple[Array, Array, int]
"""Vectors, slots and the size of a cell, as in MotionCells."""

def rasterise(vectors: Array, slots: Array, blocks: Any, /) -> bool: ...
def accumulate(
    out: Array,
    start: Array,
    whole: bool,
    cells: Cells,
    references: tuple[Array | None, ...],
    prefer: tuple[bool, ...],
    /,
) -> None: ...
def accumulate_run(
    out: Array, between: Array, start: Array, whole: bool, run: tuple[Any, ...], /
) -> None: ...
def accumulated_motion(out: Array, scale: float, accumulated: Array, divisor: int, /) -> None: ...
def single_field(
    out: Array, scale: float, whole: bool, cells: Cells, distances: tuple[float | None, ...], /
) -> None: ...
def cell_field(
    out: Array, repeats: int, cells: Cells, distances: tuple[float | None, ...], /
) -> None: ...
def direction(
    out: Array,
    scale: float,
    out_valid: Array,
    whole: bool,
    cells: Cells,
    chosen: tuple[bool, ...],
    /,
) -> None: ...
def accumulated_residual(
    out: Array, frame: Array, reference: Array, accumulated: Array, /
) -> None: ...
def field_residual(
    out: Array,
    frame: Array,
    whole: bool,
    cells: Cells,
    references: tuple[Array | None, ...],
    fallback: Array,
    /,
) -> None: ...
def clear(out: Array, /) -> None: ...
