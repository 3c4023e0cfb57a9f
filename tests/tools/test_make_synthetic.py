"""tools/data/make_synthetic.py from its command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compressedvideo import CompressedVideo

SMALL = ("--size", "32", "--num-frames", "13", "--speed", "1", "2")


def test_makes_extends_and_refuses(
    load_tool: Callable, monkeypatch, capsys, tmp_path: Path
) -> None:
    tool = load_tool("data/make_synthetic.py")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / "synthetic" / "both"  # the default place

    def run(*arguments: str) -> str:
        settings = (
            "--task",
            "both",
            *SMALL,
            "--codec",
            "h264",
            "--b-frames",
            "2",
            "--num-val",
            "1",
        )
        monkeypatch.setattr(sys, "argv", ["make_synthetic.py", *settings, *arguments])
        tool.main()
        return capsys.readouterr().out

    assert "data/synthetic/both: 2 training and 1 validation clips" in run("--num-train", "2")
    clip = folder / "videos" / "train_00001.mp4"
    with CompressedVideo(clip) as video:
        assert video.codec == "h264"
        assert "".join(video.frame_types) == "IBBPBBPBBPBPI"

    before = clip.stat().st_mtime_ns
    run("--num-train", "3", "--workers", "2")
    assert clip.stat().st_mtime_ns == before
    assert (folder / "train.txt").read_text().splitlines()[2] == "videos/train_00002.mp4 2"

    with pytest.raises(SystemExit, match=r"error: .*seed=0, asked for 5\); choose another folder"):
        run("--num-train", "3", "--seed", "5")
    run("--num-train", "1", "--seed", "5", "--overwrite")
    assert not clip.exists()
