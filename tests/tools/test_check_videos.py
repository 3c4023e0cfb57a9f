"""tools/data/check_videos.py on videos of known make."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from compressedvideo import encode_frames


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """H.264 with B-frames, MPEG-2, a file cut short, and one that is no video."""
    folder = tmp_path / "videos"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    frames = [
        cv2.resize(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8), (80, 64)) for _ in range(20)
    ]
    encode_frames(folder / "a.mp4", frames, codec="h264", gop_size=8, b_frames=1, fps=30)
    encode_frames(folder / "more" / "b.avi", frames, codec="mpeg2", gop_size=20)
    encode_frames(folder / "cut.avi", frames, codec="mpeg4", gop_size=8)
    data = (folder / "cut.avi").read_bytes()
    (folder / "cut.avi").write_bytes(data[:200])
    (folder / "text.mp4").write_text("no video")
    (folder / "readme.txt").write_text("not looked at")
    return folder


@pytest.fixture
def check(load_tool: Callable, monkeypatch, capsys) -> Callable:
    def check(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["check_videos.py", *map(str, arguments)])
        return load_tool("data/check_videos.py").main(), capsys.readouterr().out

    return check


def test_what_the_videos_are(check: Callable, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "check"
    status, printed = check(videos, "--out", out, "--workers", 2)
    assert status == 1
    assert "2 videos are sound, 2 are not" in printed
    assert f"failed: {videos / 'text.mp4'}: is no video" in printed
    with open(out / "videos.csv", newline="") as file:
        rows = {row["item"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["a.mp4", "more/b.avi", "cut.avi", "text.mp4"]
    assert rows["a.mp4"] == dict(
        **dict(item="a.mp4", codec="h264", width="80", height="64", fps="30.0", frames="20"),
        **dict(keyframes="3", longest_gop="8", vectors="True", fault=""),
        bytes=str((videos / "a.mp4").stat().st_size),
        b_frames=rows["a.mp4"]["b_frames"],
    )
    assert 0.3 < float(rows["a.mp4"]["b_frames"]) < 0.6  # IBPBPBPP
    found = rows["more/b.avi"]
    assert (found["codec"], found["longest_gop"], found["b_frames"]) == ("mpeg2video", "20", "0.0")
    assert str(videos / "cut.avi") in rows["cut.avi"]["fault"]
    cells = [[cell.strip() for cell in line.split("│")] for line in printed.splitlines()]
    assert ["h264", "80x64", "1", "20", "8"] in [row[1:6] for row in cells]


def test_parts_and_mended_videos(check: Callable, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "check"
    for part in ("1/2", "0/2"):
        assert not (out / "videos.csv").exists()
        assert check(videos, "--out", out, "--part", part, "--workers", 1)[0] == 1
    both = {path.name: path.read_bytes() for path in out.iterdir()}
    check(videos, "--out", tmp_path / "whole", "--workers", 1)
    assert both == {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    (videos / "text.mp4").write_bytes((videos / "a.mp4").read_bytes())
    (videos / "cut.avi").write_bytes((videos / "more" / "b.avi").read_bytes())
    status, printed = check(videos, "--out", out)
    assert (status, "4 videos are sound, 0 are not" in printed) == (0, True)
    assert not (out / "manifest.failed.jsonl").exists()
