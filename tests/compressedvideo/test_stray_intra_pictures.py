"""I-pictures inside a GOP, and picture types of codecs that no parser knows."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from compressedvideo import CodecError, CompressedVideo, encode_frames


def frames_with_cut() -> np.ndarray:
    """[40, 96, 128, 3]: another smooth texture from frame 18 on, both moving by a pixel a frame."""
    rng = np.random.default_rng(0)
    scenes = [cv2.resize(rng.integers(0, 256, (12, 21, 3), np.uint8), (168, 96)) for _ in range(2)]
    return np.stack([scenes[int(t >= 18)][:, t : t + 128] for t in range(40)])


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """One GOP with a second I-picture at 18 that MP4's table of key frames leaves out."""
    path = tmp_path_factory.mktemp("stray") / "clip.mp4"
    params = "keyint=60:min-keyint=60:scenecut=40:open-gop=0"
    encode_frames(path, frames_with_cut(), codec="h264", options={"x264-params": params})
    return path


def test_frames_behind_an_intra_picture_within_the_gop_are_read(clip):
    with av.open(str(clip)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for wanted in ([25], [18], [39, 3, 19]):
        with CompressedVideo(clip) as video:  # afresh: without a scan of all packets
            read = video.read(wanted, modalities=("rgb", "iframe"))
        np.testing.assert_array_equal(read.rgb, [decoded[frame] for frame in wanted])
        np.testing.assert_array_equal(read.iframe_inds, 0)


def test_types_of_one_gop_are_those_of_the_whole(clip):
    with CompressedVideo(clip) as video:
        types = video.gop_frame_types(0)
        assert types == video.frame_types
    assert [i for i, kind in enumerate(types) if kind == "I"] == [0, 18]


def test_virtual_iframes_of_a_codec_without_parser(tmp_path):
    path = tmp_path / "clip.mp4"
    try:
        encode_frames(path, frames_with_cut(), codec="hevc", gop_size=40)
    except CodecError as error:
        pytest.skip(f"this FFmpeg writes no HEVC: {error}")
    with CompressedVideo(path, virtual_gop=10) as video:
        np.testing.assert_array_equal(video.iframe_inds, [0, 10, 20, 30])
        clip = video.read([25], modalities=("iframe",))
    assert clip.iframe_is_virtual.tolist() == [True]


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
@pytest.mark.parametrize(
    "params",
    [
        "keyint=12:min-keyint=12:scenecut=0:open-gop=1:bframes=2",  # key frames that are no IDR
        "keyint=60:min-keyint=60:scenecut=60:open-gop=0:bframes=0",  # I-pictures that are no keys
    ],
)
def test_frames_read_after_a_seek_are_those_of_a_linear_decode(tmp_path, suffix, params):
    path = tmp_path / f"clip.{suffix}"
    scenes = frames_with_cut()
    frames = scenes[[t + 20 * (t // 5 % 2) for t in range(20)] * 2]  # the past pays as reference
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = {"x264-params": f"ref=4:{params}"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with CompressedVideo(path) as video:
        assert "I" in video.frame_types[1:]
        for frame in range(len(decoded)):
            read = video.read([frame], modalities=("rgb",)).rgb[0]
            np.testing.assert_array_equal(read, decoded[frame], err_msg=f"frame {frame}")
