"""Mutated packets through the HEVC parser, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_PACKETS=30000 python -m pytest tests/compressedvideo/bitstream/test_hevc_fuzz.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from compressedvideo.bitstream.hevc import HevcParser, is_available
from tests.compressedvideo.bitstream.hevc_clips import encode, moving_shapes, packets_of
from tests.compressedvideo.bitstream.sanitized import build_target, drive, write_input

pytestmark = pytest.mark.skipif(not is_available(), reason="no compiled HEVC parser")

GENERATED = Path(__file__).with_name("generated_hevc")
NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_PACKETS", "3000"))
SLOWEST_MICROSECONDS = 100_000
STREAMS = {
    "default.mp4": "keyint=12",
    "open.mkv": "open-gop=1:keyint=8:bframes=3:rect=1:amp=1:ref=4:repeat-headers=1",
    "wavefronts.ts": "ctu=16:min-cu-size=8:wpp=1:bframes=2:weightb=1:keyint=10",
    "slices.hevc": "slices=2:ctu=32:tskip=1:cu-lossless=1:keyint=9",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_target("hevc", tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("streams")
    files = []
    for name, params in STREAMS.items():
        clip = encode(folder / name, moving_shapes(24, 112, 80), params=params)
        extradata, packets, _ = packets_of(clip)
        files.append(write_input(folder / f"{name}.bin", extradata, packets))
    for path in GENERATED.glob("*.hevc"):
        stream = path.read_bytes()
        records, _ = HevcParser(None).headers([stream])
        packets = [stream[r["start"] : r["stop"]] for r in records]
        files.append(write_input(folder / f"{path.name}.bin", b"", packets))
    return files


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_packets_are_harmless(target, streams, seed):
    counts = drive(target, seed, NUM_PACKETS // 2, streams)
    assert counts.pop("mutated packets") >= NUM_PACKETS // 2
    assert counts.pop("us for the slowest") < SLOWEST_MICROSECONDS
    assert counts["parsed"] > NUM_PACKETS // 20
    assert len(counts) > 12  # kinds of damage
