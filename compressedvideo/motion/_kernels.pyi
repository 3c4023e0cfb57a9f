"""Types of csrc/kernels_module.c; kernels.py documents what each function does."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

def rasterise(vectors: Array, valid: Array, blocks: Any, source: int, /) -> bool: ...
def accumulate(
    out: Array,
    start: Array,
    whole: bool,
    past: Array,
    valid_past: Array,
    past_reference: Array | None,
    future: Array | None,
    valid_future: Array | None,
    future_reference: Array | None,
    /,
) -> None: ...
def accumulate_run(
    out: Array, between: Array, start: Array, whole: bool, run: tuple[Any, ...], /
) -> None: ...
def accumulated_motion(out: Array, scale: float, accumulated: Array, divisor: int, /) -> None: ...
def single_field(
    out: Array,
    scale: float,
    whole: bool,
    past: Array,
    valid_past: Array,
    past_distance: int,
    future: Array | None,
    valid_future: Array | None,
    future_distance: int,
    /,
) -> None: ...
def cell_field(
    out: Array,
    past: Array,
    valid_past: Array,
    past_distance: int,
    future: Array | None,
    valid_future: Array | None,
    future_distance: int,
    /,
) -> None: ...
def direction(
    out: Array, scale: float, out_valid: Array, whole: bool, vectors: Array, valid: Array, /
) -> None: ...
def accumulated_residual(
    out: Array, frame: Array, reference: Array, accumulated: Array, /
) -> None: ...
def field_residual(
    out: Array,
    frame: Array,
    whole: bool,
    past: Array,
    valid_past: Array,
    past_reference: Array,
    future: Array | None,
    valid_future: Array | None,
    future_reference: Array | None,
    /,
) -> None: ...
def clear(out: Array, /) -> None: ...
def yuv420_to_rgb(
    out: Array, y: Any, y_stride: int, u: Any, u_stride: int, v: Any, v_stride: int, /
) -> bool: ...
