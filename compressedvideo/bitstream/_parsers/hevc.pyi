"""The compiled half of hevc.py: csrc/hevc*.c."""

from typing import Any, TypeAlias

OK: int
INEXACT_END: int
NO_KEY: int
SKIPPED_LEADING: int
NO_COLOCATED: int
FIRST_UNSUPPORTED: int

Costs: TypeAlias = tuple[int, bytes, bytes, bytes]
"""Size of a coding tree unit in pixels; of each unit its bits (uint32), the coefficients that are
not 0 (uint16) and the sum of their absolute levels (uint32)."""

Picture: TypeAlias = tuple[
    int, int, int, int, int, int, tuple[int, ...], bytes | None, bytes | None, Costs | None
]

def message(status: int, /) -> str: ...

class Parser:
    def __init__(self, extradata: bytes) -> None:
        """hvcC, or parameter sets behind start codes, or nothing."""
    def headers(self, packets: list[Any], /) -> tuple[bytes, bytes]:
        """Records and references (csrc/record.h, record.py) of the packets' pictures, going on
        where the last call ended."""
    def parse(
        self, packets: list[Any], needed: bytes, wanted: bytes, costs: bool, /
    ) -> list[Picture]:
        """Of each wanted packet's pictures the number, status, bit of the error, size of a cell,
        height and width of the frame, numbers of the pictures that slots name, vectors (int16
        [2][rows][columns][2]), slots (uint8 [2][rows][columns]), costs. Needed ones are only
        parsed, of all others the headers alone are read. An error leaves vectors and slots None,
        and its picture cannot be the collocated one of others."""
    def reset(self) -> None:
        """Forget the pictures and count anew; parameter sets stay."""
