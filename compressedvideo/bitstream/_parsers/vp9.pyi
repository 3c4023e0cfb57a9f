"""The compiled half of vp9.py: csrc/vp9*.c."""

from collections.abc import Sequence
from typing import Any

OK: int
INEXACT_END: int
SCALED: int
NO_KEY_FRAME: int
FIRST_UNSUPPORTED: int

def message(status: int, /) -> str: ...
def tables() -> dict[str, bytes]: ...

class Parser:
    def __init__(self, extradata: bytes = ...) -> None: ...
    def headers(self, packets: Sequence[Any], /) -> tuple[bytes, bytes]: ...
    def parse(
        self, packets: Sequence[Any], needed: bytes, wanted: bytes, costs: bool, /
    ) -> list[
        tuple[
            int,  # picture
            int,  # status
            int,  # bit
            int,  # cell
            int,  # height
            int,  # width
            tuple[int, ...],  # pictures
            bytes | None,  # vectors
            bytes | None,  # slots
            tuple[int, bytes, bytes] | None,  # costs
        ]
    ]: ...
    def stills(self) -> list[tuple[int, int, float]]:
        """Per shown picture parsed since the last call and hidden picture it refers to: their
        numbers and the share of its area that stands still."""
    def reset(self) -> None: ...
