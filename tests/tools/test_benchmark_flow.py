from __future__ import annotations

import json
import sys
from types import ModuleType

import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from mmcondense.datasets.optical_flow import compute_flow


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("analysis_tools/benchmark_flow.py")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("videos") / "noise.mp4"
    frames = np.random.default_rng(0).integers(0, 256, (14, 48, 64, 3)).astype(np.uint8)
    encode_frames(path, frames, codec="mpeg4", gop_size=12)
    return path


def test_variants_do_the_work_they_are_named_after(tool, video):
    variants = tool.make_variants(video, num_segments=2)
    inds = np.array([4, 10])  # round((13 - 1) / 2 * (s + 0.5)) + 1
    with CompressedVideo(video) as opened:
        clip = opened.read(inds)
        current = opened.read(inds, modalities=("rgb",)).rgb
        previous = opened.read(inds - 1, modalities=("rgb",)).rgb
    assert current is not None
    assert previous is not None
    ours = variants["ours"]()
    for name in ("iframes", "motion", "residual"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(clip, name))
    assert variants["ours-p"]().iframes is None
    for pair, expected in zip(variants["rgb-pairs"](), (previous, current), strict=True):
        np.testing.assert_array_equal(pair, expected)
    for method in ("dis", "tvl1"):
        pairs = zip(previous, current, strict=True)
        flows = [compute_flow(*pair, method=method) for pair in pairs]
        np.testing.assert_array_equal(variants[method](), flows)


def test_times_are_medians_of_interleaved_rounds(tool, monkeypatch):
    clock, calls = [0.0], []

    def variant(name, durations):
        def run():
            calls.append(name)
            clock[0] += next(durations)

        return run

    monkeypatch.setattr(tool.time, "process_time", lambda: clock[0])
    variants = dict(
        ours=variant("ours", iter([9, 1, 5, 2])), dis=variant("dis", iter([9, 10, 30, 20]))
    )
    assert tool.time_variants(variants, rounds=3) == dict(ours=2000, dis=20000)
    assert calls == ["ours", "dis"] * 4


def test_tvl1_runs_in_the_first_rounds_only(tool):
    calls = []
    names = ("tvl1", "dis", "ours")
    variants = {name: lambda name=name: calls.append(name) for name in names}
    tool.time_variants(variants, rounds=3, tvl1_rounds=1)
    assert calls == ["ours", "dis", *names, "dis", "ours", "dis", "ours"]


def test_command_prints_rows_and_leaves_out_the_unreadable(tool, video, monkeypatch, capsys):
    bad = video.with_name("bad.mp4")
    bad.write_bytes(b"no video")
    arguments = ["--segments", "1", "--rounds", "1", "--size", "96", "64", "--json"]
    monkeypatch.setattr(sys, "argv", ["benchmark_flow.py", str(video), str(bad), *arguments])
    assert tool.main() == 0
    output = capsys.readouterr()
    (row,) = json.loads(output.out.splitlines()[-1])
    assert row["file"] == "noise.mp4"
    assert row["size"] == "96x64"
    assert set(row) == {"file", "size", "tvl1", "dis", "rgb-pairs", "ours", "ours-p"}
    assert all(row[name] > 0 for name in ("tvl1", "dis", "ours"))
    assert "bad.mp4" in output.err
