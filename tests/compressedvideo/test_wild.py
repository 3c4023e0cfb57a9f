"""The traps of real files, each on the clip that has it."""

from __future__ import annotations

import warnings

import av
import numpy as np
import pytest
from av.codec.context import Flags2
from av.sidedata.sidedata import Type
from av.video.frame import PictureType

from compressedvideo import CompressedVideo, NoMotionVectorsError, encode_frames
from compressedvideo.motion.kernels import NumpyKernels
from tests.compressedvideo.slow_reference import plain_decode, translating_frames

GOLF = "Golf_Tips_-_Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0.avi"
READABLE = [
    GOLF,
    "av1_video.mkv",
    "cartwheel.avi",
    "demo.mp4",
    "flipping_a_pancake.mkv",
    "h264_10bits.mp4",
    "h265_10bits.mp4",
    "h265_video.mp4",
    "part_0.mp4",
    "person01_boxing_d1_uncomp.avi",
    "unordered.mov",
    "v_ApplyEyeMakeup_g01_c01.avi",
    "v_BenchPress_g01_c01.avi",
    "v_biking_01_01.mpg",
    "video2.webm",
]


@pytest.fixture(scope="module")
def clips(shared_data):
    return shared_data / "clips"


@pytest.mark.parametrize("name", READABLE)
def test_numbering_types_and_pixels_equal_a_plain_decoders(clips, name):
    plain = plain_decode(clips / name)
    with CompressedVideo(clips / name) as video:
        assert video.num_frames == len(plain)
        assert video.frame_types == [frame.kind for frame in plain]
        size = video.height, video.width
        assert size == plain[0].rgb.shape[:2]
        frames = np.random.default_rng(0).permutation(len(plain))[:8]
        clip = video.read(frames, modalities=("rgb", "iframe"))
        for i, frame in enumerate(frames):
            np.testing.assert_array_equal(clip.rgb[i], plain[frame].rgb)
            np.testing.assert_array_equal(clip.iframes[i], plain[clip.iframe_inds[i]].rgb)


@pytest.mark.parametrize(
    "name",
    ["v_ApplyEyeMakeup_g01_c01.avi", "cartwheel.avi", GOLF, "demo.mp4", "v_biking_01_01.mpg"],
)
def test_skipping_and_unpacking_change_no_vector(clips, name):
    plain = plain_decode(clips / name)
    is_mpeg4 = name.endswith("avi")
    chosen = [
        i
        for i, frame in enumerate(plain)
        if frame.blocks is not None and not (is_mpeg4 and frame.kind == "B")
    ][::9]
    with CompressedVideo(clips / name) as video:
        clip = video.read(chosen, modalities=("motion_past", "motion_future"))
    for i, frame in enumerate(chosen):
        for source, motion in ((-1, clip.motion_past[i]), (1, clip.motion_future[i])):
            blocks = plain[frame].blocks
            blocks = blocks[blocks["source"] == source]
            x, y = blocks["dst_x"], blocks["dst_y"]
            inside = (x < video.width) & (y < video.height)
            x, y, blocks = x[inside], y[inside], blocks[inside]
            at_centres = motion[y, x]
            scale = blocks["motion_scale"].astype(float)
            np.testing.assert_array_equal(at_centres[:, 0], -blocks["motion_x"] / scale)
            np.testing.assert_array_equal(at_centres[:, 1], -blocks["motion_y"] / scale)


def test_one_key_frame_and_packed_b_frames(clips):
    with CompressedVideo(clips / "v_ApplyEyeMakeup_g01_c01.avi") as video:
        assert (video.num_frames, video.keyframes.tolist()) == (164, [0])
        assert video.frame_types.count("B") == 108
        clip = video.read([3, 162], modalities=("rgb",))
        np.testing.assert_allclose(clip.pts_seconds, [3 / 25, 162 / 25])


def test_packets_are_not_frames(clips):
    with CompressedVideo(clips / "cartwheel.avi") as video:
        assert (video.num_frames, video.keyframes.tolist()) == (84, [0, 64, 66, 70])
    with CompressedVideo(clips / GOLF) as video:
        assert (video.num_frames, video.keyframes.tolist()) == (89, [0])


@pytest.mark.parametrize("name", ["v_ApplyEyeMakeup_g01_c01.avi", "cartwheel.avi", GOLF])
def test_the_last_anchor_of_mpeg4_with_b_frames_has_vectors(clips, name):
    plain = plain_decode(clips / name)
    last = max(i for i, frame in enumerate(plain) if frame.kind == "P")
    assert plain[last].blocks is None  # what the flush of a plain decoder loses
    with CompressedVideo(clips / name) as video:
        clip = video.read([last], modalities=("motion_past", "rgb"))
    assert clip.valid_past.mean() > 0.9
    np.testing.assert_array_equal(clip.rgb[0], plain[last].rgb)


def test_variable_frame_rate_gives_true_times(clips):
    with CompressedVideo(clips / "flipping_a_pancake.mkv") as video:
        clip = video.read([0, 1, 2, 309], modalities=("rgb",))
    np.testing.assert_allclose(clip.pts_seconds, [0, 0.033, 0.067, 10.3])


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("av1_video.mkv", "av1"),
        ("video2.webm", "vp8"),
    ],
)
def test_codecs_without_vectors_say_what_to_do(clips, name, codec):
    with CompressedVideo(clips / name) as video:
        last = video.num_frames - 1
        for modality in ("motion", "residual", "motion_past"):
            with pytest.raises(NoMotionVectorsError, match=r"reencode\.py") as caught:
                video.read([last], modalities=(modality,))
            assert caught.value.path == str(clips / name)
            assert caught.value.codec == video.codec == codec
            assert caught.value.frame == last
        assert video.read([last], modalities=("iframe", "rgb")).rgb.any()


@pytest.mark.parametrize(
    ("name", "turns", "size"), [("video_90.mov", -1, (568, 320)), ("video_180.mov", 2, (320, 568))]
)
def test_rotation_is_honoured(clips, name, turns, size):
    plain = plain_decode(clips / name)
    with CompressedVideo(clips / name) as video:
        assert (video.height, video.width) == size
        clip = video.read([1, 2], modalities=("rgb", "iframe", "motion", "residual"))
    assert clip.motion.shape == (2, *size, 2)
    for i, frame in enumerate([1, 2]):
        np.testing.assert_array_equal(clip.rgb[i], np.rot90(plain[frame].rgb, turns))
    still = np.abs(clip.rgb[1].astype(int) - clip.rgb[0]).mean()
    assert np.abs(clip.residual[1]).mean() < still  # vectors turned rightly predict better


def test_interlaced_content_warns(tmp_path):
    path = tmp_path / "clip.mkv"
    frames = translating_frames(8, step=(1, 0), height=64, width=64)
    encode_frames(path, frames, codec="mpeg2", options={"flags": "+ildct+ilme"})
    with CompressedVideo(path) as video, pytest.warns(UserWarning, match=r"clip\.mkv.*interlaced"):
        video.read([1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with CompressedVideo(path) as video:
            video.read([1], modalities=("rgb",))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])  # with a table of packets, and without
def test_open_gops_and_leading_b_frames(tmp_path, suffix):
    """Leading B-frames are displayed before the key frame that they follow in the stream."""
    path = tmp_path / f"clip.{suffix}"
    frames = translating_frames(30, step=(2, 0), height=64, width=96)
    options = {"flags": "-cgop"}
    encode_frames(path, frames, codec="mpeg2", gop_size=12, b_frames=2, options=options)
    plain = plain_decode(path)
    with CompressedVideo(path) as video:
        kinds = video.frame_types
        assert kinds == [frame.kind for frame in plain]
        leading = [int(k) - 1 for k in video.keyframes[1:]]
        assert [kinds[i] for i in leading] == ["B"] * len(leading)
        clip = video.read(leading, modalities=("rgb", "motion_future", "iframe"))
        assert clip.gop_inds.tolist() == list(range(len(leading)))
        assert clip.future_distance.tolist() == [-1] * len(leading)
        for i, frame in enumerate(leading):
            np.testing.assert_array_equal(clip.rgb[i], plain[frame].rgb)
        # The accumulated motion of a leading B-frame stays within its own GOP.
        clip = video.read(leading, reference="iframe")
        assert clip.iframe_inds.tolist() == [0, *video.keyframes[1:-1].tolist()]


def test_a_stream_that_starts_without_a_key_frame(tmp_path):
    """Cut out of a longer one: frames are counted from the first key frame on."""
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    frames = translating_frames(30, step=(2, 0), height=64, width=96)
    encode_frames(whole, frames, codec="mpeg4", gop_size=12)
    with av.open(str(whole)) as source, av.open(str(cut), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[5:30]:
            packet.stream = stream
            target.mux(packet)
    plain = plain_decode(whole)
    with CompressedVideo(cut) as video:
        assert video.num_frames == 30 - 12
        clip = video.read([0, 3], modalities=("rgb", "motion"))
    np.testing.assert_array_equal(clip.rgb, [plain[12].rgb, plain[15].rgb])
    assert np.median(clip.motion[1, ..., 0]) == 2


@pytest.mark.parametrize(
    "name",
    [
        "v_BenchPress_g01_c01.avi",
        "v_ApplyEyeMakeup_g01_c01.avi",
        "cartwheel.avi",
        "Golf_Tips_-_Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0.avi",
        "person01_boxing_d1_uncomp.avi",
        "v_biking_01_01.mpg",
        "demo.mp4",
        "part_0.mp4",
        "vid_mpeg4_part2.mp4",
        "flipping_a_pancake.mkv",
        "unordered.mov",
    ],
)
def test_no_shortcut_changes_a_vector_of_real_clips(clips, name):
    """A plain decode's blocks, against sparse reads: vectors alone, and with pixels beside them."""
    path = clips / name
    with CompressedVideo(path) as video:
        candidates = range(1, min(video.num_frames, 100))
        codec, height, width = video.codec, video.height, video.width
        plain = {}
        for number, frame in enumerate(decode_with_vectors(path)):
            if number > 100:
                break
            blocks = frame.side_data.get(Type.MOTION_VECTORS)
            if blocks is not None and not (codec == "mpeg4" and frame.pict_type == PictureType.B):
                plain[number] = blocks.to_ndarray().copy()
        chosen = [i for i in candidates if i in plain][::7]
        assert chosen
        modalities = ("motion_past", "motion_future")
        alone = video.read(chosen, modalities=modalities)
        beside = video.read(chosen, modalities=(*modalities, "rgb"))
        kernels = NumpyKernels()
        for i, frame in enumerate(chosen):
            cells = kernels.cells(
                plain[frame].tobytes(), height=height, width=width, past=0, future=1
            )
            directions = [(cells.vectors[0], alone.motion_past, beside.motion_past)]
            if (cells.slots[1] == 1).any():
                directions.append((cells.vectors[1], alone.motion_future, beside.motion_future))
            for expected, one, other in directions:
                painted = expected.repeat(8, 0).repeat(8, 1)[:height, :width] / 4
                np.testing.assert_array_equal(one[i], painted, err_msg=f"frame {frame}")
                np.testing.assert_array_equal(other[i], painted, err_msg=f"frame {frame}")


def decode_with_vectors(path):
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        context = container.streams.video[0].codec_context
        context.thread_count = 1
        context.flags2 |= Flags2.export_mvs
        yield from container.decode(video=0)
