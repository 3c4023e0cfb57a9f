"""A video has the same packets wherever it lies: on a disk, in bytes, or behind a file object."""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from compressedvideo import CompressedVideo

TOOLS = str(Path(__file__).resolve().parents[3] / "tools" / "benchmarks")
sys.path.insert(0, TOOLS)
clip_matrix = importlib.import_module("clip_matrix")
sys.path.remove(TOOLS)
CASES = {case.name: case for case in clip_matrix.all_cases()}

NAMES = (
    *("h264-b2.ts", "mpeg2-b2.mpg", "vp9.webm", "mpeg4-b2.avi", "h264-b2.mp4", "flv1.flv"),
    *("wmv2.wmv", "mpeg1.mpg", "vp8.ivf", "hevc-b2.hevc", "h264-b2.h264", "mpeg4.nut"),
)


@pytest.mark.parametrize("name", NAMES)
def test_kinds_of_sources(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    CASES[name].write(path)
    data = path.read_bytes()
    read = []
    with path.open("rb") as file:
        for source in (path, data, bytearray(data), io.BytesIO(data), file):
            with CompressedVideo(source) as video:
                assert video.num_frames == 20
                frames = np.random.default_rng(0).permutation(20)
                clip = video.read(frames, modalities=("rgb",))
                read.append((video.frame_types, clip.pts_seconds.tolist(), clip.rgb.tobytes()))
    assert read[1:] == read[:1] * 4


def test_a_file_object_larger_than_what_is_read_ahead(tmp_path: Path) -> None:
    """The demuxer goes on where it was after others looked at the file."""
    path = tmp_path / "clip.ts"
    made = clip_matrix.recipe("mpeg2", "ts", gop=4, num_frames=120, width=320, height=240)
    clip_matrix.encode(path, made)
    assert path.stat().st_size > 1 << 18
    with path.open("rb") as file, CompressedVideo(file) as video, CompressedVideo(path) as same:
        assert video.num_frames == same.num_frames == 120
        for number in (119, 3, 60):
            pictures = [v.read([number], modalities=("rgb",)).rgb for v in (video, same)]
            np.testing.assert_array_equal(*pictures)
