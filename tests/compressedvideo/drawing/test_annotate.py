"""Copies of videos with what moves drawn in."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo import CodecError, CompressedVideo, encode_frames
from compressedvideo.drawing import annotate as module
from compressedvideo.drawing.annotate import annotate, caption_of
from compressedvideo.drawing.overlay import draw_motion
from compressedvideo.drawing.timeline import ScoreRow, Timeline


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    encode_frames(path, [picture[:96, t : t + 160] for t in range(15)], fps=10)
    return path


def test_the_copy_shows_the_video_and_the_timeline(clip, tmp_path):
    with CompressedVideo(clip) as video:
        timeline = Timeline(600, 1.5, rows=[ScoreRow("", [(0, 2, 0.1)])])
        assert annotate(video, tmp_path / "copy.mp4", timeline) == 15
        drawn = list(module.frames_with_motion(video))[13]
        assert caption_of(video, style="arrows") == "arrows: 4 frames of motion"
        assert caption_of(video, style="colours") == "full colour: 2.5 pixels per frame"
    with CompressedVideo(tmp_path / "copy.mp4") as copy:
        assert (copy.width, copy.height, copy.num_frames, copy.fps) == (600, 406, 15, 10)
        last = copy.read([13], modalities=("rgb",)).rgb[0].astype(int)
    wanted = np.asarray(draw_motion(drawn.rgb, drawn.motion, cell=drawn.cell))
    assert np.abs(last[:360] - wanted)[20:].mean() < 12  # below the frame's number
    strip = last[362:382, :550].mean(axis=0)  # left of the score
    red = strip[:, 0] - strip[:, 1]
    assert abs(red.argmax() - 1.3 / 1.5 * 599) < 4


def test_there_is_no_copy_of_half_a_video(clip, tmp_path, monkeypatch):
    def breaks(video):
        yield from list(frames(video))[:9]
        raise CodecError("damaged", path=video.path, frame=9)

    frames = module.frames_with_motion
    monkeypatch.setattr(module, "frames_with_motion", breaks)
    with CompressedVideo(clip) as video, pytest.raises(CodecError, match="frame 9"):
        annotate(video, tmp_path / "copy.mp4", Timeline(600, 1.5))
    assert list(tmp_path.iterdir()) == []
