"""The compiled half of h264.py: csrc/h264*.c."""

from typing import Any

OK: int
FIRST_UNSUPPORTED: int

def message(status: int, /) -> str: ...

class Parser:
    def __init__(self, extradata: Any) -> None: ...
    def headers(self, packets: list, /) -> tuple[bytes, bytes]:
        """Records (record.py) of the packets' pictures, and the pictures they refer to, int32."""
    def reset(self) -> None: ...
