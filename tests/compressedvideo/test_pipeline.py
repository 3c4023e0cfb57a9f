"""From a GOP's packets to vectors and frames: what each picture is given, what is decoded, when."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, CorruptVideoError, encode_frames
from compressedvideo.motion.parsed import RUN
from compressedvideo.request import Request
from tests.compressedvideo.recipes import clip_recipes
from tests.compressedvideo.slow_reference import translating_frames

DIVX = b"\0\0\1\xb2DivX503b1393p"
"""User data that say that pictures are packed."""


@pytest.fixture(scope="module")
def clip_of(tmp_path_factory):
    made = {}

    def make(codec: str, b_frames: int, suffix: str, num_frames: int = 12) -> Path:
        key = codec, b_frames, suffix, num_frames
        if key not in made:
            made[key] = tmp_path_factory.mktemp("clips") / f"clip.{suffix}"
            frames = translating_frames(num_frames, step=(2, 1), height=48, width=64)
            options = dict(codec=codec, b_frames=b_frames, gop_size=num_frames)
            encode_frames(made[key], frames, **options)
        return made[key]

    return make


def request(*modalities: str, reference: str = "previous") -> Request:
    return Request(reference, "subpixel", frozenset(modalities), per_frame=False)


def plan_of(video: CompressedVideo, wanted: Request, frames: list[int]):
    pipeline = video._stream.pipeline
    plan, source = pipeline.plan(0, wanted, frames=frames, iframes=[], iframe_inds=[0])
    return plan, source, pipeline.fetch(plan)


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix"),
    [("mpeg4", 2, "avi"), ("h264", 2, "mp4"), ("hevc", 2, "mp4"), ("vp9", 0, "mp4")],
)
def test_vectors_alone_decode_nothing(clip_of, codec, b_frames, suffix):
    with CompressedVideo(clip_of(codec, b_frames, suffix)) as video:
        for modalities in (("motion",), ("motion_past", "motion_future"), ("cells",), ("bits",)):
            clip = video.read([1, 5, 10], modalities=modalities)
            assert set(clip.provenance) == {"parsed"}
        assert video._stream.decoder.packets_decoded == 0
        video.read([5], modalities=("iframe", "motion"))
        assert video._stream.decoder.packets_decoded == 1


def test_packets_are_those_of_the_plan(clip_of):
    path = clip_of("h264", 0, "mp4")
    with av.open(str(path)) as container:
        data = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    with CompressedVideo(path) as video:
        plan, _, size = plan_of(video, request("rgb"), [2, 4])
        assert [[bytes(p) for p in picture.packets] for picture in plan.send] == [
            [one] for one in data[:5]
        ]
        assert size == sum(map(len, data[:5]))
        assert plan.parse == []


def test_two_pictures_in_a_packet_are_taken_apart(tmp_path):
    single, packed = tmp_path / "single.mkv", tmp_path / "packed.avi"
    clip_recipes.encode(single, clip_recipes.Recipe("mpeg4", ".mkv", 2, gop=12, num_frames=11))
    with av.open(str(single)) as container:
        head = container.streams.video[0].codec_context.extradata + DIVX
        pictures = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    clip_recipes.copy(single, packed, edit=partial(clip_recipes.pack_b_frames, rate=25), head=head)
    with av.open(str(packed)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert packets[1] == pictures[1] + pictures[2]
    with CompressedVideo(packed) as video:
        assert video.num_frames == 11
        plan, _, _ = plan_of(video, request("rgb"), list(range(11)))
        assert [list(map(bytes, picture.packets)) for picture in plan.send] == [
            [picture] for picture in pictures
        ]


def test_both_fields_of_a_frame_are_sent(shared_data):
    path = shared_data / "wild" / "07_paff_HPCVFL_BRCM_A.ts"
    if not path.exists():
        pytest.skip(f"no {path}")
    with CompressedVideo(path) as video:
        plan, _, _ = plan_of(video, request("rgb"), [0, 1, 2])
        assert {len(picture.packets) for picture in plan.send} <= {1, 2}
        pairs = [p for p in plan.send if p.last_packet > p.first_packet]
        assert pairs
        assert all(len(picture.packets) == 2 for picture in pairs)
        assert all(picture.is_interlaced for picture in pairs)


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg4", "avi"), ("h264", "mp4")])
def test_vectors_and_frames_come_in_step(clip_of, codec, suffix):
    """Of neither more wait for the other than are parsed in a call, and than the decoder holds."""
    with CompressedVideo(clip_of(codec, 2, suffix, 100)) as video:
        wanted = request("motion", "rgb", "residual")
        plan, source, _ = plan_of(video, wanted, list(range(100)))
        vectors: list[int] = []
        frames: list[int] = []
        for picture, cells, _, frame in video._stream.pipeline.arrivals(plan, source):
            if cells is not None:
                vectors.append(picture.number)
            if frame is not None:
                frames.append(picture.display)
            assert -5 <= len(vectors) - len(frames) <= RUN + 5
    assert vectors == list(range(100))  # in decoding order
    assert frames == list(range(100))  # in display order


def test_frames_that_rest_on_lost_ones_are_refused(clip_of):
    with CompressedVideo(clip_of("h264", 0, "mp4")) as video:
        lost = video._stream.index.lost
        lost[4:] = True
        assert len(video.read([0, 3], modalities=("rgb",)).rgb) == 2
        with pytest.raises(CorruptVideoError, match="missing in the file") as caught:
            video.read([2, 5], modalities=("rgb",))
        assert (caught.value.frame, caught.value.codec) == (5, "h264")


def test_the_matrix_of_a_file_that_does_not_tell_takes_one_picture(tmp_path):
    path = tmp_path / "clip.mkv"
    clip_recipes.encode(path, clip_recipes.Recipe("h264", ".mkv", 2))
    with CompressedVideo(path) as video:
        assert video._stream.decoder.packets_decoded == 0
        assert (video.width, video.height) == (64, 48)
        assert video._stream.decoder.packets_decoded == 1
        assert video.width == 64
        assert video._stream.decoder.packets_decoded == 1
    with CompressedVideo(path) as video:  # a read that decodes anyway has seen it
        video.read([0], modalities=("rgb",))
        decoded = video._stream.decoder.packets_decoded
        assert video.height == 48
        assert video._stream.decoder.packets_decoded == decoded


def test_reads_do_not_depend_on_earlier_ones(clip_of):
    """Whatever decoders were opened before, and however they export."""
    path = clip_of("h264", 2, "mp4")
    orders = [("rgb",), ("motion", "residual"), ("motion",), ("iframe", "motion_past")]
    expected = {}
    for modalities in orders:
        with CompressedVideo(path) as video:
            expected[modalities] = video.read([7, 2], modalities=modalities)
    with CompressedVideo(path) as video:
        for modalities in (*orders, *reversed(orders)):
            clip, fresh = video.read([7, 2], modalities=modalities), expected[modalities]
            assert clip.provenance == fresh.provenance
            for name in ("rgb", "motion", "residual", "iframes", "motion_past", "valid_past"):
                found, wanted = getattr(clip, name), getattr(fresh, name)
                assert (found is None) == (wanted is None)
                if wanted is not None:
                    np.testing.assert_array_equal(found, wanted)
