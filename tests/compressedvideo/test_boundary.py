"""Whatever bad data cause is a CodecError with the error behind it; our own bugs are not."""

from __future__ import annotations

import errno
import io
import pickle
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import (
    CodecError,
    CompressedVideo,
    CorruptVideoError,
    FrameIndexError,
    VideoOpenError,
    encode_frames,
)
from compressedvideo.boundary import bad_data
from tests.compressedvideo.slow_reference import translating_frames

HOSTILE = (
    *("key_error.mov", "lost_P_h264.mp4", "seek_argument_error.avi", "stop_iteration.mp4"),
    *("size_0x0.mov", "pictures_of_0.avi", "valid_h264_b_frames.avi", "vol_8191x8191.mp4"),
)


@pytest.mark.parametrize(
    "error",
    [
        KeyError(3),
        IndexError("list index out of range"),
        ValueError("no such size"),
        ZeroDivisionError(),
        OverflowError("too large"),
        MemoryError(),
        OSError(errno.EIO, "Input/output error"),
        RuntimeError("generator raised StopIteration"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"),
        av.error.InvalidDataError(1094995529, "Invalid data"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_translated_with_the_cause(error: Exception) -> None:
    with pytest.raises(CorruptVideoError) as caught, bad_data("clip.mp4", "h264"):
        raise error
    assert caught.value.__cause__ is error
    assert (caught.value.path, caught.value.codec) == ("clip.mp4", "h264")
    assert type(error).__name__ in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "error", [TypeError(), AttributeError(), AssertionError(), KeyboardInterrupt()]
)
def test_own_bugs_stay_what_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)), bad_data("clip.mp4"):
        raise error


def test_codec_errors_pass_as_they_are() -> None:
    error = FrameIndexError("outside", path="clip.mp4", frame=3)
    with pytest.raises(FrameIndexError) as caught, bad_data("other.mp4", kind=VideoOpenError):
        raise error
    assert caught.value is error


class Failing(io.BytesIO):
    """A file on a disk that breaks."""

    breaks = False

    def read(self, size: int = -1) -> bytes:
        if self.breaks:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_a_disk_that_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compressedvideo.container.packets._MAX_KEPT", 0)  # as of a large file
    path = tmp_path / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (30, 96, 128, 3), np.uint8)
    encode_frames(path, frames, codec="mpeg4")
    assert path.stat().st_size > 1 << 18  # more than is read ahead
    file = Failing(path.read_bytes())
    with CompressedVideo(file) as video:
        file.breaks = True
        with pytest.raises(CorruptVideoError) as caught:
            video.read([25])
        assert caught.value.path == "<Failing>"
        with pytest.raises(CodecError):
            CompressedVideo(file)
        file.breaks = False
        assert video.read([25]).motion.any()


def test_wrong_arguments_are_no_matter_of_the_data(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, translating_frames(4, step=(2, 1), height=64, width=96), codec="mpeg4")
    with CompressedVideo(path) as video:
        for wrong in ({"frame_inds": [0.5]}, {"frame_inds": [0], "reference": "next"}):
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - that it is no CodecError
                video.read(**wrong)
            assert not isinstance(caught.value, CodecError)


@pytest.mark.parametrize("name", HOSTILE)
def test_inputs_that_once_raised_others(name: str, shared_data: Path) -> None:
    path = shared_data / "hostile" / name
    if not path.is_file():
        pytest.skip("no hostile inputs here")
    try:
        with CompressedVideo(path) as video:
            for modalities in (("rgb",), ("motion",), ("iframe", "motion", "residual")):
                for reference in ("previous", "iframe"):
                    for frame in range(video.num_frames):
                        try:
                            video.read([frame], modalities=modalities, reference=reference)
                        except CodecError as error:
                            assert error.path == str(path)  # noqa: PT017
    except CodecError as error:
        assert error.path == str(path)  # noqa: PT017
