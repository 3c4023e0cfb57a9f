"""Mutated packets through the header parsers, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_PACKETS=1000000 python -m pytest tests/compressedvideo -k headers_fuzz
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compressedvideo.bitstream.header_streams import encode, read_stream
from tests.compressedvideo.bitstream.sanitized import build_target, drive, write_input

NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_PACKETS", "20000"))

SLOWEST_MICROSECONDS = 1_000_000  # it ends, however busy the machine
STREAMS = {
    "mpeg4": ("mpeg4", "avi", {"bf": "2", "flags": "+ildct+ilme"}),
    "mpeg12": ("mpeg2video", "mkv", {"bf": "2"}),
    "h263": ("h263p", "avi", {}),
    "h263i": ("h263p", "avi", {}),
    "flv1": ("flv", "flv", {}),
    "msmpeg4v1": ("msmpeg4v2", "avi", {}),
    "msmpeg4": ("msmpeg4", "avi", {}),
    "wmv2": ("wmv2", "avi", {}),
    "ffv1": ("ffv1", "mkv", {}),
    "intra": ("mjpeg", "avi", {}),
}
"""In the order of ``fuzz/headers_target.c``."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_target("headers", tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("codec", STREAMS)
def test_mutated_packets_are_harmless(target, tmp_path, codec):
    encoder, suffix, options = STREAMS[codec]
    pixels = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
    path = encode(tmp_path / f"clip.{suffix}", encoder, options=options, pixel_format=pixels)
    stream = read_stream(path)
    if codec == "mpeg4":  # so that packets with two pictures count as packed
        stream.extradata += b"\x00\x00\x01\xb2DivX503b1393p"
    number = list(STREAMS).index(codec)
    file = write_input(tmp_path / "stream.bin", stream.extradata, stream.packets, options=number)
    counts = drive(target, 0, NUM_PACKETS, [file])
    assert counts.pop("mutated packets") >= NUM_PACKETS
    assert counts.pop("us for the slowest") < SLOWEST_MICROSECONDS
    assert sum(counts.values()) > NUM_PACKETS // 4
    if codec not in ("intra", "ffv1"):
        assert len(counts) > 1
