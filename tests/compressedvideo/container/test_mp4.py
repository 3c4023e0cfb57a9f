"""Whether an MP4's headers turn its pictures, against FFmpeg, which tells it of decoded ones."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.bitstream import mpeg4
from compressedvideo.container.mp4 import is_upright
from tests.compressedvideo.slow_reference import translating_frames

HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope="module")
def upright(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    frames = translating_frames(6, step=(2, 1), height=HEIGHT, width=WIDTH)
    encode_frames(path, frames, codec="mpeg4")
    return path


def turned(path, degrees: int, **options: str):
    """A copy of a video with a rotation in its metadata."""
    to = path.with_name(f"turned_{degrees}_{len(options)}.mp4")
    with av.open(str(path)) as source, av.open(str(to), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(degrees)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return to


def answer(data: bytes) -> bool:
    return is_upright(io.BytesIO(data))


@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}, {"movflags": "frag_keyframe"}])
@pytest.mark.parametrize("degrees", [0, 90, 180])
def test_the_matrices_of_what_ffmpeg_writes(upright, degrees, options):
    path = turned(upright, degrees, **options)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).rotation % 360 == degrees
    assert answer(path.read_bytes()) == (degrees == 0)


@pytest.mark.skipif(not mpeg4.is_available(), reason="needs the compiled parser")
def test_vectors_alone_are_turned_too_and_upright_ones_decode_nothing(upright):
    with CompressedVideo(upright) as video:
        expected = video.read([3], modalities=("motion",)).motion
        assert video._decoder.packets_decoded == 0
    with CompressedVideo(turned(upright, 90)) as video:
        assert (video.height, video.width) == (WIDTH, HEIGHT)
        motion = video.read([3], modalities=("motion",)).motion
    x, y = np.moveaxis(np.rot90(expected, axes=(1, 2)), -1, 0)
    np.testing.assert_array_equal(motion, np.stack([y, -x], axis=-1))


def box(kind: bytes, payload: bytes, *, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(payload)) + payload
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def movie(*, version: int = 0, matrix: tuple[int, ...] | None = None, large: bool = False) -> bytes:
    """The boxes of a movie as far as its matrices, by ISO/IEC 14496-12."""
    times = bytes((16, 28)[version])
    identity = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    of_track = identity if matrix is None else struct.pack(">9I", *matrix)
    mvhd = bytes([version, 0, 0, 0]) + times + bytes(4 + 2 + 10) + identity + bytes(28)
    tkhd = bytes([version, 0, 0, 7]) + times + bytes(4 + 8 + 8) + of_track + bytes(8)
    trak = box(b"trak", box(b"tkhd", tkhd) + box(b"mdia", bytes(9)), large=large)
    moov = box(b"moov", box(b"mvhd", mvhd) + trak, large=large)
    return box(b"ftyp", b"isom") + box(b"mdat", bytes(100), large=large) + moov


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("large", [False, True])
def test_versions_and_sizes_of_boxes(version, large):
    assert answer(movie(version=version, large=large))
    mirrored = (0xFFFF0000, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    assert not answer(movie(version=version, large=large, matrix=mirrored))


def test_a_last_box_may_leave_its_size_open():
    data = movie()
    at = data.index(b"moov") - 4
    assert answer(data[:at] + bytes(4) + data[at + 4 :])


def test_damage_is_no_upright_video():
    data = movie()
    assert answer(data)
    assert not any(answer(data[:length]) for length in range(data.index(b"mdia")))
    assert not answer(b"")
    at = data.index(b"tkhd") + 4
    assert not answer(data[:at] + b"\x02" + data[at + 1 :])  # a version of the future
    for size in (1, 7, 2**32 - 1):
        at = data.index(b"trak") - 4
        assert not answer(data[:at] + struct.pack(">I", size) + data[at + 4 :])
