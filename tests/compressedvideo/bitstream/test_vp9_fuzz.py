"""Mutated packets through the VP9 parser and the headers of VP8, VP9 and AV1, under sanitizers.

MMCONDENSE_FUZZ_FRAMES=30000 python -m pytest tests/compressedvideo/bitstream/test_vp9_fuzz.py
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.compressedvideo.bitstream.against_decoder import encode, moving_texture
from tests.compressedvideo.bitstream.sanitized import VP9_SOURCES, build, generate_vp9

NUM_FRAMES = int(os.environ.get("MMCONDENSE_FUZZ_FRAMES", "4000"))
ENCODERS = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "6", "error-resilient": "1"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "lag-in-frames": "20"}),
    "av1": ("libsvtav1", {"preset": "10", "svtav1-params": "lp=1"}),
}


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """IVF files of each codec."""
    folder = tmp_path_factory.mktemp("streams")
    frames = moving_texture(20, width=80, height=64)
    files = {
        codec: [encode(folder / f"{codec}.ivf", encoder, options, frames=frames)]
        for codec, (encoder, options) in ENCODERS.items()
    }
    files["vp9"] += generate_vp9(folder, range(40))
    return files


def counts_of(command: list) -> dict[str, int]:
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    lines = (line.split(maxsplit=1) for line in result.stdout.splitlines())
    return {what: int(count) for count, what in lines}


@pytest.fixture(scope="module")
def frame_harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("vp9_fuzz", VP9_SOURCES, tmp_path_factory.mktemp("frames"))


@pytest.fixture(scope="module")
def header_harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = ["vp9_headers", "vp9_tracker", "vp8_headers", "av1_headers", "av1_units"]
    folder = tmp_path_factory.mktemp("headers")
    return build("header_fuzz", [*sources, "bool_decoder", "record_list"], folder)


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_frames_are_harmless(frame_harness, streams, seed):
    counts = counts_of([frame_harness, seed, NUM_FRAMES // 2, *streams["vp9"]])
    assert counts.pop("mutated frames") >= NUM_FRAMES // 2
    assert counts["no error"] > NUM_FRAMES // 10
    assert len(counts) > 12  # kinds of damage


@pytest.mark.parametrize("codec", ENCODERS)
def test_mutated_headers_are_harmless(header_harness, streams, codec):
    counts = counts_of([header_harness, codec, 0, 3 * NUM_FRAMES, *streams[codec]])
    assert counts["mutated packets"] >= 3 * NUM_FRAMES
    assert min(counts["damaged"], counts["intact"]) > NUM_FRAMES // 2
