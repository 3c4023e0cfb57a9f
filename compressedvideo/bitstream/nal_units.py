"""Packets of H.264 or HEVC in, their NAL units out."""

from __future__ import annotations

from collections.abc import Iterator

_START_CODE = b"\x00\x00\x01"


def length_size(codec: str, extradata: bytes) -> int:
    """Bytes of the length before each unit; 0 where start codes stand between them.

    Args:
        codec: ``'h264'`` or ``'hevc'``.
        extradata: The container's global headers: they tell how NAL units are framed.
    """
    if codec == "h264":
        return (extradata[4] & 3) + 1 if len(extradata) > 4 and extradata[0] == 1 else 0
    return (extradata[21] & 3) + 1 if len(extradata) > 21 and extradata[0] else 0


def nal_units(data: bytes, length_size: int) -> Iterator[tuple[int, int, int]]:
    """NAL units that are not empty: where their framing begins, they start, and end."""
    at = 0
    if length_size:
        while at + length_size < len(data):
            start = at + length_size
            stop = min(start + int.from_bytes(data[at:start], "big"), len(data))
            if start < stop:
                yield at, start, stop
            at = stop
        return
    at = data.find(_START_CODE)
    while 0 <= at < len(data) - 3:
        following = data.find(_START_CODE, at + 3)
        stop = following if following >= 0 else len(data)
        if at + 3 < stop:
            yield at, at + 3, stop
        at = following
