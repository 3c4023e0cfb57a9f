"""Reading chosen frames: known motion, all options of ``read``, what is decoded and what not."""

from __future__ import annotations

import gc
import io

import numpy as np
import pytest

from compressedvideo import CompressedVideo, NoMotionVectorsError, encode_frames
from compressedvideo import video as video_module
from compressedvideo.assemble import ClipAssembler
from compressedvideo.bitstream import mpeg4
from compressedvideo.pipeline import GopPipeline
from tests.compressedvideo.slow_reference import (
    paint_blocks,
    plain_decode,
    slow_warp,
    translating_frames,
)

HEIGHT, WIDTH = 96, 128


@pytest.fixture(scope="module")
def clip_of(tmp_path_factory):
    """Encodes a translating texture once per set of arguments: ``(path, step)``."""
    made = {}

    def make(
        codec="mpeg4", b_frames=0, suffix="mp4", step=(2, -1), num_frames=30, gop_size=12, **options
    ):
        key = codec, b_frames, suffix, step, num_frames, gop_size, *options.items()
        if key not in made:
            path = tmp_path_factory.mktemp("clips") / f"clip.{suffix}"
            encode_frames(
                path,
                translating_frames(num_frames, step=step, height=HEIGHT, width=WIDTH),
                codec=codec,
                b_frames=b_frames,
                gop_size=gop_size,
                options=options,
            )
            made[key] = path
        return made[key]

    return make


# -- known motion


def share_equal(motion: np.ndarray, valid: np.ndarray, expected: tuple[float, float]) -> float:
    """Share of the pixels with a vector whose vector is the expected one, off the border."""
    inner = (slice(None), slice(16, -16), slice(16, -16))
    return (motion[inner] == expected).all(axis=-1)[valid[inner]].mean()


@pytest.mark.parametrize(
    ("codec", "suffix", "step"),
    [
        ("mpeg4", "mp4", (2, -1)),
        ("mpeg4", "avi", (-1.5, 2.5)),
        ("h264", "mp4", (2, -1)),
        ("h264", "mkv", (-1.25, 0.75)),
        ("mpeg1", "mpg", (3, 1)),
        ("mpeg2", "mkv", (-2.5, 1)),
        ("h263", "3gp", (1, 2)),
        ("h263p", "avi", (0.5, -2)),
        ("flv1", "flv", (-3, 1)),
    ],
)
def test_p_frames_have_the_motion_of_the_content(clip_of, codec, suffix, step):
    with CompressedVideo(clip_of(codec, 0, suffix, step)) as video:
        clip = video.read([1, 7, 11, 13, 29], modalities=("motion", "motion_past"))
        assert clip.frame_types == ["P"] * 5
        assert clip.reference_distance.tolist() == [1] * 5
        np.testing.assert_array_equal(clip.motion, clip.motion_past)
        assert clip.motion.dtype == np.float32
        assert share_equal(clip.motion, clip.valid_past, step) > 0.9
        frames = [1, 2, 5, 11]
        clip = video.read(frames, reference="iframe", modalities=("motion",))
        for i, frame in enumerate(frames):
            # Off the border, from where the chain of vectors leads out of the frame.
            x, y = (16 + int(abs(s) * frame) for s in step)
            error = np.abs(clip.motion[i, y:-y, x:-x] - np.multiply(step, frame)).max(axis=-1)
            assert (error <= 0.5).mean() > 0.8


@pytest.mark.parametrize(("codec", "suffix"), [("h264", "mp4"), ("mpeg1", "mpg"), ("mpeg2", "mkv")])
def test_b_frames_have_it_in_both_directions(clip_of, codec, suffix):
    step = (2, -1)
    options = {"mbtree": "1"} if codec == "h264" else {}  # else it takes only the nearer one
    with CompressedVideo(clip_of(codec, 2, suffix, step, **options)) as video:
        assert "".join(video.frame_types[:13]) == "IBBPBBPBBPBPI"
        first, second = [1, 4, 7, 13, 16], [2, 5, 8, 14, 17]
        for frames, past, future in [(first, 1, -2), (second, 2, -1)]:
            clip = video.read(frames, modalities=("motion", "motion_past", "motion_future"))
            assert clip.frame_types == ["B"] * 5
            assert clip.reference_distance.tolist() == [past] * 5
            assert clip.future_distance.tolist() == [future] * 5
            expected = step[0] * past, step[1] * past
            assert share_equal(clip.motion_past, clip.valid_past, expected) > 0.85
            expected = step[0] * future, step[1] * future
            assert share_equal(clip.motion_future, clip.valid_future, expected) > 0.85
            valid = clip.valid_past | clip.valid_future
            assert share_equal(clip.motion, valid, step) > 0.85  # pixels per frame


def test_p_frames_span_their_b_frames_unless_per_frame(clip_of):
    with CompressedVideo(clip_of("h264", 2)) as video:
        raw = video.read([3, 6], modalities=("motion",))
        velocity = video.read([3, 6], modalities=("motion",), per_frame=True)
        accumulated = video.read([6], reference="iframe", modalities=("motion",))
        rate = video.read([6], reference="iframe", modalities=("motion",), per_frame=True)
    assert raw.reference_distance.tolist() == [3, 3]
    np.testing.assert_allclose(raw.motion, velocity.motion * 3, rtol=1e-6)
    assert np.median(velocity.motion.reshape(-1, 2), axis=0).tolist() == [2, -1]
    assert accumulated.reference_distance.tolist() == [6]
    np.testing.assert_allclose(accumulated.motion, rate.motion * 6, rtol=1e-6)


def test_b_frames_of_mpeg4_without_the_parser_say_how_to_get_it(clip_of, monkeypatch):
    monkeypatch.setattr(mpeg4, "is_available", lambda: False)
    with CompressedVideo(clip_of("mpeg4", 2, "avi")) as video:
        assert video.has_b_frames
        with pytest.raises(NoMotionVectorsError, match=r"B-frames of MPEG-4 part 2.*pip install"):
            video.read([4], modalities=("motion",))
        anchors = [i for i, kind in enumerate(video.frame_types) if kind == "P"]
        assert (
            share_equal(
                *_vectors(video.read(anchors, modalities=("motion_past",), precision="subpixel")),
                (6, -3),
            )
            > 0.6
        )  # the last anchors of a GOP follow sooner
        assert video.read([4], modalities=("rgb", "iframe")).frame_types == ["B"]


def _vectors(clip):
    return clip.motion_past, clip.valid_past


def test_motion_of_b_frames_accumulates_along_their_references(clip_of):
    step = (2, -1)
    with CompressedVideo(clip_of("h264", 2, "mp4", step)) as video:
        clip = video.read([5, 8], reference="iframe")
        still = video.read([0], reference="iframe")
    for i, frame in enumerate((5, 8)):
        off = np.abs(clip.motion[i, 32:-32, 40:-40] - (step[0] * frame, step[1] * frame))
        assert (off.max(axis=-1) <= 1).mean() > 0.85
    assert not still.motion.any()
    assert not still.residual.any()


# -- what read returns


def test_order_and_repetition_follow_the_request(clip_of):
    path = clip_of("h264", 2)
    plain = plain_decode(path)
    frames = [29, 3, 3, 0, 14]
    with CompressedVideo(path) as video:
        clip = video.read(frames, modalities=("iframe", "rgb", "motion"))
        again = video.read([3], modalities=("motion",))
    assert clip.frame_inds.tolist() == frames
    assert clip.frame_types == [plain[i].kind for i in frames]
    assert clip.gop_inds.tolist() == [2, 0, 0, 0, 1]
    assert clip.iframe_inds.tolist() == [24, 0, 0, 0, 12]
    assert not clip.iframe_is_virtual.any()
    np.testing.assert_allclose(clip.pts_seconds, np.array(frames) / 25)
    for i, frame in enumerate(frames):
        np.testing.assert_array_equal(clip.rgb[i], plain[frame].rgb)
        np.testing.assert_array_equal(clip.iframes[i], plain[clip.iframe_inds[i]].rgb)
    np.testing.assert_array_equal(clip.motion[1], again.motion[0])
    np.testing.assert_array_equal(clip.motion[2], again.motion[0])


def test_only_what_was_asked_for_is_there(clip_of):
    with CompressedVideo(clip_of()) as video:
        for modality in ("iframe", "motion", "residual", "rgb", "motion_past", "motion_future"):
            clip = video.read([5], modalities=(modality,))
            there = {
                name
                for name in ("motion", "residual", "rgb", "motion_past", "motion_future")
                if getattr(clip, name) is not None
            }
            assert there == {modality} - {"iframe"}
            assert (clip.iframes is not None) == (modality == "iframe")
        empty = video.read([], modalities=("motion", "iframe"))
        assert empty.motion.shape == (0, HEIGHT, WIDTH, 2)


def test_iframes_may_be_chosen_apart_from_frames(clip_of):
    path = clip_of()
    plain = plain_decode(path)
    with CompressedVideo(path) as video:
        clip = video.read([5, 6, 7], iframe_inds=[24, 0], modalities=("iframe", "residual"))
    assert clip.iframes.shape == (2, HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(clip.iframes, [plain[24].rgb, plain[0].rgb])


def test_i_frames_have_neither_motion_nor_residual(clip_of):
    with CompressedVideo(clip_of()) as video:
        for reference in ("previous", "iframe"):
            clip = video.read([12], reference=reference, modalities=("motion", "residual"))
            assert not clip.motion.any()
            assert not clip.residual.any()
            assert clip.reference_distance.tolist() == [0]
            assert clip.provenance == ["none"]


def test_provenance_marks_what_is_assumed(clip_of):
    with CompressedVideo(clip_of()) as video:
        assert video.read([1]).provenance == ["read"]
    with CompressedVideo(clip_of("h264", 2)) as video:
        assert video.read([1, 3]).provenance == ["parsed"] * 2


def test_fields_of_h264_are_left_to_ffmpeg(tmp_path):
    path = tmp_path / "clip.mp4"
    frames = translating_frames(12, step=(2, 1), height=64, width=96)
    options = {"x264-params": "tff=1", "flags": "+ildct+ilme"}
    encode_frames(path, frames, codec="h264", options=options)
    with (
        CompressedVideo(path) as video,
        pytest.warns(UserWarning, match=r"frame 3 is interlaced"),
    ):
        assert video.read([3]).provenance == ["assumed-nearest-reference"]


def test_integer_precision_truncates_and_voids_outside(clip_of):
    with CompressedVideo(clip_of("mpeg4", 0, "avi", (-1.5, 2.5))) as video:
        clip = video.read([5], precision="integer", modalities=("motion",))
        exact = video.read([5], modalities=("motion",))
    assert clip.motion.dtype == np.int16
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    whole = np.trunc(exact.motion[0])
    inside = (x - whole[..., 0] >= 0) & (x - whole[..., 0] < WIDTH)
    inside &= (y - whole[..., 1] >= 0) & (y - whole[..., 1] < HEIGHT)
    np.testing.assert_array_equal(clip.motion[0], np.where(inside[..., None], whole, 0))
    assert not inside.all()


# -- sources and properties


def test_opens_paths_bytes_and_files_alike(clip_of):
    path = clip_of()
    with CompressedVideo(path) as video:
        expected = video.read([5, 17])
        assert (video.path, video.codec, video.fps) == (str(path), "mpeg4", 25)
        assert (video.width, video.height, video.num_frames) == (WIDTH, HEIGHT, 30)
    with path.open("rb") as file:
        for source in (str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), file):
            with CompressedVideo(source) as video:
                clip = video.read([5, 17])
            np.testing.assert_array_equal(clip.motion, expected.motion)
            np.testing.assert_array_equal(clip.residual, expected.residual)
        assert not file.closed


def test_two_reads_do_not_disturb_each_other(clip_of):
    with CompressedVideo(clip_of("h264", 2)) as video:
        first = video.read([28, 5])
        video.read([13, 2, 20], reference="iframe")
        assert video.frame_types[0] == "I"
        second = video.read([28, 5])
    for name in ("motion", "residual", "iframes"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix"),
    [("mpeg4", 0, "mp4"), ("mpeg4", 2, "avi"), ("h264", 2, "mp4"), ("mpeg2", 2, "mkv")],
)
def test_every_frame_alone_is_the_frame_of_the_whole(clip_of, codec, b_frames, suffix):
    path = clip_of(codec, b_frames, suffix)
    plain = plain_decode(path)
    with CompressedVideo(path) as video:
        assert video.num_frames == len(plain)
        for i in np.random.default_rng(0).permutation(len(plain)).tolist():
            clip = video.read([i], modalities=("rgb", "iframe"))
            np.testing.assert_array_equal(clip.rgb[0], plain[i].rgb)
            np.testing.assert_array_equal(clip.iframes[0], plain[clip.iframe_inds[0]].rgb)


# -- what is decoded


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix"),
    [
        ("mpeg4", 0, "mp4"),
        ("mpeg4", 2, "avi"),
        ("mpeg4", 2, "mp4"),
        ("h264", 3, "mp4"),
        ("mpeg1", 2, "mpg"),
        ("mpeg2", 2, "mkv"),
    ],
)
def test_no_shortcut_changes_a_vector(clip_of, codec, b_frames, suffix):
    """Whole-clip decoding exports the same blocks as seeking, skipping and stopping early."""
    path = clip_of(codec, b_frames, suffix)
    plain = plain_decode(path)
    with CompressedVideo(path) as video:
        for i, frame in enumerate(plain):
            if frame.blocks is None or (codec == "mpeg4" and frame.kind == "B"):
                continue  # I-frames, and the last anchor: a plain decoder loses its vectors
            clip = video.read([i], modalities=("motion_past", "motion_future"))
            for source, motion, valid in (
                (-1, clip.motion_past, clip.valid_past),
                (1, clip.motion_future, clip.valid_future),
            ):
                expected, expected_valid = paint_blocks(
                    frame.blocks, source=source, height=HEIGHT, width=WIDTH, whole=False
                )
                np.testing.assert_array_equal(motion[0], expected)
                if codec == "h264":  # FFmpeg invents zeros for what uses the other list only
                    expected_valid &= valid[0] | expected.any(-1)
                np.testing.assert_array_equal(valid[0], expected_valid)


@pytest.mark.parametrize("codec", ["mpeg4", "mpeg1", "mpeg2", "h264"])
def test_the_last_anchor_of_a_gop_keeps_its_vectors(clip_of, codec):
    suffix = {"mpeg4": "avi", "mpeg1": "mpg"}.get(codec, "mp4")
    with CompressedVideo(clip_of(codec, 2, suffix)) as video:
        for last in (11, video.num_frames - 1):
            clip = video.read([last], modalities=("motion_past",))
            assert clip.frame_types == ["P"]
            assert clip.valid_past.mean() > 0.8


def packets_for(path, frames, **options) -> int:
    with CompressedVideo(path) as video:
        video.read(frames, **options)
        return video._stream.decoder.packets_decoded


def test_decoding_starts_at_the_key_frame_and_ends_at_the_last_wanted(clip_of):
    path = clip_of("h264", 0, "mkv", gop_size=12)
    assert packets_for(path, [14]) == 3
    assert packets_for(path, [14, 17, 12]) == 6
    assert packets_for(path, [3, 29]) == 4 + 6
    assert packets_for(path, [14, 29], modalities=("iframe",)) == 2


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix"), [("mpeg4", 0, "mp4"), ("mpeg2", 2, "mkv"), ("h264", 2, "mp4")]
)
def test_gops_planned_together_are_those_planned_one_by_one(
    clip_of, monkeypatch, codec, b_frames, suffix
):
    """Only so many bytes of packets are held; here those of all GOPs, or of one at a time."""
    frames = np.arange(30)
    with CompressedVideo(clip_of(codec, b_frames, suffix)) as video:
        together = video.read(frames)
        monkeypatch.setattr(video_module, "_MAX_AHEAD", 0)
        order = []
        for kind, step in ((GopPipeline, "plan"), (ClipAssembler, "fill")):
            method = getattr(kind, step)
            monkeypatch.setattr(
                kind,
                step,
                lambda *args, step=step, method=method, **kwargs: (
                    order.append(step),
                    method(*args, **kwargs),
                )[1],
            )
        one_by_one = video.read(frames)
    assert order == ["plan", "fill"] * 3
    for name in ("motion", "residual", "iframes", "pts_seconds"):
        np.testing.assert_array_equal(getattr(one_by_one, name), getattr(together, name))


class CountingContainer:
    """A container that counts how often it is told to seek."""

    def __init__(self, container):
        self.container, self.seeks = container, 0

    def __getattr__(self, name):
        return getattr(self.container, name)

    def seek(self, *args, **kwargs):
        self.seeks += 1
        self.container.seek(*args, **kwargs)


def test_gops_in_a_row_are_read_without_a_seek_between_them(clip_of, monkeypatch):
    monkeypatch.setattr("compressedvideo.container.packets._MAX_KEPT", 0)
    path = clip_of("mpeg4", 0, "mkv")  # of 12, 12 and 6 frames
    expected = plain_decode(path)
    with CompressedVideo(path) as video:
        container = video._stream.packets._container = CountingContainer(
            video._stream.packets._container
        )
        for frames, seeks in [
            (range(30), 1),  # all was demuxed to open it
            (range(12, 30), 1),
            (range(11), 1),  # ends a frame early, which is demuxed rather than sought over
            (range(12, 30), 0),
            (range(12), 1),
            (range(12, 24), 0),
            (range(24, 30), 0),
            (range(24, 30), 1),
        ]:
            before = container.seeks
            clip = video.read(list(frames), modalities=("rgb",))
            assert container.seeks - before == seeks
            for rgb, frame in zip(clip.rgb, frames, strict=True):
                np.testing.assert_array_equal(rgb, expected[frame].rgb)


def test_pictures_that_nobody_needs_are_not_decoded(clip_of):
    for codec, suffix in [("h264", "mkv"), ("mpeg4", "avi"), ("mpeg1", "mpg")]:
        path = clip_of(codec, 2, suffix, gop_size=12)  # I B B P B B P B B P B P
        assert packets_for(path, [9]) == 4  # I, P, P, P
        assert packets_for(path, [4], modalities=("rgb",)) == 4  # I, P, P, B


def test_long_clips_cost_no_more_than_short_ones(clip_of):
    """Frames, key frames and one segment of a container with an index: no packet scan."""
    for b_frames in (0, 2):
        short = clip_of("h264", b_frames, "mp4", num_frames=30)
        long = clip_of("h264", b_frames, "mp4", num_frames=360)
        assert packets_for(long, [14]) == packets_for(short, [14])
        with CompressedVideo(long) as video:
            assert video.num_frames == 360
            assert len(video.keyframes) == 30
            video.read([100, 200])


def test_memory_is_given_back_without_the_garbage_collector(clip_of):
    """No reference cycle keeps decoded frames alive."""
    with CompressedVideo(clip_of("h264", 2)) as video:
        video.read([5, 17])
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                video.read([5, 17])
            frames = [o for o in gc.get_objects() if type(o).__name__ == "VideoFrame"]
            assert len(frames) <= 2  # PyAV holds an empty one for each decoder
        finally:
            gc.enable()


# -- virtual I-frames


def test_virtual_iframes_stand_in_where_key_frames_are_rare(clip_of):
    path = clip_of("h264", 2, "mp4", num_frames=40, gop_size=40)
    plain = plain_decode(path)
    with CompressedVideo(path, virtual_gop=10) as video:
        assert video.keyframes.tolist() == [0]
        kinds = video.frame_types
        virtual = video.iframe_inds.tolist()[1:]
        assert virtual == [12, 24, 36]  # the next anchors, three apart, ten or more later
        assert [kinds[i] for i in virtual] == ["P"] * 3
        clip = video.read([11, 12, 15, 39], reference="iframe")
        raw = video.read([15], modalities=("motion", "residual"))
        before = video.read([11], reference="iframe", modalities=("motion",))
    assert clip.iframe_inds.tolist() == [0, 12, 12, 36]
    assert clip.iframe_is_virtual.tolist() == [False, True, True, True]
    assert clip.gop_inds.tolist() == [0, 0, 0, 0]
    assert not clip.motion[1].any()
    assert not clip.residual[1].any()
    inner = np.s_[16:-16, 16:-16]  # one step from the virtual one
    np.testing.assert_array_equal(clip.motion[2][inner], raw.motion[0][inner])
    for i, frame in enumerate([11, 12, 15, 39]):
        iframe = plain[clip.iframe_inds[i]].rgb
        np.testing.assert_array_equal(clip.iframes[i], iframe)
        prediction = slow_warp(iframe, clip.motion[i])
        np.testing.assert_array_equal(prediction + clip.residual[i], plain[frame].rgb)
    # A future reference beyond the virtual I-frame tells nothing about motion since the real one.
    assert np.abs(np.median(before.motion[0, 32:-32, 40:-40].reshape(-1, 2), axis=0)).max() > 5


# -- memory


def test_an_earlier_clip_may_be_overwritten(clip_of):
    everything = ("iframe", "rgb", "motion", "residual", "motion_past", "motion_future")
    with CompressedVideo(clip_of("h264", 2, "mp4")) as video:
        for reference in ("previous", "iframe"):
            expected = video.read([5, 3, 14], reference=reference, modalities=everything)
            earlier = video.read([1, 2, 8, 9], reference=reference, modalities=everything)
            clip = video.read([5, 3, 14], reference=reference, modalities=everything, out=earlier)
            for name in ("iframes", *everything[1:]):
                assert np.shares_memory(getattr(clip, name), getattr(earlier, name))
            for name in ("iframes", *everything[1:], "valid_past", "valid_future"):
                np.testing.assert_array_equal(getattr(clip, name), getattr(expected, name))


def test_memory_that_does_not_fit_is_left_alone(clip_of):
    with CompressedVideo(clip_of("h264", 2, "mp4")) as video:
        few = video.read([1], modalities=("motion", "rgb"))
        before = few.motion.copy(), few.rgb.copy()
        clip = video.read([1, 2], modalities=("motion", "rgb"), out=few)
        whole = video.read([1], modalities=("motion",), precision="integer", out=few)
        for one in (clip.motion, clip.rgb, whole.motion):
            assert not np.shares_memory(one, few.motion)
        np.testing.assert_array_equal(clip.motion[0], few.motion[0])
        np.testing.assert_array_equal(before[0], few.motion)
        np.testing.assert_array_equal(before[1], few.rgb)
        assert whole.motion.dtype == np.int16


def test_only_packets_up_to_the_last_wanted_are_fetched(clip_of):
    with CompressedVideo(clip_of("h264", 3, "mp4", gop_size=30)) as video:
        index = video._stream.index
        whole = index.pictures(0, last=29)
        assert [picture.number for picture in whole] == list(range(30))
        for last in range(29):
            part = index.pictures(0, last=last)
            assert part == whole[: last + 1]


# -- vectors of cells


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg4", "avi"), ("h264", "mp4")])
@pytest.mark.parametrize("per_frame", [False, True])
def test_cells_are_what_pixels_are_painted_with(clip_of, codec, suffix, per_frame):
    with CompressedVideo(clip_of(codec, 2, suffix)) as video:
        frames = np.arange(16)
        clips = [
            video.read(frames, modalities=("motion",), layout=layout, per_frame=per_frame)
            for layout in ("cells", "pixels")
        ]
        assert set("IPB") == set(clips[0].frame_types)
        cell = clips[0].cell
        assert cell == (4 if codec == "h264" else 8)
        assert clips[0].motion.shape == (16, -(-HEIGHT // cell), -(-WIDTH // cell), 2)
        np.testing.assert_array_equal(clips[0].motion, clips[1].motion[:, ::cell, ::cell])
        assert clips[1].cell == 0
        with pytest.raises(ValueError, match="layout='cells' goes with"):
            video.read([1], modalities=("motion",), layout="cells", precision="integer")
        with pytest.raises(ValueError, match="layout='cells' goes with"):
            video.read([1], layout="cells")
        with pytest.raises(ValueError, match="layout='blocks' is not one of 'pixels', 'cells'"):
            video.read([1], layout="blocks")
