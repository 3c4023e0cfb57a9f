"""The compiled half of hevc.py: csrc/hevc*.c."""

from typing import Any

OK: int
INEXACT_END: int
NO_KEY: int
SKIPPED_LEADING: int
NO_COLOCATED: int
FIRST_UNSUPPORTED: int

def message(status: int, /) -> str: ...

class Parser:
    def __init__(self, extradata: bytes) -> None:
        """hvcC, or parameter sets behind start codes, or nothing."""
    def headers(self, packets: list[Any], /) -> tuple[bytes, bytes]:
        """Records and references (csrc/record.h, record.py) of the packets' pictures, going on
        where the last call ended."""
    def reset(self) -> None:
        """Forget the pictures and count anew; parameter sets stay."""
