"""Headers of a sequence, out of packets put together by hand."""

from __future__ import annotations

from compressedvideo.bitstream.parameter_sets import parameter_sets

SPS, PPS, IDR = b"\x67\x64\x00\x0a\xac", b"\x68\xee\x82", b"\x65\x88\x80"
VPS_HEVC, SPS_HEVC, PPS_HEVC = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1"
START, LONG_START = b"\0\0\1", b"\0\0\0\1"


def test_h264_with_start_codes() -> None:
    packet = LONG_START + b"\x09\xf0" + LONG_START + SPS + LONG_START + PPS + START + IDR
    found = parameter_sets("h264", b"", packet)
    assert found is not None
    assert found.sequence == SPS  # without the zero of the longer code behind it
    assert found.headers == LONG_START + SPS + LONG_START + PPS
    assert parameter_sets("h264", b"", START + IDR) is None


def test_h264_with_lengths() -> None:
    extradata = b"\x01\x64\x00\x0a\xff"  # lengths of 4 bytes
    packet = b"".join(len(unit).to_bytes(4, "big") + unit for unit in (SPS, PPS, IDR))
    found = parameter_sets("h264", extradata, packet)
    assert found is not None
    assert found.sequence == SPS


def test_hevc() -> None:
    packet = b"".join(START + unit for unit in (VPS_HEVC, SPS_HEVC, PPS_HEVC, b"\x26\x01\xaf"))
    found = parameter_sets("hevc", b"", packet)
    assert found is not None
    assert found.sequence == VPS_HEVC + SPS_HEVC
    assert found.headers.count(LONG_START) == 3


def test_mpeg4_and_mpeg2() -> None:
    headers = START + b"\xb0\x01" + START + b"\x00" + START + b"\x20\xc4\x88"
    found = parameter_sets("mpeg4", b"", headers + START + b"\xb6\x10")
    assert found is not None
    assert found.sequence == found.headers == headers
    assert parameter_sets("mpeg4", b"", START + b"\xb6" + headers) is None
    sequence = START + b"\xb3\x16\x01\x20\x13" + b"\xff\xff\xe0\x18"
    found = parameter_sets("mpeg2video", b"", sequence + START + b"\xb8\x00" + START + b"\x00\x00")
    assert found is not None
    assert found.sequence == sequence[:8]  # whatever its bit rate
    assert found.headers == sequence


def test_codecs_that_repeat_them_in_each_key_picture() -> None:
    assert parameter_sets("vp9", b"", b"\x82\x49\x83\x42") is None
