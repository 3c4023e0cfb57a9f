"""What comes out of the decoder: which frame is which, wherever decoding starts."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.container.packets import PacketReader, padded_packet
from compressedvideo.damage import Damage
from compressedvideo.decoding.decoder import Decoder, display_matrix
from compressedvideo.errors import CorruptVideoError
from compressedvideo.index import Picture
from tests.compressedvideo.recipes import clip_recipes
from tests.compressedvideo.slow_reference import plain_decode, translating_frames

OLD_X264 = Path(__file__).with_name("x264_core_150_444.mp4")
"""Eight frames of 4:4:4 in two GOPs. x264's message names another version than wrote them: with the
message FFmpeg decodes frames 5 and 6 otherwise than without it, and calls neither damaged."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """MPEG-4, whose decoder holds the last anchor back: GOPs of 8, 8 and 4 frames."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    frames = translating_frames(20, step=(2, 1), height=48, width=64)
    encode_frames(path, frames, codec="mpeg4", gop_size=8, b_frames=2)
    return path


class Opened:
    """A decoder, and the pictures of a video without a parser's help."""

    def __init__(self, path: Path, *, delay: int = 2) -> None:
        self.reader = PacketReader(path, str(path))
        assert sum(map(len, self.reader.scan())) == len(self.reader)
        context = self.reader.stream.codec_context
        self.decoder = Decoder(
            context,
            delay=delay,
            damage=Damage("raise", path=str(path), codec=context.name),
            max_pixels=1 << 20,
            renew=self.reader.renew,
        )
        order = np.argsort(self.reader.times).argsort().tolist()
        kinds = [frame.kind for frame in plain_decode(path)]
        self.pictures = [
            Picture(number, display, kinds[display], True, number, number, 0, 0, display, -1)
            for number, display in enumerate(order)
        ]
        for picture in self.pictures:
            picture.packets = self.reader.read(picture.number, picture.number + 1)

    def decode(self, pictures, *, exports=False, pixels=True, vectors=()):
        decoding = self.decoder.start(exports=exports, pixels=pixels)
        found = [pair for picture in pictures for pair in decoding.send(picture)]
        return found + list(decoding.finish(vectors=set(vectors)))


def test_each_frame_knows_its_picture(clip):
    plain = plain_decode(clip)
    opened = Opened(clip)
    for pictures in (opened.pictures, opened.pictures[8:16], opened.pictures[:8]):
        decoded = opened.decode(pictures)
        assert [p.display for p, _ in decoded] == sorted(p.display for p in pictures)
        for picture, frame in decoded:
            np.testing.assert_array_equal(
                frame.to_ndarray(format="rgb24"), plain[picture.display].rgb
            )
    assert opened.decoder.packets_decoded == len(plain) + 16
    opened.reader.close()


def test_b_pictures_may_be_left_out(clip):
    opened = Opened(clip)
    anchors = [picture for picture in opened.pictures[:8] if picture.kind != "B"]
    assert [p.kind for p, _ in opened.decode(anchors)] == [p.kind for p in anchors]
    opened.reader.close()


def test_the_anchor_that_is_held_back_has_vectors_if_they_are_wanted(clip):
    opened = Opened(clip)
    last = max(picture.display for picture in opened.pictures[:8])
    for wanted in ([last], []):
        *_, (picture, frame) = opened.decode(opened.pictures[:8], exports=True, vectors=wanted)
        assert picture.display == last
        assert (frame.side_data.get("MOTION_VECTORS") is not None) == bool(wanted)
    opened.reader.close()


def test_what_a_decoder_exports_is_settled_for_each(clip):
    opened = Opened(clip)
    first = opened.decoder.start(exports=True)
    again = opened.decoder.start(exports=None)
    other = opened.decoder.start(exports=False)
    assert (first.tells_matrix, again.tells_matrix, other.tells_matrix) == (True, True, False)
    opened.reader.close()


def test_refused_packets_are_damage_with_a_name(tmp_path):
    path = tmp_path / "clip.mp4"
    clip_recipes.encode(path, clip_recipes.Recipe("h264", ".mp4", num_frames=3))
    opened = Opened(path, delay=0)
    opened.pictures[1].packets = [padded_packet(b"\x00\x00\x00\x05\x41" + b"\xff" * 40)]
    with pytest.raises(CorruptVideoError, match="cannot be decoded") as caught:
        opened.decode(opened.pictures)
    error = caught.value
    assert (error.path, error.codec, error.frame) == (str(path), "h264", 1)
    opened.reader.close()


def test_a_stained_decoder_is_made_anew(clip):
    opened = Opened(clip)
    before = opened.decode(opened.pictures)
    contexts = [opened.decoder.start(exports=False)._context]
    opened.decoder.stain()
    contexts += [opened.decoder.start(exports=False)._context for _ in range(3)]
    assert len({id(context) for context in contexts}) == 4
    after = opened.decode(opened.pictures)
    assert [frame.to_ndarray().tobytes() for _, frame in before] == [
        frame.to_ndarray().tobytes() for _, frame in after
    ]
    opened.reader.close()


def test_a_decoder_serves_one_read(clip):
    opened = Opened(clip)
    decoder = opened.decoder
    decoder.begin_read()
    first = [decoder.start(exports=False)._context for _ in range(2)]
    before = opened.decode(opened.pictures)
    decoder.begin_read()
    second = [decoder.start(exports=False)._context for _ in range(2)]
    after = opened.decode(opened.pictures)
    assert first[0] is first[1] is not second[0]
    assert second[0] is second[1]
    assert [frame.to_ndarray().tobytes() for _, frame in before] == [
        frame.to_ndarray().tobytes() for _, frame in after
    ]
    opened.reader.close()


def test_damage_seen_in_one_read_has_no_say_in_the_next(clip):
    opened = Opened(clip)
    decoder = opened.decoder
    for for_good in (False, True):
        decoder.stain(for_good=for_good)
        decoder.begin_read()
        contexts = {id(decoder.start(exports=False)._context) for _ in range(2)}
        assert len(contexts) == (2 if for_good else 1)
    opened.reader.close()


def test_parameter_sets_in_the_packets_of_one_read_have_no_say_in_the_next(tmp_path):
    """Those of the second GOP alone say that its colours have full range."""
    frames = translating_frames(96, step=(2, 1), height=48, width=64)
    for name, options in (("limited", {}), ("full", {"x264-params": "fullrange=on"})):
        encode_frames(tmp_path / f"{name}.avi", frames, codec="h264", gop_size=48, options=options)
    with av.open(str(tmp_path / "full.avi")) as file:
        sets = bytes(file.streams.video[0].codec_context.extradata)
    path = tmp_path / "mixed.avi"
    with av.open(str(tmp_path / "limited.avi")) as file, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(file.streams.video[0])
        for number, packet in enumerate(file.demux(video=0)):
            if packet.dts is not None:
                data = bytes(packet)
                changed = av.Packet(
                    sets + data[data.find(b"\0\0\1\x65") :] if number == 48 else data
                )
                changed.stream, changed.is_keyframe = stream, packet.is_keyframe
                changed.pts, changed.dts, changed.time_base = (
                    packet.pts,
                    packet.dts,
                    packet.time_base,
                )
                out.mux(changed)

    def first() -> np.ndarray:
        return video.read([0], modalities=("rgb",)).rgb

    with CompressedVideo(path) as video:
        alone = first()
        second = video.read([48], modalities=("rgb",)).rgb
        np.testing.assert_array_equal(first(), alone)
    with CompressedVideo(tmp_path / "limited.avi") as video:
        np.testing.assert_array_equal(first(), alone)
        assert (video.read([48], modalities=("rgb",)).rgb != second).any()


def test_packets_are_padded():
    packet = padded_packet(b"abc")
    assert (bytes(packet), packet.size) == (b"abc", 3)


def test_the_display_matrix_is_that_of_the_container(tmp_path):
    matrix = (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path = tmp_path / "clip.mp4"
    clip_recipes.encode(path, clip_recipes.Recipe("h264", ".mp4", num_frames=2, matrix=matrix))
    with av.open(str(path)) as container:
        found = display_matrix(next(container.decode(video=0)))
    assert [found[i] for i in (0, 1, 3, 4)] == [0, 1 << 16, -1 << 16, 0]
    upright = tmp_path / "upright.mp4"
    clip_recipes.encode(upright, clip_recipes.Recipe("h264", ".mp4", num_frames=2))
    with av.open(str(upright)) as container:
        assert display_matrix(next(container.decode(video=0))) is None


def test_old_444_of_x264_is_decoded_alike_from_any_key_frame():
    plain = [frame.rgb for frame in plain_decode(OLD_X264)]
    with av.open(str(OLD_X264)) as container:  # from the second GOP on, without the message
        container.seek(container.streams.video[0].duration, stream=container.streams.video[0])
        without = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(without) == 4
    assert (without[1] != plain[5]).any()
    for frames in ([5], [6, 1], [7, 4]):
        with CompressedVideo(OLD_X264) as video:
            clip = video.read(frames, modalities=("rgb", "iframe"))
        np.testing.assert_array_equal(clip.rgb, [plain[frame] for frame in frames])
        np.testing.assert_array_equal(clip.iframes, [plain[frame // 4 * 4] for frame in frames])
