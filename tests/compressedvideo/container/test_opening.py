"""Sources of every kind, and which of a file's streams is the video."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.container.opening import choose_stream, name_of, open_container, raw_file
from compressedvideo.errors import VideoOpenError
from tests.compressedvideo.recipes import clip_recipes


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    encode_frames(path, np.zeros((3, 32, 32, 3), np.uint8))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "at 10:30.mp4",
        "http:clip.mp4",
        "concat:a|b.mp4",
        "file:clip.mp4",
        "data:,x.mp4",
        "%d ü 漢.mp4",
        "-i.mp4",
        "C:\\clip.mp4",
    ],
)
def test_any_name(clip, tmp_path, monkeypatch, name):
    """What stands before a colon is no protocol, also in a path that begins with it."""
    (tmp_path / name).write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    for source in (name, Path(name), tmp_path / name):
        with CompressedVideo(source) as video:
            assert video.num_frames == 3
            assert video.path == str(source)
            assert video.read([2], modalities=("rgb",)).rgb.shape == (1, 32, 32, 3)


def test_names_in_messages(clip):
    assert name_of(str(clip)) == name_of(clip) == str(clip)
    assert name_of(bytes(7)) == name_of(memoryview(bytes(7))) == "<7 bytes>"
    with clip.open("rb") as file:
        assert name_of(file) == str(clip)
    assert name_of(io.BytesIO()) == "<BytesIO>"


def test_raw_bytes_leave_a_file_object_where_it_was(clip):
    data = clip.read_bytes()
    for source in (clip, str(clip), data, bytearray(data), memoryview(data)):
        with raw_file(source, str(clip)) as file:
            assert file.read() == data
    file = io.BytesIO(data)
    with open_container(file, "clip") as container:
        position = file.tell()
        assert position > 0
        with raw_file(file, "clip") as raw:
            raw.seek(5)
            assert raw.read(3) == data[5:8]
        assert file.tell() == position
        assert len(list(container.demux(video=0))) == 3 + 1  # and an empty one


def test_bytes_end_where_files_do(tmp_path):
    """A size above what a file system holds is skipped in a file; memory would be left behind."""
    path = tmp_path / "clip.asf"
    encode_frames(path, np.zeros((3, 32, 32, 3), np.uint8), codec="mpeg4")
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, 30 + 16, 1 << 47)  # of the first object in the header
    path.write_bytes(data)
    named = io.BytesIO(data)
    named.name = str(path)
    for source in (path, bytes(data), named):
        with CompressedVideo(source) as video:
            assert video.num_frames == 3


def test_edit_lists_are_ignored(tmp_path):
    path = tmp_path / "clip.mp4"
    clip_recipes.encode(path, clip_recipes.Recipe("h264", ".mp4", 2))
    with av.open(str(path)) as container:
        with_list = container.streams.video[0].start_time
    with open_container(path, str(path)) as container:
        assert container.streams.video[0].start_time != with_list


def test_the_video_is_the_first_that_is_no_cover(tmp_path):
    path = tmp_path / "clip.mp4"
    clip_recipes.write_with_cover(path, clip_recipes.Recipe("h264", ".mp4"))
    with open_container(path, str(path)) as container:
        assert choose_stream(container, None, "clip").index == 1
        assert choose_stream(container, 0, "clip").index == 0
        with pytest.raises(
            VideoOpenError, match=r"clip: stream -1 is no video; these are: \[0, 1\]"
        ):
            choose_stream(container, -1, "clip")


def test_a_cover_alone_is_the_video(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 32
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(cover.encode(picture))
        container.mux(cover.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp")
        silence.sample_rate = 48000
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    with CompressedVideo(path) as video:
        assert (video.codec, video.num_frames, video.frame_types) == ("mjpeg", 1, ["I"])


def test_the_stream_says_how_large_its_pictures_are(tmp_path):
    """Nothing is decoded to open H.264 in MP4, but what the container says is not believed."""
    path = tmp_path / "clip.mp4"
    clip_recipes.encode(path, clip_recipes.Recipe("h264", ".mp4", num_frames=3))
    with CompressedVideo(path) as video:
        assert not video._stream.packets.knows_format
        size, expected = (video.width, video.height), video.read([2], modalities=("rgb",)).rgb
    data = bytearray(path.read_bytes())
    at = data.index(b"avc1", data.index(b"stsd")) + 28  # width and height of the sample entry
    assert struct.unpack_from(">2H", data, at) == size
    struct.pack_into(">2H", data, at, 2 * size[0], size[1] - 16)
    with CompressedVideo(bytes(data)) as video:
        assert (video.width, video.height) == size
        np.testing.assert_array_equal(video.read([2], modalities=("rgb",)).rgb, expected)
