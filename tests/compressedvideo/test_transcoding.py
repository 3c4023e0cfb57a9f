"""Videos without vectors, re-encoded in memory: as a re-encoded file, once, and within limits."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from compressedvideo import (
    CompressedVideo,
    LimitError,
    Limits,
    NoMotionVectorsError,
    reencode,
    transcoding,
)
from tests.compressedvideo.recipes import clip_recipes


@pytest.fixture(scope="module", params=[("vp8", ".webm"), ("av1", ".mp4")], ids=["vp8", "av1"])
def clip(request, tmp_path_factory) -> Path:
    codec, suffix = request.param
    path = tmp_path_factory.mktemp(codec) / f"clip{suffix}"
    clip_recipes.encode(path, clip_recipes.Recipe(codec, suffix, num_frames=14))
    return path


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch) -> None:
    monkeypatch.setattr(transcoding, "_kept", type(transcoding._kept)())
    monkeypatch.setattr(transcoding, "_has_warned", False)


def test_gives_the_clip_of_a_reencoded_file_and_warns_once(clip: Path, tmp_path: Path) -> None:
    reencode(clip, tmp_path / "target.mp4")
    with pytest.warns(UserWarning, match=rf"{clip.name}: .*re-encoded in memory") as caught:
        video = CompressedVideo(clip, on_missing_motion="transcode")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        in_memory = CompressedVideo(clip.read_bytes(), on_missing_motion="transcode")
    with video, in_memory, CompressedVideo(tmp_path / "target.mp4") as target:
        assert (video.path, video.codec) == (str(clip), "mpeg4")
        assert video.transcoded_from in ("vp8", "av1")
        assert target.transcoded_from is None
        expected = target.read(range(14))
        for opened in (video, in_memory):
            found = opened.read(range(14))
            assert found.frame_types == list("IPPPPPPPPPPPIP")
            np.testing.assert_array_equal(found.motion, expected.motion)
            np.testing.assert_array_equal(found.residual, expected.residual)
            np.testing.assert_array_equal(found.iframes, expected.iframes)
    assert np.abs(expected.motion).max() >= 1


def test_by_default_the_error_names_the_option(clip: Path) -> None:
    with CompressedVideo(clip) as video, pytest.raises(NoMotionVectorsError) as caught:
        video.read([1])
    assert "on_missing_motion='transcode'" in str(caught.value)
    assert "--on-missing-motion transcode" in str(caught.value)
    with pytest.raises(ValueError, match="on_missing_motion='no' is not one of 'raise', 'transc"):
        CompressedVideo(clip, on_missing_motion="no")


@pytest.mark.filterwarnings("ignore:.*re-encoded in memory")
def test_a_file_is_encoded_once_until_it_changes(tmp_path: Path, monkeypatch) -> None:
    sources = []

    def counted(source, *arguments, **options) -> int:
        sources.append(source)
        return reencode(source, *arguments, **options)

    monkeypatch.setattr(transcoding, "reencode", counted)
    path, other = tmp_path / "clip.webm", tmp_path / "other.webm"
    for seed, file in enumerate((path, other)):
        clip_recipes.encode(file, clip_recipes.Recipe("vp8", ".webm", num_frames=3 + seed))
    for _ in range(2):
        for file in (path, other):
            CompressedVideo(file, on_missing_motion="transcode").close()
    assert sources == [path, other]
    clip_recipes.encode(path, clip_recipes.Recipe("vp8", ".webm", num_frames=5))
    with CompressedVideo(path, on_missing_motion="transcode") as video:
        assert video.num_frames == 5
    largest = max(map(len, transcoding._kept.values()))
    monkeypatch.setattr(transcoding, "_MAX_KEPT", largest)
    CompressedVideo(other, on_missing_motion="transcode").close()  # kept
    path.touch()
    CompressedVideo(path, on_missing_motion="transcode").close()
    assert sum(map(len, transcoding._kept.values())) <= largest
    CompressedVideo(other, on_missing_motion="transcode").close()  # had to go
    assert sources == [path, other, path, path, other]


@pytest.mark.filterwarnings("ignore:.*re-encoded in memory")
@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (dict(transcoded_frames=13), r"has 14 frames, and at most 13 .*reencode\.py .*frames=14"),
        (dict(transcoded_bytes=2000), r"more than 2000 bytes after \d+ re-encoded .*reencode\.py"),
    ],
)
def test_above_a_limit_is_an_error_that_says_what_to_do(clip: Path, limits, message) -> None:
    with pytest.raises(LimitError, match=message) as caught:
        CompressedVideo(clip, on_missing_motion="transcode", limits=Limits(**limits))
    assert caught.value.path == str(clip)
    assert not transcoding._kept


def test_videos_with_vectors_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    clip_recipes.encode(path, clip_recipes.Recipe("h264", ".mp4", num_frames=5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with CompressedVideo(path, on_missing_motion="transcode") as video:
            assert (video.codec, video.transcoded_from) == ("h264", None)
