"""A key picture's packet in, the headers that later pictures rest on out.

Streams without an end repeat them, and may change them: size, depth, number of references.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .nal_units import length_size, nal_units

_NAL_TYPES = {"h264": ((7,), (7, 8)), "hevc": ((32, 33), (32, 33, 34))}
"""Of the sets that belong to a whole sequence, and of all of them."""

_SEQUENCE = {
    "mpeg4": (re.compile(rb"\x00\x00\x01[\xb0\x00-\x2f]"), re.compile(rb"\x00\x00\x01[\xb3\xb6]")),
    **dict.fromkeys(
        ("mpeg1video", "mpeg2video"),
        (re.compile(rb"\x00\x00\x01\xb3"), re.compile(rb"\x00\x00\x01[\x00\xb8]")),
    ),
}
"""Where the headers begin, and what comes behind them."""

_MPEG_FORMAT = 8
"""Bytes of an MPEG-1/2 sequence header that say more than the bit rate: code, size, rates."""


@dataclass(frozen=True)
class ParameterSets:
    """What a packet says of the sequence that begins with it."""

    sequence: bytes
    """What no two pictures of one video differ in."""

    headers: bytes
    """All of them, with start codes, as decoders take them for global headers."""


def parameter_sets(codec: str, extradata: bytes, packet: bytes) -> ParameterSets | None:
    """The headers in a packet.

    Args:
        codec: FFmpeg's name.
        extradata: The container's global headers: they tell how NAL units are framed.
        packet: A key picture's.

    Returns:
        None where it has none, or the codec repeats them in each key picture's own header.
    """
    if codec in _NAL_TYPES:
        return _of_nal_units(codec, extradata, packet)
    if codec in _SEQUENCE:
        begins, ends = _SEQUENCE[codec]
        begin = begins.search(packet)
        end = ends.search(packet)
        if begin is None or end is None or begin.start() >= end.start():
            return None
        headers = packet[begin.start() : end.start()]
        return ParameterSets(headers if codec == "mpeg4" else headers[:_MPEG_FORMAT], headers)
    return None


def _of_nal_units(codec: str, extradata: bytes, packet: bytes) -> ParameterSets | None:
    shift, mask = (0, 31) if codec == "h264" else (1, 63)
    of_sequence, of_all = _NAL_TYPES[codec]
    sequence, headers = [], []
    for _, start, stop in nal_units(packet, length_size(codec, extradata)):
        kind = packet[start] >> shift & mask
        if kind in of_all:
            unit = packet[start:stop].rstrip(b"\0")  # of a longer start code behind it
            headers.append(b"\0\x00\x00\x01" + unit)
            if kind in of_sequence:
                sequence.append(unit)
    return ParameterSets(b"".join(sequence), b"".join(headers)) if sequence else None
