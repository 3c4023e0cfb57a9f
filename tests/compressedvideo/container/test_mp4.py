"""What an MP4's boxes say of its tracks, against FFmpeg, which tells it of decoded pictures."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.bitstream import mpeg4
from compressedvideo.container.mp4 import read_tracks
from compressedvideo.container.orientation import IDENTITY, Orientation, orientation_of
from compressedvideo.errors import CorruptVideoError
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
    """Whether there are tracks, all of them upright."""
    tracks = read_tracks(io.BytesIO(data))
    return bool(tracks) and all(track.matrix == IDENTITY for track in tracks)


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
        assert video._stream.decoder.packets_decoded == 0
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
    matrix_end = data.index(b"mdia") - 4 - 8
    assert not any(answer(data[:length]) for length in range(matrix_end))
    assert not answer(b"")
    for size in (1, 7, 20):
        at = data.index(b"trak") - 4
        assert not answer(data[:at] + struct.pack(">I", size) + data[at + 4 :])


def test_a_box_that_is_too_long_is_cut_as_ffmpeg_does(upright):
    data = upright.read_bytes()
    for kind in (b"moov", b"trak", b"mdia", b"stbl"):
        at = data.index(kind) - 4
        longer = data[:at] + struct.pack(">I", 2**31) + data[at + 4 :]
        (track,) = read_tracks(io.BytesIO(longer))
        with av.open(io.BytesIO(longer)) as container:
            assert container.streams.video[0].frames == track.num_samples == 6


# ---------------------------------------------------------------------------------- matrices

ONE, UNIT = 1 << 16, 1 << 30


def patched(path, *, track: tuple[int, ...] | None = None, movie: tuple[int, ...] | None = None):
    """The file's bytes with other matrices."""
    data = bytearray(path.read_bytes())
    for kind, at, matrix in ((b"tkhd", 40, track), (b"mvhd", 36, movie)):
        if matrix is not None:
            struct.pack_into(">9i", data, data.index(kind) + 4 + at, *matrix)
    return bytes(data)


def matrix_by_ffmpeg(data: bytes) -> tuple[int, ...]:
    """The display matrix that FFmpeg hands on with the first frame; it keeps no identity."""
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
    found = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    return (ONE, 0, 0, 0, ONE, 0, 0, 0, UNIT) if found is None else struct.unpack("<9i", found)


def test_matrices_are_multiplied_as_ffmpeg_does(upright):
    rng = np.random.default_rng(0)
    for _ in range(20):
        matrices = rng.integers(-3 * ONE, 3 * ONE, (2, 9))
        matrices[:, [2, 5]] = rng.integers(-UNIT, UNIT, (2, 2))
        matrices[:, 8] = UNIT
        track, movie = (tuple(matrix.tolist()) for matrix in matrices)
        data = patched(upright, track=track, movie=movie)
        (found,) = read_tracks(io.BytesIO(data))
        assert found.matrix == matrix_by_ffmpeg(data)
        data = patched(upright, track=track)
        assert read_tracks(io.BytesIO(data))[0].matrix == track == matrix_by_ffmpeg(data)


def test_the_turns_of_movie_and_track_add_up(upright):
    clockwise = (0, ONE, 0, -ONE, 0, 0, 0, 0, UNIT)
    mirror = (-ONE, 0, 0, 0, ONE, 0, 0, 0, UNIT)
    for track, movie, expected in [
        (clockwise, clockwise, Orientation.HALF_TURN),
        (mirror, mirror, Orientation.UPRIGHT),
        (mirror, clockwise, Orientation.TRANSVERSED),
        (clockwise, mirror, Orientation.TRANSPOSED),
    ]:
        (found,) = read_tracks(io.BytesIO(patched(upright, track=track, movie=movie)))
        assert orientation_of(found.matrix) == expected


def test_the_movies_header_counts_for_the_tracks_behind_it():
    data = movie()
    (track,) = read_tracks(io.BytesIO(data))
    assert track.matrix == (ONE, 0, 0, 0, ONE, 0, 0, 0, UNIT)
    late = bytearray(data)
    late[data.index(b"mvhd") : data.index(b"mvhd") + 4] = b"free"
    (track,) = read_tracks(io.BytesIO(bytes(late)))
    assert track.matrix == (0,) * 9  # no scale: means nothing


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wild/08_mirror_h.mp4", Orientation.MIRRORED),
        ("wild/08_mirror_v.mp4", Orientation.FLIPPED),
        ("clips/video_90.mov", Orientation.CLOCKWISE),
        ("clips/video_180.mov", Orientation.HALF_TURN),
        ("clips/demo.mp4", Orientation.UPRIGHT),
    ],
)
def test_real_files(shared_data, name, expected):
    with open(shared_data / name, "rb") as file:
        (track,) = read_tracks(file)
    assert orientation_of(track.matrix) == expected


# ---------------------------------------------------------------------------------- tables


def test_tracks_are_ffmpegs_streams(upright, tmp_path):
    path = tmp_path / "two.mp4"
    with av.open(str(upright)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream("aac", rate=8000)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                target.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    with open(path, "rb") as file, av.open(str(path)) as container:
        tracks = read_tracks(file)
        assert [track.id for track in tracks] == [stream.id for stream in container.streams]
        assert [track.num_samples for track in tracks] == [s.frames for s in container.streams]
    assert [track.handler for track in tracks] == ["vide", "soun"]
    assert [track.num_descriptions for track in tracks] == [1, 1]


def table(kind: bytes, *numbers: int) -> bytes:
    return box(kind, struct.pack(f">{len(numbers) + 1}I", 0, *numbers))


def tables(*boxes: bytes, handler: bytes = b"vide") -> io.BytesIO:
    """A file of 1000 bytes, one track of which has these boxes in its sample table."""
    hdlr = box(b"hdlr", bytes(8) + handler + bytes(13))
    mdia = box(b"mdia", hdlr + box(b"minf", box(b"stbl", b"".join(boxes))))
    data = box(b"moov", box(b"trak", mdia))
    return io.BytesIO(data + box(b"mdat", bytes(1000 - 8 - len(data))))


@pytest.mark.parametrize("kind", [b"stsz", b"stz2"])
def test_more_samples_than_bytes_are_refused(kind):
    (track,) = read_tracks(tables(table(kind, 1, 1000)))
    assert track.num_samples == 1000
    with pytest.raises(CorruptVideoError, match=r"clip\.mp4: its tables announce 1001 samples"):
        read_tracks(tables(table(kind, 1, 1001)), path="clip.mp4")
    with pytest.raises(CorruptVideoError):
        read_tracks(tables(table(kind, 0, 50_000_000)))


def test_sound_may_have_many_samples_a_byte_but_not_any_number():
    (track,) = read_tracks(tables(table(b"stsz", 1, 256_000), handler=b"soun"))
    assert track.num_samples == 256_000
    with pytest.raises(CorruptVideoError, match="256001"):
        read_tracks(tables(table(b"stsz", 1, 256_001), handler=b"soun"))
    chunks = table(b"stco", 10, *range(10))
    runs = 1, 1000, 1, 4, 50_000, 1  # 3 chunks of 1000, 7 of 50,000
    with pytest.raises(CorruptVideoError, match="353000"):
        read_tracks(tables(chunks, table(b"stsc", 2, *runs), handler=b"soun"))
    assert read_tracks(tables(chunks, table(b"stsc", 2, *runs)))  # FFmpeg counts video by stsz
    assert read_tracks(tables(chunks, table(b"stsc", 2, 1, 1000, 1, 4, 1, 1), handler=b"soun"))


def test_samples_of_fragments_count_together():
    fragment = box(b"moof", box(b"traf", table(b"tfhd", 1) + table(b"trun", 400)))
    for num_fragments, is_refused in ((2, False), (3, True)):
        data = movie() + fragment * num_fragments
        data += box(b"mdat", bytes(1000 - 8 - len(data)))
        if is_refused:
            with pytest.raises(CorruptVideoError, match="announce 1200 samples"):
                read_tracks(io.BytesIO(data))
        else:
            assert len(read_tracks(io.BytesIO(data))) == 1


def test_a_hostile_table(shared_data):
    with (
        open(shared_data / "hostile" / "stsz_50M_samples.mp4", "rb") as file,
        pytest.raises(CorruptVideoError, match="50000000 samples"),
    ):
        read_tracks(file)


def test_boxes_within_boxes_without_end():
    data = b""
    for _ in range(5000):
        data = box(b"trak", data)
    assert len(read_tracks(io.BytesIO(box(b"moov", data)))) == 1


def test_random_damage_is_an_answer_or_a_codec_error(upright):
    data = upright.read_bytes()
    start = data.index(b"moov") - 4
    rng = np.random.default_rng(0)
    num_refused = 0
    for _ in range(2000):
        damaged = bytearray(data)
        for at in rng.integers(start, len(data), rng.integers(1, 6)):
            damaged[at] = rng.choice([0, 1, 127, 255, rng.integers(256)])
        try:
            read_tracks(io.BytesIO(bytes(damaged[: rng.integers(start, len(data) + 1)])))
        except CorruptVideoError:
            num_refused += 1
    assert 0 < num_refused < 1000


def test_other_files_have_no_tracks(tmp_path):
    for data in (b"", b"RIFF" + bytes(100), b"\x00\x00\x01\xba" * 50, b"G" + bytes(187)):
        assert read_tracks(io.BytesIO(data)) == []
