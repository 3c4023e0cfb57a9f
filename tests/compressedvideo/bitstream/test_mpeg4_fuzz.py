"""Mutated packets through the MPEG-4 part 2 parser, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_PACKETS=50000 python -m pytest tests/compressedvideo/bitstream/test_mpeg4_fuzz.py
"""

from __future__ import annotations

import os
from pathlib import Path

import av
import pytest

from tests.compressedvideo.bitstream.sanitized import build_target, drive, write_input
from tests.compressedvideo.bitstream.test_mpeg4_against_ffmpeg import (
    ENCODER_OPTIONS,
    encode,
    moving_shapes,
)

NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_PACKETS", "4000"))
SLOWEST_MICROSECONDS = 1_000_000  # it ends, however busy the machine
STREAMS = ("b-4mv", "packets-4mv", "packets-b-4mv-qpel", "fine", "custom-matrices")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_target("mpeg4", tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each with and without the macroblocks of I-VOPs."""
    folder = tmp_path_factory.mktemp("streams")
    files = []
    for name in STREAMS:
        clip = encode(
            folder / f"{name}.avi",
            moving_shapes(24, 112, 80),
            width=112,
            height=80,
            options=ENCODER_OPTIONS[name],
        )
        with av.open(str(clip)) as container:
            headers = container.streams.video[0].codec_context.extradata or b""
            packets = [bytes(packet) for packet in container.demux(video=0)]
        for skip in (0, 0, 0, 1):
            path = folder / f"{name}-{skip}.bin"
            files.append(write_input(path, headers, packets, options=skip))
    return files


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_packets_are_harmless(target, streams, seed):
    counts = drive(target, seed, NUM_PACKETS // 2, streams)
    assert counts.pop("mutated packets") >= NUM_PACKETS // 2
    assert counts.pop("us for the slowest") < SLOWEST_MICROSECONDS
    assert counts["parsed"] > NUM_PACKETS // 10
    assert len(counts) > 15  # kinds of damage
