"""tools/visualizations/vis_compressed.py: a video in, a picture out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compressedvideo import encode_frames


@pytest.fixture
def run(load_tool, monkeypatch, capsys):
    tool = load_tool("visualizations/vis_compressed.py")

    def main(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vis_compressed.py", *map(str, arguments)])
        code = tool.main()
        return code, *capsys.readouterr()

    return main


def test_a_video(run, tmp_path: Path) -> None:
    video, out = tmp_path / "clip.mp4", tmp_path / "new" / "gop.png"
    noise = np.random.default_rng(0).integers(0, 256, (9, 32, 48, 3), np.uint8)
    encode_frames(video, noise, codec="h264", gop_size=8)
    code, said, _ = run(video, "--first", 6, "--frames", 7, "--out", out)
    assert code == 0
    assert said.endswith("frames 6 to 8\n")
    assert Image.open(out).width == 78 + 3 * (240 + 6)
    assert [path.name for path in out.parent.iterdir()] == ["gop.png"]


def test_refused(run, tmp_path: Path, capsys) -> None:
    code, _, said = run(tmp_path / "missing.mp4", "--out", tmp_path / "gop.png")
    assert (code, said) == (1, f"error: {tmp_path}/missing.mp4: no such file\n")
    with pytest.raises(SystemExit):
        run(tmp_path / "missing.mp4", "--out", tmp_path / "gop.xyz")
    assert "Pillow knows no such pictures" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
