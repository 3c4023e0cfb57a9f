"""Types of csrc/colours_module.c."""

from typing import Any

from numpy.typing import NDArray

def yuv420_to_rgb(
    out: NDArray[Any], y: Any, y_stride: int, u: Any, u_stride: int, v: Any, v_stride: int, /
) -> bool: ...
