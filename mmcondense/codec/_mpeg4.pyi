"""The compiled half of mpeg4.py: csrc/mpeg4*.c."""

from typing import Any

OK: int
NO_ANCHORS: int
FIRST_UNSUPPORTED: int

def message(status: int, /) -> str: ...
def coded_vops(packet: Any, time_bits: int, is_last: bool, /) -> list[tuple[str, int, int]]: ...
def cells(
    memory: bytes,
    height: int,
    width: int,
    scale: int,
    past: Any,
    valid_past: Any,
    future: Any,
    valid_future: Any,
    /,
) -> None: ...

class Parser:
    def __init__(self, skip_i_vops: bool = ...) -> None: ...
    def parse(
        self, data: Any, /
    ) -> list[tuple[str, bool, int, int, int, int, int, bool, bytes | None]]:
        """Per VOP: type, coded, ticks, status, error bit, height, width, quarter_sample, memory."""
    def reset(self) -> None: ...
    def layer(self) -> tuple[int, int, int, int]:
        """Status, height, width, ticks per second."""
