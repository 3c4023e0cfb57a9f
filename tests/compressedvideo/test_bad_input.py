"""Every way to hand the reader something wrong gives an error that says what and where."""

from __future__ import annotations

import io
import os

import av
import numpy as np
import pytest

from compressedvideo import (
    CodecError,
    CompressedVideo,
    CorruptVideoError,
    FrameIndexError,
    VideoNotFoundError,
    VideoOpenError,
    encode_frames,
)
from tests.compressedvideo.slow_reference import translating_frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    encode_frames(path, translating_frames(30, step=(2, 1), height=64, width=96), codec="mpeg4")
    return path


def open_error(source) -> CodecError:
    with pytest.raises(CodecError) as caught:
        CompressedVideo(source)
    return caught.value


def test_missing_file(tmp_path):
    error = open_error(tmp_path / "none.mp4")
    assert isinstance(error, VideoNotFoundError)
    assert str(error) == f"{tmp_path / 'none.mp4'}: no such file"


def test_folder(tmp_path):
    assert "is a folder" in str(open_error(tmp_path))


def test_zero_bytes(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    for source, name in [(path, str(path)), (b"", "<0 bytes>"), (io.BytesIO(), "<BytesIO>")]:
        error = open_error(source)
        assert isinstance(error, VideoOpenError)
        assert str(error) == f"{name}: is empty (0 bytes)"


def test_not_a_video(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("this is no video\n" * 1000)
    error = open_error(path)
    assert isinstance(error, VideoOpenError)
    assert str(path) in str(error)
    assert "no video that FFmpeg can open" in str(error)


def test_undecodable_metadata_is_no_obstacle(shared_data):
    """PyAV fails on this file's tags, which are no UTF-8; behind them is a sound H.264 stream."""
    with CompressedVideo(shared_data / "clips" / "not_a_video.mp4") as video:
        assert (video.codec, video.width, video.height) == ("h264", 288, 192)
        assert video.read([video.num_frames - 1], modalities=("rgb",)).rgb.any()


def test_audio_only(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    error = open_error(path)
    assert isinstance(error, VideoOpenError)
    assert "no video stream, only audio" in str(error)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_in_front_of_its_index(clip, tmp_path, share):
    data = clip.read_bytes()
    path = tmp_path / "truncated.mp4"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CodecError) as caught, CompressedVideo(path) as video:
        video.read([29])
    assert caught.value.path == str(path)


def test_truncated_behind_its_index(clip, tmp_path):
    """What is still there can be read, the rest is an error with the frame's number."""
    faststart = tmp_path / "faststart.mp4"
    with (
        av.open(str(clip)) as source,
        av.open(str(faststart), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    data = faststart.read_bytes()
    path = tmp_path / "truncated.mp4"
    path.write_bytes(data[: int(len(data) * 0.7)])
    with CompressedVideo(path) as video:
        assert video.num_frames == 30
        assert video.read([5]).motion.any()
        with pytest.raises(CorruptVideoError) as caught:
            video.read([29])
        assert (caught.value.path, caught.value.codec) == (str(path), "mpeg4")
        assert caught.value.frame in range(20, 30)
        assert video.read([5]).motion.any()  # an error leaves the reader usable


def test_damaged_in_the_middle(shared_data):
    path = shared_data / "clips" / "corrupted.mp4"
    with CompressedVideo(path) as video:
        assert video.read([20], modalities=("rgb",)).rgb.any()
        with pytest.raises(CorruptVideoError, match="missing in the file") as caught:
            video.read([40], modalities=("rgb",))
        assert (caught.value.path, caught.value.codec) == (str(path), "h264")
        assert caught.value.frame == 40


def test_one_frame(tmp_path):
    path = tmp_path / "one.mp4"
    encode_frames(path, translating_frames(1, step=(0, 0), height=64, width=96), codec="mpeg4")
    with CompressedVideo(path) as video:
        assert (video.num_frames, video.frame_types, video.keyframes.tolist()) == (1, ["I"], [0])
        clip = video.read([0])
        assert clip.iframes.any()
        assert not clip.motion.any()
        assert not clip.residual.any()
        with pytest.raises(FrameIndexError):
            video.read([1])


def test_no_key_frame(clip, tmp_path):
    path = tmp_path / "nokey.avi"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and number % 12:
                packet.stream = stream
                target.mux(packet)
    error = open_error(path)
    assert isinstance(error, CorruptVideoError)
    assert "no key frame" in str(error)
    assert error.codec == "mpeg4"


@pytest.mark.parametrize("index", [30, -1, 10**9])
def test_index_out_of_range(clip, index):
    with CompressedVideo(clip) as video:
        for options in ({"frame_inds": [3, index]}, {"frame_inds": [3], "iframe_inds": [index]}):
            with pytest.raises(FrameIndexError, match=r"outside 0\.\.29") as caught:
                video.read(**options)
            assert isinstance(caught.value, IndexError)
            assert (caught.value.frame, caught.value.path) == (index, str(clip))
        with pytest.raises(FrameIndexError, match=r"no GOP 3, only 0\.\.2"):
            video.gop_frame_types(3)


@pytest.mark.parametrize("indices", [[1.5], [[1, 2]], ["1"], 3])
def test_indices_of_the_wrong_kind(clip, indices):
    with CompressedVideo(clip) as video, pytest.raises(ValueError, match="flat sequence of integ"):
        video.read(indices)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"reference": "foo"}, "reference='foo' is not one of 'previous', 'iframe'"),
        ({"precision": "half"}, "precision='half' is not one of 'subpixel', 'integer'"),
        ({"modalities": ("iframe", "flow")}, "modality='flow' is not one of 'iframe', 'motion'"),
        ({"modalities": "motion"}, "modalities='motion' must be a collection of names"),
    ],
)
def test_wrong_options_print_the_value_and_the_allowed_set(clip, option, message):
    with CompressedVideo(clip) as video, pytest.raises(ValueError, match=message):
        video.read([1], **option)


def test_virtual_gop_below_one(clip):
    with pytest.raises(ValueError, match="virtual_gop=0"):
        CompressedVideo(clip, virtual_gop=0)


def test_closed_reader(clip):
    with CompressedVideo(clip) as video:
        pass
    for use in (
        lambda: video.read([1]),
        lambda: video.frame_types,
        lambda: video.gop_frame_types(0),
    ):
        with pytest.raises(ValueError, match=r"clip\.mp4: the video is closed"):
            use()
    video.close()
    assert video.num_frames == 30
    assert video.height == 64


def test_closed_reader_of_which_only_decoding_tells_how_it_is_rotated(tmp_path):
    path = tmp_path / "clip.mkv"
    encode_frames(path, translating_frames(3, step=(2, -1), height=96, width=128), codec="h264")
    video = CompressedVideo(path)
    video.close()
    with pytest.raises(ValueError, match=r"clip\.mkv: the video is closed"):
        _ = video.height


def test_file_object_that_cannot_seek(clip):
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        error = open_error(pipe)
    assert isinstance(error, VideoOpenError)
    assert "cannot seek" in str(error)


def test_source_of_the_wrong_type():
    with pytest.raises(TypeError, match="not int"):
        CompressedVideo(3)
