"""Mutated packets through the HEVC parser, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_PACKETS=30000 python -m pytest tests/compressedvideo/bitstream/test_hevc_fuzz.py
"""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest

from compressedvideo.bitstream.hevc import HevcParser, is_available
from tests.compressedvideo.bitstream.hevc_clips import encode, moving_shapes, packets_of
from tests.compressedvideo.bitstream.sanitized import build

pytestmark = pytest.mark.skipif(not is_available(), reason="no compiled HEVC parser")

GENERATED = Path(__file__).with_name("generated_hevc")
NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_PACKETS", "3000"))
LARGEST_ALLOCATION = 512  # MB: the sanitizer ends the program at a larger one
STREAMS = {
    "default.mp4": "keyint=12",
    "open.mkv": "open-gop=1:keyint=8:bframes=3:rect=1:amp=1:ref=4:repeat-headers=1",
    "wavefronts.ts": "ctu=16:min-cu-size=8:wpp=1:bframes=2:weightb=1:keyint=10",
    "slices.hevc": "slices=2:ctu=32:tskip=1:cu-lossless=1:keyint=9",
}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("hevc_fuzz", ["hevc*", "nal", "cabac"], tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files as the harness wants them: extradata, then packets, each behind its size."""
    folder = tmp_path_factory.mktemp("streams")
    files = []

    def add(name: str, packets: list[bytes]) -> None:
        files.append(folder / f"{name}.bin")
        parts = [struct.pack("<I", len(data)) + data for data in packets]
        files[-1].write_bytes(b"".join(parts))

    for name, params in STREAMS.items():
        clip = encode(folder / name, moving_shapes(24, 112, 80), params=params)
        extradata, packets, _ = packets_of(clip)
        add(name, [extradata, *packets])
    for path in GENERATED.glob("*.hevc"):
        stream = path.read_bytes()
        records, _ = HevcParser(None).headers([stream])
        add(path.name, [b"", *(stream[r["start"] : r["stop"]] for r in records)])
    return files


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_packets_are_harmless(harness, streams, seed):
    result = subprocess.run(
        [str(harness), str(seed), str(NUM_PACKETS // 2), *map(str, streams)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ASAN_OPTIONS": f"max_allocation_size_mb={LARGEST_ALLOCATION}"},
    )
    assert result.returncode == 0, result.stderr
    counts = {
        message: int(count)
        for count, message in (line.split(maxsplit=1) for line in result.stdout.splitlines())
    }
    assert counts.pop("mutated packets") >= NUM_PACKETS // 2
    assert counts.pop("ms for the slowest packet") < 100
    assert counts["parsed"] > NUM_PACKETS // 20
    assert len(counts) > 12  # kinds of damage
