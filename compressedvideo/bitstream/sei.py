"""A picture of H.264 or HEVC in, whether its messages (SEI) say how to display it out."""

from __future__ import annotations

from collections.abc import Iterator

_DISPLAY_ORIENTATION = 47
"""payloadType in both standards (H.264 D.1.27, HEVC D.2.17)."""

_START_CODE = b"\x00\x00\x01"


def has_display_orientation(codec: str, extradata: bytes, packet: bytes) -> bool:
    """Whether a display orientation message stands before a picture.

    Args:
        codec: ``'h264'`` or ``'hevc'``; pictures of others have no such messages.
        extradata: The container's global headers: they tell how NAL units are framed.
        packet: The picture.
    """
    if codec == "h264":
        length_size = (extradata[4] & 3) + 1 if len(extradata) > 4 and extradata[0] == 1 else 0
        header, sei, types = 1, (6,), lambda first: first & 31
        slices = range(1, 6)
    elif codec == "hevc":
        length_size = (extradata[21] & 3) + 1 if len(extradata) > 21 and extradata[0] else 0
        header, sei, types = 2, (39,), lambda first: first >> 1 & 63
        slices = range(0, 32)
    else:
        return False
    for unit in _units(packet, length_size):
        if len(unit) <= header:
            continue
        kind = types(unit[0])
        if kind in slices:
            return False
        if kind in sei and _DISPLAY_ORIENTATION in _payload_types(unit[header:]):
            return True
    return False


def _units(data: bytes, length_size: int) -> Iterator[bytes]:
    """NAL units, up to the first few hundred bytes of each."""
    at = 0
    if length_size:
        while at + length_size < len(data):
            size = int.from_bytes(data[at : at + length_size], "big")
            at += length_size
            yield data[at : at + min(size, 1024)]
            at += size
        return
    at = data.find(_START_CODE)
    while at >= 0:
        following = data.find(_START_CODE, at + 3)
        yield data[at + 3 : following if following >= 0 else at + 1027]
        at = following


def _payload_types(messages: bytes) -> Iterator[int]:
    """Types of the messages of one unit."""
    messages = messages.replace(b"\x00\x00\x03", b"\x00\x00")
    at = 0
    while at + 1 < len(messages) and messages[at] != 0x80:
        numbers = []
        for _ in range(2):  # type, size
            number = 0
            while at < len(messages) and messages[at] == 0xFF:
                number, at = number + 255, at + 1
            if at >= len(messages):
                return
            numbers.append(number + messages[at])
            at += 1
        yield numbers[0]
        at += numbers[1]
