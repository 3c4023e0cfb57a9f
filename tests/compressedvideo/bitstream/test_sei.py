"""Messages of H.264 and HEVC, written by hand."""

from __future__ import annotations

import pytest

from compressedvideo.bitstream.sei import has_display_orientation, old_x264_message

AVCC = b"\x01\x64\x00\x1f\xff\xe1"
HVCC = b"\x01" + bytes(20) + b"\x03"
START = b"\x00\x00\x01"
ORIENTATION = bytes([47, 3, 0x12, 0x34, 0x56])  # type, size, payload
OTHER = bytes([5, 2, 7, 7])
LONG = bytes([0xFF, 1, 0xFF, 2]) + bytes([9]) * 257  # type 256, 257 bytes
LAST = b"\x80"
SLICE = {"h264": b"\x65\x88\x84", "hevc": b"\x26\x01\xaf"}
SEI = {"h264": b"\x06", "hevc": b"\x4e\x01"}


def units(codec: str, framed: bool, *payloads: bytes) -> tuple[bytes, bytes]:
    """Global headers, and a packet with the units."""
    if framed:
        headers = AVCC if codec == "h264" else HVCC
        return headers, b"".join(len(unit).to_bytes(4, "big") + unit for unit in payloads)
    return b"\x00\x00\x00\x01\x67", b"".join(START + unit for unit in payloads)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (ORIENTATION + LAST, True),
        (OTHER + ORIENTATION + LAST, True),
        (LONG + ORIENTATION + LAST, True),
        (bytes([128, 1, 0]) + ORIENTATION + LAST, True),  # type 128 is no stop bit
        (ORIENTATION + LAST + bytes(3), True),  # zeros may follow
        (OTHER + LAST, False),
        (bytes([5, 47, *[47] * 47]) + LAST, False),  # its number within another's payload
        (LONG + LAST, False),
        (LAST, False),
        (b"\xff\xff", False),
        (bytes([5, 200, 1]), False),  # longer than the unit
    ],
)
def test_display_orientation(codec, framed, messages, expected):
    headers, packet = units(codec, framed, SEI[codec] + messages, SLICE[codec])
    assert has_display_orientation(codec, headers, packet) == expected


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("framed", [True, False])
def test_what_stands_behind_a_slice_is_another_pictures(codec, framed):
    headers, packet = units(codec, framed, SLICE[codec], SEI[codec] + ORIENTATION + LAST)
    assert not has_display_orientation(codec, headers, packet)


def test_escaped_bytes_do_not_count():
    payload = bytes([5, 6, 0, 0, 3, 1, 1, 1, 1])  # 00 00 03 01: six bytes without the 03
    headers, packet = units("h264", True, SEI["h264"] + payload + ORIENTATION + LAST)
    assert has_display_orientation("h264", headers, packet)


@pytest.mark.parametrize("packet", [b"", b"\x00", b"\x00\x00\x00\x09", START, b"\xff" * 9])
def test_damaged_packets_have_none(packet):
    for codec, headers in (("h264", AVCC), ("h264", b""), ("hevc", HVCC), ("hevc", b"")):
        assert not has_display_orientation(codec, headers, packet)
    assert old_x264_message(AVCC, packet) == old_x264_message(b"", packet) == b""


def test_other_codecs_have_none():
    headers, packet = units("h264", True, SEI["h264"] + ORIENTATION + LAST)
    assert not has_display_orientation("mpeg4", headers, packet)


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize(("core", "is_old"), [(44, True), (150, True), (151, False), (165, False)])
def test_the_message_of_an_old_x264(framed, core, is_old):
    text = b"\x05\x40" + bytes(range(1, 17)) + b"x264 - core %d - H.264/MPEG-4 AVC codec" % core
    headers, before = units("h264", framed, b"\x67\x64")
    _, message = units("h264", framed, SEI["h264"] + text + LAST)
    _, after = units("h264", framed, SLICE["h264"])
    found = old_x264_message(headers, before + message + after)
    assert found == (message if is_old else b"")
