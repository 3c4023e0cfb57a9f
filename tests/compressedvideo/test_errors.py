from __future__ import annotations

import pickle

import pytest

from compressedvideo import errors

KINDS = [
    errors.CodecError,
    errors.VideoOpenError,
    errors.VideoNotFoundError,
    errors.CorruptVideoError,
    errors.UnsupportedVideoError,
    errors.NoMotionVectorsError,
    errors.FrameIndexError,
]


@pytest.mark.parametrize("kind", KINDS)
def test_survives_pickling_with_all_fields(kind):
    error = kind("cannot be read; drop it", path="/a/b.mp4", codec="h264", frame=7)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.message, again.path, again.codec, again.frame) == (
        "cannot be read; drop it",
        "/a/b.mp4",
        "h264",
        7,
    )
    assert str(again) == str(error)


def test_message_holds_path_codec_and_frame():
    error = errors.CodecError("is broken", path="/a/b.mp4", codec="h264", frame=0)
    assert str(error) == "/a/b.mp4: is broken (codec h264, frame 0)"
    assert str(errors.CodecError("is broken")) == "is broken"


def test_kinds_are_what_python_callers_expect():
    assert issubclass(errors.FrameIndexError, IndexError)
    assert issubclass(errors.VideoNotFoundError, FileNotFoundError)
    assert issubclass(errors.VideoNotFoundError, errors.VideoOpenError)
    assert all(issubclass(kind, errors.CodecError) for kind in KINDS)
