"""The compiled half of h264.py: csrc/h264*.c."""

from typing import Any

OK: int
NO_COLOCATED: int
FIRST_UNSUPPORTED: int

def message(status: int, /) -> str: ...

class Parser:
    def __init__(self, extradata: Any) -> None: ...
    def headers(self, packets: list, /) -> tuple[bytes, bytes]:
        """Records (record.py) of the packets' pictures, and the pictures they refer to, int32."""
    def parse(
        self, packets: list, needed: bytes, wanted: bytes, costs: bool, /
    ) -> list[tuple[int, int, int, int, int, int, Any, Any, Any, Any]]:
        """Per coded picture of the wanted packets: number, status, bit where that was found, cell
        size, height, width; numbers of the pictures that slots name, vectors (int16
        [2][rows][columns][2]), slots (uint8 [2][rows][columns]), and with costs block size, bits
        (uint32 [brows][bcolumns]), coefficients (uint16), qp (int8), types (uint8). The last four
        are None if the status is not OK, the very last one without costs."""
    def reset(self) -> None: ...
