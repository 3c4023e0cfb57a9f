"""A picture of H.264 or HEVC in, what its messages (SEI) say to decoders and displays out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .nal_units import length_size, nal_units

_DISPLAY_ORIENTATION = 47
"""payloadType in both standards (H.264 D.1.27, HEVC D.2.17)."""

_X264 = re.compile(rb"x264 - core (\d+)")

_FIRST_SOUND_CORE = 151
"""Before it x264 wrote 8x8 blocks of 4:4:4 in a way of its own."""


def has_display_orientation(codec: str, extradata: bytes, packet: bytes) -> bool:
    """Whether a display orientation message stands before a picture.

    Args:
        codec: ``'h264'`` or ``'hevc'``; pictures of others have no such messages.
        extradata: The container's global headers: they tell how NAL units are framed.
        packet: The picture.
    """
    header = {"h264": 1, "hevc": 2}.get(codec, 0)
    return any(
        _DISPLAY_ORIENTATION in _payload_types(packet[start + header : stop])
        for _, start, stop in _messages(codec, extradata, packet)
    )


def old_x264_message(extradata: bytes, packet: bytes) -> bytes:
    """The message of a stream's first H.264 picture that an old x264 wrote it.

    Decoders must know it to decode 4:4:4, wherever they start.

    Args:
        extradata: The container's global headers: they tell how NAL units are framed.
        packet: The picture.

    Returns:
        The NAL unit, framed as in the packet; nothing if another encoder or a newer one wrote it.
    """
    for begin, start, stop in _messages("h264", extradata, packet):
        core = _X264.search(packet, start, stop)
        if core and int(core[1]) < _FIRST_SOUND_CORE:
            return packet[begin:stop]
    return b""


def _messages(codec: str, extradata: bytes, packet: bytes) -> Iterator[tuple[int, int, int]]:
    """The units of messages before the first slice: with their framing, without, and their ends."""
    if codec == "h264":
        shift, mask, sei, slices = 0, 31, 6, range(1, 6)
    elif codec == "hevc":
        shift, mask, sei, slices = 1, 63, 39, range(0, 32)
    else:
        return
    for begin, start, stop in nal_units(packet, length_size(codec, extradata)):
        kind = packet[start] >> shift & mask
        if kind in slices:
            return
        if kind == sei:
            yield begin, start, stop


def _payload_types(messages: bytes) -> Iterator[int]:
    """Types of the messages of one unit."""
    messages = messages.replace(b"\x00\x00\x03", b"\x00\x00").rstrip(b"\x00")
    end = len(messages) - 1  # the last byte is the stop bit
    at = 0
    while at < end:
        numbers = []
        for _ in range(2):  # type, size
            number = 0
            while at < end and messages[at] == 0xFF:
                number, at = number + 255, at + 1
            if at >= end:
                return
            numbers.append(number + messages[at])
            at += 1
        yield numbers[0]
        at += numbers[1]
