"""The compiled half of mpeg4.py: csrc/mpeg4*.c."""

from typing import Any

OK: int
INEXACT_END: int
NO_ANCHORS: int
FIRST_UNSUPPORTED: int

def message(status: int, /) -> str: ...

class Parser:
    def __init__(self, skip_i_vops: bool = ...) -> None: ...
    def parse(
        self, data: Any, /
    ) -> list[tuple[str, bool, int, int, int, int, int, bool, bytes | None]]:
        """Per VOP: type, coded, ticks, status, error bit, height, width, quarter_sample, memory."""
    def parse_run(
        self, packets: list, wanted: list[bool], height: int, width: int, with_costs: bool, /
    ) -> tuple[bytearray, bytes, list[tuple[int, int | None, int, int]]]:
        """Memory of the wanted VOPs and their types; per problem the number of the packet, the
        status or None, height and width. The memory holds, of all VOPs in a row: vectors (int16
        [direction][cell][2]), with costs bits (uint32 [macroblock]) and coefficients (uint16), and
        the anchors that vectors point into (uint8 [direction][cell]): 0 past, 1 future, 255 none.
        """
    def reset(self) -> None: ...
    def layer(self) -> tuple[int, int, int, int]:
        """Status, height, width, ticks per second."""

class HeaderParser:
    """Picture headers: csrc/headers_mpeg4.c."""

    def __init__(self, extradata: Any = ..., width: int = ..., height: int = ...) -> None: ...
    def headers(self, packets: Any, /) -> tuple[bytes, bytes]: ...
    def reset(self) -> None: ...
