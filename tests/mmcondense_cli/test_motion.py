"""Motion of a video without any network."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.decoding.decoder import Decoder
from mmcondense_cli.motion import main, spark_line


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """It stands still, and from frame 20 on moves by 3 pixels a frame."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    noise = np.random.default_rng(0).integers(0, 256, (12, 30, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    ways = [0] * 20 + [3 * (t + 1) for t in range(20)]
    encode_frames(path, [picture[:, 80 - way : 176 - way] for way in ways], fps=10, gop_size=10)
    return path


def test_blocks_are_means_of_stretches():
    assert spark_line(np.array([0.0, 1, 2, 7])) == "▁▂▃█"
    assert spark_line(np.repeat([7.0, 3.5], 90), width=4) == "██▅▅"
    assert spark_line(np.zeros(3)) == "▁▁▁"


def test_it_says_when_what_moves(clip, capsys):
    assert main([str(clip)]) == 0
    what, how_much, when = capsys.readouterr().out.splitlines()
    assert what == f"{clip}: mpeg4, 96x96, 40 frames (4 I, 36 P), 4.0 s"
    assert how_much.startswith("motion: 1.")
    assert len(when) == 36
    assert set(when[:18]) == {"▁"}
    assert set(when[18:]) <= {"▇", "█"}


def test_it_decodes_nothing_for_that(clip, monkeypatch):
    def refuse(self, **options):
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(Decoder, "start", refuse)
    with CompressedVideo(clip) as video, pytest.raises(AssertionError, match="was decoded"):
        video.read([0], modalities=("rgb",))
    assert main([str(clip)]) == 0


@pytest.mark.parametrize("style", ["arrows", "colours"])
def test_it_draws_a_timeline_and_an_overlay(clip, tmp_path, capsys, style):
    out = tmp_path / "new" / "folder"
    assert main([str(clip), "--out-dir", str(out), "--style", style]) == 0
    assert {path.name for path in out.iterdir()} == {"clip_timeline.png", "clip_motion.mp4"}
    assert str(out / "clip_motion.mp4") in capsys.readouterr().out
    with CompressedVideo(out / "clip_motion.mp4") as video:
        assert (video.num_frames, video.width) == (40, 360)


def test_the_timeline_alone(clip, tmp_path):
    assert main([str(clip), "--out-dir", str(tmp_path), "--no-video"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["clip_timeline.png"]


def test_what_cannot_be_read_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "missing.mp4")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path}/missing.mp4: no such file\n"
    still = tmp_path / "still.mp4"
    encode_frames(still, np.zeros((3, 32, 32, 3), np.uint8), gop_size=1)
    assert main([str(still)]) == 1
    assert "all its frames are I-frames" in capsys.readouterr().err
