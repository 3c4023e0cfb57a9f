"""Mutated packets through the VP9 parser and the headers of VP8, VP9 and AV1, under sanitizers.

MMCONDENSE_FUZZ_PACKETS=30000 python -m pytest tests/compressedvideo/bitstream/test_vp9_fuzz.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compressedvideo.bitstream.against_decoder import encode, moving_texture
from tests.compressedvideo.bitstream.sanitized import (
    build_target,
    drive,
    generate_vp9,
    ivf_packets,
    write_input,
)

NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_PACKETS", "4000"))
SLOWEST_MICROSECONDS = 1_000_000  # of a picture of up to four megapixels
ENCODERS = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "6", "error-resilient": "1"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "lag-in-frames": "20"}),
    "av1": ("libsvtav1", {"preset": "10", "svtav1-params": "lp=1"}),
}


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Of each codec, in the order of ``fuzz/tracker_target.c``."""
    folder = tmp_path_factory.mktemp("streams")
    frames = moving_texture(20, width=80, height=64)
    files = {
        codec: [encode(folder / f"{codec}.ivf", encoder, options, frames=frames)]
        for codec, (encoder, options) in ENCODERS.items()
    }
    files["vp9"] += generate_vp9(folder, range(40))
    return {
        codec: [
            write_input(folder / f"{path.stem}.bin", b"", list(ivf_packets(path)), options=number)
            for path in paths
        ]
        for number, (codec, paths) in enumerate(files.items())
    }


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_target("vp9", tmp_path_factory.mktemp("packets"))


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_packets_are_harmless(target, streams, seed):
    counts = drive(target, seed, NUM_PACKETS // 2, streams["vp9"])
    assert counts.pop("mutated packets") >= NUM_PACKETS // 2
    assert counts.pop("us for the slowest") < SLOWEST_MICROSECONDS
    assert counts["no error"] > NUM_PACKETS // 10
    assert len(counts) > 12  # kinds of damage


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_target("tracker", tmp_path_factory.mktemp("headers"))


@pytest.mark.parametrize("codec", ENCODERS)
def test_mutated_headers_are_harmless(tracker, streams, codec):
    counts = drive(tracker, 0, 3 * NUM_PACKETS, streams[codec])
    assert counts["mutated packets"] >= 3 * NUM_PACKETS
    assert min(counts["damaged"], counts["intact"]) > NUM_PACKETS // 2
