"""Vectors of MPEG-4 part 2 from the parser, as the reader returns them."""

from __future__ import annotations

import warnings

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags2

from compressedvideo import (
    CompressedVideo,
    CorruptVideoError,
    NoMotionVectorsError,
    encode_frames,
)
from compressedvideo.bitstream import mpeg4
from compressedvideo.index import Picture
from compressedvideo.motion.cells import NO_REFERENCE
from compressedvideo.motion.kernels import kernels
from compressedvideo.motion.mpeg4 import Mpeg4Motion
from compressedvideo.motion.source import EXPORTING_CODECS, ExportedMotion
from tests.compressedvideo.bitstream import mpeg4_writer as writer
from tests.compressedvideo.slow_reference import translating_frames

STEP = (2, -1)
"""Pixels per frame."""

needs_parser = pytest.mark.skipif(not mpeg4.is_available(), reason="the parser is not compiled")


@pytest.fixture(scope="module")
def with_b_frames(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    frames = translating_frames(26, step=STEP, height=100, width=116)
    encode_frames(path, frames, codec="mpeg4", gop_size=12, b_frames=2, quality=3)
    return path


@pytest.mark.parametrize("step", [(3, -2), (-4.5, 1.5)])
@pytest.mark.parametrize("codec", ["msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "mpeg4", "flv"])
def test_exported_vectors_are_the_motion_of_the_content(tmp_path, codec, step):
    """Sign and scale, of codecs that have encoders and half-pixel vectors."""
    size = dict(height=96, width=128)
    path = tmp_path / ("clip.flv" if codec == "flv" else "clip.avi")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.pix_fmt, stream.bit_rate, stream.codec_context.gop_size = "yuv420p", 2_000_000, 12
        stream.height, stream.width = size["height"], size["width"]
        for pixels in translating_frames(8, step=step, **size):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    fields = []
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert context.name in EXPORTING_CODECS
        context.flags2 |= Flags2.export_mvs
        source = ExportedMotion(context.name, is_claimed=False)
        for number, frame in enumerate(container.decode(video=0)):
            cells = kernels().cells(source.blocks(frame), **size, past=number - 1, future=None)
            field = np.empty((size["height"], size["width"], 2), np.float32)
            kernels().single_field(field, cells, distances=[1], whole=False)
            fields.append(field)
    assert len(fields) == 8
    assert not fields[0].any()
    # Encoders that hold pictures back lose the vectors of the last one.
    moved = np.stack(fields[1:-1])[:, 16:-16, 16:-16]
    assert (np.abs(moved - step) <= 0.5).all(axis=-1).mean() > 0.95
    assert (moved == step).all(axis=-1).mean() > 0.9


@needs_parser
def test_decoded_vectors_and_pixels_are_the_same_after_parsed_ones(with_b_frames):
    modalities = ("motion", "residual", "rgb")
    with CompressedVideo(with_b_frames) as video, CompressedVideo(with_b_frames) as other:
        assert video.read([1], modalities=modalities).provenance == ["parsed"]
        chosen = frames_of(video, "P")
        clips = [opened.read(chosen, modalities=modalities) for opened in (video, other)]
    assert set(clips[0].provenance) == {"read"}
    for name in modalities:
        np.testing.assert_array_equal(*(getattr(clip, name) for clip in clips))


def frames_of(video: CompressedVideo, kinds: str) -> list[int]:
    return [i for i, kind in enumerate(video.frame_types) if kind in kinds]


@needs_parser
def test_b_frames_move_as_the_content_does(with_b_frames):
    modalities = ("motion", "motion_past", "motion_future")
    with CompressedVideo(with_b_frames) as video:
        chosen = frames_of(video, "B")
        clip = video.read(chosen, modalities=modalities)
        accumulated = video.read(chosen, reference="iframe", modalities=("motion",))
    assert len(chosen) > 10
    assert set(clip.provenance) == {"parsed"}
    for i, frame in enumerate(chosen):
        past, future = clip.valid_past[i], clip.valid_future[i]
        assert (past | future).mean() > 0.9
        for vectors, valid, distance in (
            (clip.motion[i], past | future, 1),
            (clip.motion_past[i], past, clip.reference_distance[i]),
            (clip.motion_future[i], future, clip.future_distance[i]),
        ):
            expected = np.multiply(STEP, distance)
            np.testing.assert_allclose(np.median(vectors[valid], axis=0), expected, atol=0.25)
        expected = np.multiply(STEP, frame - accumulated.iframe_inds[i])
        inner = accumulated.motion[i][32:-32, 32:-32].reshape(-1, 2)
        np.testing.assert_allclose(np.median(inner, axis=0), expected, atol=1)


def assert_equal_without_decoding(path):
    modalities = {"motion", "motion_past"}
    with CompressedVideo(path) as video:
        chosen = frames_of(video, "PS")
        video.read([0], modalities=("rgb",))  # for the rotation, which only decoding tells
        before = video._stream.decoder.packets_decoded
        parsed = video.read(chosen, modalities=modalities)
        assert video._stream.decoder.packets_decoded == before
        decoded = video.read(chosen, modalities=modalities | {"rgb"})
        assert video._stream.decoder.packets_decoded > before
    assert set(parsed.provenance) == {"parsed"}
    assert set(decoded.provenance) == {"read"}
    assert np.abs(parsed.motion).max() > 0
    for name in ("motion", "motion_past", "valid_past", "pts_seconds", "reference_distance"):
        np.testing.assert_array_equal(getattr(parsed, name), getattr(decoded, name))


@needs_parser
@pytest.mark.parametrize(
    ("b_frames", "suffix", "options"),
    [
        (0, "mp4", {}),
        (2, "avi", {"flags": "+mv4"}),
        (0, "mkv", {"flags": "+qpel+mv4"}),
    ],
)
def test_p_frames_are_the_same_without_decoding(tmp_path, b_frames, suffix, options):
    path = tmp_path / f"clip.{suffix}"
    frames = translating_frames(26, step=(1.5, -0.75), height=100, width=116)
    encode_frames(path, frames, codec="mpeg4", gop_size=12, b_frames=b_frames, options=options)
    assert_equal_without_decoding(path)


@needs_parser
@pytest.mark.parametrize("name", ["v_BenchPress_g01_c01.avi", "v_ApplyEyeMakeup_g01_c01.avi"])
def test_p_frames_of_real_clips_are_the_same_without_decoding(shared_data, name):
    assert_equal_without_decoding(shared_data / "clips" / name)


@needs_parser
def test_any_choice_of_frames_gives_what_reading_all_gives(with_b_frames):
    with CompressedVideo(with_b_frames) as video:
        whole = video.read(range(video.num_frames))
        for chosen in ([25, 1, 13, 1], [7], [11, 12, 23]):
            part = video.read(chosen)
            np.testing.assert_array_equal(part.motion, whole.motion[chosen])
            np.testing.assert_array_equal(part.residual, whole.residual[chosen])


@needs_parser
@pytest.mark.parametrize("fps", [25, 2])  # 2: times count from second to second
def test_pictures_that_are_not_read_do_not_change_vectors(tmp_path, fps):
    path = tmp_path / "clip.avi"
    frames = translating_frames(20, step=STEP, height=36, width=52)
    encode_frames(path, frames, codec="mpeg4", gop_size=9, b_frames=2, fps=fps)
    modalities = ("motion", "rgb", "motion_past", "motion_future")
    with CompressedVideo(path) as video:
        whole = video.read(range(video.num_frames), modalities=modalities)
        for chosen in frames_of(video, "B"):
            part = video.read([chosen], modalities=modalities)
            for name in ("motion", "motion_past", "motion_future", "valid_past", "valid_future"):
                np.testing.assert_array_equal(getattr(part, name)[0], getattr(whole, name)[chosen])


@needs_parser
def test_vectors_of_b_frames_explain_a_real_clip(shared_data):
    with CompressedVideo(shared_data / "clips" / "v_ApplyEyeMakeup_g01_c01.avi") as video:
        chosen = frames_of(video, "B")[::4]
        clip = video.read(chosen, modalities=("motion", "residual", "rgb"))
        anchors = video.read(
            chosen,
            modalities=("iframe",),
            iframe_inds=np.array(chosen) - clip.reference_distance.astype(int),
        )
    unexplained = np.abs(clip.rgb.astype(int) - anchors.iframes).mean()
    assert np.abs(clip.residual).mean() < 0.5 < 1.5 < unexplained


@needs_parser
def test_bits_add_up_to_the_packets(with_b_frames):
    with CompressedVideo(with_b_frames) as video:
        clip = video.read(range(video.num_frames), modalities=("bits",))
        packet_of = video._stream.index.records["packet"][video._stream.index.shown]
        sizes = 8 * video._stream.packets.sizes[packet_of]
        with_motion = video.read([4], modalities=("bits", "motion", "rgb"))
    assert clip.bits.shape == clip.coefficients.shape == (26, 7, 8)
    assert clip.bits.dtype == clip.coefficients.dtype == np.int32
    headers = [sizes[i] - int(clip.bits[i].sum()) for i in range(26)]
    assert min(headers) > 0
    assert np.median(headers) < 100
    assert 0 < clip.coefficients.max() <= 384
    np.testing.assert_array_equal(with_motion.bits[0], clip.bits[4])
    assert with_motion.frame_types == ["B"]


def test_bits_of_other_codecs_are_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    encode_frames(path, translating_frames(4, step=STEP, height=64, width=64), codec="mpeg2")
    with (
        CompressedVideo(path) as video,
        pytest.raises(NoMotionVectorsError, match=r"only of mpeg4, h264, hevc.*codec mpeg2video"),
    ):
        video.read([1], modalities=("bits",))


@pytest.mark.parametrize(("codec", "block"), [("h264", 16), ("hevc", 64)])
def test_bits_of_other_parsers_add_up_to_the_packets(tmp_path, codec, block):
    path = tmp_path / "clip.mp4"
    frames = translating_frames(14, step=STEP, height=100, width=116)
    encode_frames(path, frames, codec=codec, gop_size=12, b_frames=2)
    with CompressedVideo(path) as video:
        clip = video.read(range(14), modalities=("bits",))
        sizes = (
            8
            * video._stream.packets.sizes[
                video._stream.index.records["packet"][video._stream.index.shown]
            ]
        )
    assert clip.bits_block == block
    assert clip.bits.shape == (14, -(-100 // block), -(-116 // block))
    headers = sizes - clip.bits.sum(axis=(1, 2))
    assert headers.min() > 0
    assert np.median(headers) < 250


def test_bits_without_the_parser_say_how_to_get_it(with_b_frames, monkeypatch):
    monkeypatch.setattr(mpeg4, "is_available", lambda: False)
    with CompressedVideo(with_b_frames) as video:
        with pytest.raises(NoMotionVectorsError, match="C compiler"):
            video.read([1], modalities=("bits",))
        # P-frames need no parser.
        assert video.read([3], modalities=("motion",)).provenance == ["read"]


@needs_parser
def test_damage_names_the_file_and_the_frame(tmp_path):
    path = tmp_path / "clip.avi"
    frames = translating_frames(12, step=STEP, height=64, width=64)
    encode_frames(path, frames, codec="mpeg4", gop_size=12)
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(6):
        at = data.index(b"\0\0\1\xb6", at + 1)
    data[at + 8 : at + 40] = bytes(32)  # in the sixth picture
    path.write_bytes(data)
    with CompressedVideo(path) as video:
        assert video.read([4], modalities=("motion",)).provenance == ["parsed"]
        with pytest.raises(CorruptVideoError, match=r"vectors cannot be parsed") as caught:
            video.read([5], modalities=("motion",))
    assert (caught.value.path, caught.value.frame) == (str(path), 5)


@needs_parser
def test_a_tool_that_the_parser_refuses_leaves_p_frames_to_the_decoder(with_b_frames, monkeypatch):
    parse_run = mpeg4.Mpeg4MotionParser.parse_run

    def refuse(self, packets, wanted, **kwargs):
        run = parse_run(self, packets, wanted, **kwargs)
        run.problems.append(mpeg4.Problem(0, "this tool is not supported", True, True, (0, 0)))
        return run

    monkeypatch.setattr(mpeg4.Mpeg4MotionParser, "parse_run", refuse)
    with CompressedVideo(with_b_frames) as video:
        assert video.read([3], modalities=("motion",)).provenance == ["read"]
        with pytest.raises(NoMotionVectorsError, match="this tool is not supported"):
            video.read([4], modalities=("motion",))


def coded(kind: str, display: int, data: bytes) -> Picture:
    picture = Picture(display, display, kind, True, display, display, 0, len(data), display, -1)
    picture.packets = [data]
    return picture


@needs_parser
def test_pictures_that_do_not_end_exactly_are_warned_of_once():
    size = dict(height=writer.HEIGHT, width=writer.WIDTH)
    p_frame = writer.vop("P", 1, *[writer.inter(1, 0)] * 8)
    source = Mpeg4Motion(writer.vol(), with_costs=False, path="clip.avi")
    i_picture = coded("I", 0, writer.vop("I", 0, writer.INTRA * 8))
    ((run, (parsed,)),) = source.parse([i_picture, coded("P", 1, p_frame)], wanted={1}, **size)
    assert [picture.display for picture in run] == [0, 1]
    assert (parsed.picture.display, parsed.costs) == (1, None)

    def parse_too_long(display: int) -> None:
        picture = coded("P", display, p_frame + b"\x5a" * 5)
        ((_, (parsed,)),) = source.parse([picture], wanted={display}, **size)
        assert not parsed.cells.slots[0].any()
        assert (parsed.cells.slots[1] == NO_REFERENCE).all()

    with pytest.warns(UserWarning, match=r"clip\.avi: the macroblocks of P-frame 2 do not"):
        parse_too_long(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse_too_long(3)


@needs_parser
def test_packed_and_unpacked_files_have_the_same_vectors(shared_data, tmp_path):
    """Two pictures in a packet, then a placeholder; FFmpeg's filter takes them apart."""
    packed, unpacked = shared_data / "clips" / "v_ApplyEyeMakeup_g01_c01.avi", tmp_path / "clip.avi"
    with av.open(str(packed)) as source, av.open(str(unpacked), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        unpack = BitStreamFilterContext("mpeg4_unpack_bframes", stream, copy)
        sizes = []
        for packet in source.demux(stream):
            size = packet.size
            for single in unpack.filter(packet if size else None):
                sizes.append((size, single.size))
                single.stream = copy
                target.mux(single)
    assert any(before > after for before, after in sizes)
    modalities = ("motion_past", "motion_future")
    with CompressedVideo(packed) as one, CompressedVideo(unpacked) as other:
        num_frames = min(one.num_frames, other.num_frames)  # a last B-picture may be lost
        assert abs(one.num_frames - other.num_frames) <= 1
        assert one.frame_types[: num_frames - 1] == other.frame_types[: num_frames - 1]
        assert "B" in one.frame_types
        chosen = range(0, num_frames - 2, 3)
        clips = [video.read(chosen, modalities=modalities) for video in (one, other)]
    for name in (*modalities, "valid_past", "valid_future"):
        np.testing.assert_array_equal(*(getattr(clip, name) for clip in clips))


@needs_parser
def test_pictures_packed_by_hand_have_the_same_vectors(with_b_frames):
    with av.open(str(with_b_frames)) as container:
        stream = container.streams.video[0]
        extradata = stream.codec_context.extradata
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
    packed, single = [], []
    for data in packets:
        vop = mpeg4.Mpeg4MotionParser(extradata, skip_i_vops=True).parse(data, on_damage="mark")[0]
        single.append(data)
        if vop.kind == "B" and len(packed) > 1 and packed[-1][1] == "P":
            packed[-1] = packed[-1][0] + data, "PB"
        else:
            packed.append((data, vop.kind))
    assert len(packed) < len(single)
    vops = []
    for stream_of_packets in (single, [data for data, _ in packed]):
        parser = mpeg4.Mpeg4MotionParser(extradata)
        vops.append([vop for data in stream_of_packets for vop in parser.parse(data)])
    assert [vop.kind for vop in vops[0]] == [vop.kind for vop in vops[1]]
    for one, other in zip(*vops, strict=True):
        for name in ("forward", "backward", "forward_valid", "backward_valid", "bits"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
