"""All frames of a video in chunks, and how much moves in each."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo import CompressedVideo, NoMotionVectorsError, encode_frames, whole_video
from compressedvideo.whole_video import chunks, frames_with_motion, motion_of_frames


@pytest.mark.parametrize(
    ("keyframes", "most", "expected"),
    [
        ([0], 20, [(0, 10)]),
        ([0], 4, [(0, 4), (4, 8), (8, 10)]),
        ([0, 3, 6, 9], 7, [(0, 6), (6, 10)]),
        ([0, 3, 6, 9], 3, [(0, 3), (3, 6), (6, 9), (9, 10)]),
        ([0, 8], 5, [(0, 5), (5, 10)]),
        ([0, 1], 5, [(0, 1), (1, 6), (6, 10)]),
        ([0, 5], 1, [(i, i + 1) for i in range(10)]),
    ],
)
def test_chunks_are_whole_gops_where_they_fit(keyframes, most, expected):
    assert list(chunks(keyframes, 10, most=most)) == expected


@pytest.fixture(scope="module")
def wall(tmp_path_factory):
    """Squares that move by 2 pixels to the right from frame to frame; B-frames too."""
    squares = np.random.default_rng(0).integers(0, 256, (18, 50, 3), np.uint8)
    picture = squares.repeat(8, axis=0).repeat(8, axis=1)
    path = tmp_path_factory.mktemp("wall") / "wall.mp4"
    frames = [picture[:, 80 - 2 * t : 400 - 2 * t] for t in range(30)]
    encode_frames(path, frames, gop_size=12, b_frames=2)
    return path


def test_each_frame_comes_once_with_its_own_motion(wall, monkeypatch):
    monkeypatch.setattr(whole_video, "_MAX_BYTES", 7 * 320 * 144 * 3)
    with CompressedVideo(wall) as video:
        frames = list(frames_with_motion(video))
        rgb = video.read(range(30), modalities=("rgb",)).rgb
        types = video.frame_types
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.kind for frame in frames] == types
    assert frames[25].seconds == 1
    assert all(np.array_equal(frame.rgb, rgb[frame.index]) for frame in frames)
    for frame in frames:
        assert frame.motion.shape == (18, 40, 2)
        middle = frame.motion[9, 20].tolist()
        assert middle == ([0, 0] if frame.kind == "I" else [2, 0])


def test_no_more_pictures_are_held_than_fit(wall, monkeypatch):
    monkeypatch.setattr(whole_video, "_MAX_BYTES", 7 * 320 * 144 * 3)
    asked = []
    read = CompressedVideo.read
    monkeypatch.setattr(
        CompressedVideo,
        "read",
        lambda self, frames, **options: asked.append(len(frames)) or read(self, frames, **options),
    )
    with CompressedVideo(wall) as video:
        assert sum(1 for _ in frames_with_motion(video)) == 30
    assert max(asked) == 7
    assert sum(asked) == 30


def test_mean_motion_of_each_frame(wall):
    with CompressedVideo(wall) as video:
        lengths = motion_of_frames(video)
        types = np.array(video.frame_types)
    assert np.isnan(lengths[types == "I"]).all()
    assert np.abs(lengths[types != "I"] - 2).max() < 0.25  # the squares that come into view


def test_a_codec_without_vectors_is_shown_without(tmp_path, monkeypatch):
    path = tmp_path / "clip.mp4"
    encode_frames(path, np.zeros((5, 32, 48, 3), np.uint8))
    read = CompressedVideo.read

    def without_vectors(self, frames, *, modalities, **options):
        if "motion" in modalities:
            raise NoMotionVectorsError("none", path=self.path)
        return read(self, frames, modalities=modalities, **options)

    monkeypatch.setattr(CompressedVideo, "read", without_vectors)
    with CompressedVideo(path) as video:
        assert [frame.motion for frame in frames_with_motion(video)] == [None] * 5
        with pytest.raises(NoMotionVectorsError):
            motion_of_frames(video)
