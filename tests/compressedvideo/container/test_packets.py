"""Packets by their numbers: whatever a container says, they are those of a plain demuxing."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.container import packet_table
from compressedvideo.container import packets as module
from compressedvideo.container.packets import PacketReader
from compressedvideo.errors import CorruptVideoError, VideoOpenError
from tests.compressedvideo.recipes import clip_recipes
from tests.compressedvideo.slow_reference import plain_decode

NUM_FRAMES = 20
FILES = [
    ("h264", ".mp4", 2),
    ("h264", ".mkv", 2),
    ("h264", ".ts", 2),
    ("h264", ".h264", 2),
    ("hevc", ".h265", 2),
    ("mpeg2", ".mpg", 2),
    ("mpeg2", ".m2v", 2),
    ("mpeg4", ".avi", 0),
    ("mpeg4", ".m4v", 2),
    ("flv1", ".flv", 0),
]


@pytest.fixture(scope="module")
def clip_of(tmp_path_factory):
    made = {}

    def make(codec: str, suffix: str, b_frames: int) -> Path:
        key = codec, suffix, b_frames
        if key not in made:
            made[key] = tmp_path_factory.mktemp("clips") / f"clip{suffix}"
            clip_recipes.encode(made[key], clip_recipes.Recipe(codec, suffix, b_frames))
        return made[key]

    return make


def demuxed(path: Path, number: int = 0) -> list[bytes]:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        return [bytes(packet) for packet in container.demux(video=number) if packet.size]


def scanned(path: Path) -> PacketReader:
    """A reader that does not keep small files in memory."""
    reader = PacketReader(path, str(path))
    assert [bytes(packet) for batch in reader.scan() for packet in batch] == demuxed(path)
    return reader


@pytest.fixture
def keep_nothing(monkeypatch):
    """As if every file were larger than what is kept of one."""
    monkeypatch.setattr(module, "_MAX_KEPT", 0)


@pytest.mark.usefixtures("keep_nothing")
@pytest.mark.parametrize(("codec", "suffix", "b_frames"), FILES)
def test_any_run_in_any_order(clip_of, codec, suffix, b_frames):
    path = clip_of(codec, suffix, b_frames)
    expected = demuxed(path)
    assert len(expected) == NUM_FRAMES
    reader = scanned(path)
    assert reader.first_packet == expected[0]
    assert reader.sizes.tolist() == list(map(len, expected))
    random = np.random.default_rng(0)
    for _ in range(30):
        first, stop = np.sort(random.choice(NUM_FRAMES + 1, 2, replace=False)).tolist()
        assert list(map(bytes, reader.read(first, stop))) == expected[first:stop]
    reader.close()


@pytest.mark.usefixtures("keep_nothing")
@pytest.mark.parametrize(("codec", "suffix", "b_frames"), FILES)
def test_frames_of_large_files(clip_of, codec, suffix, b_frames):
    """Of raw streams, too, in which FFmpeg cannot seek."""
    path = clip_of(codec, suffix, b_frames)
    plain = plain_decode(path)
    with CompressedVideo(path) as video:
        assert video.num_frames == len(plain)
        for frame in np.random.default_rng(0).permutation(len(plain)).tolist():
            (picture,) = video.read([frame], modalities=("rgb",)).rgb
            np.testing.assert_array_equal(picture, plain[frame].rgb)


def test_a_raw_stream_that_is_really_large(tmp_path):
    path = tmp_path / "clip.m2v"
    noise = np.random.default_rng(0).integers(0, 256, (70, 240, 320, 3), np.uint8)
    encode_frames(path, noise, codec="mpeg2", quality=1, gop_size=6)
    assert path.stat().st_size > module._MAX_KEPT
    plain = plain_decode(path)
    with CompressedVideo(path) as video:
        assert not video._stream.packets._kept
        for frame in (69, 3, 40, 0):
            (picture,) = video.read([frame], modalities=("rgb",)).rgb
            np.testing.assert_array_equal(picture, plain[frame].rgb)


class LostContainer:
    """A container whose seeks land somewhere else, or nowhere."""

    def __init__(self, container, lands):
        self.container, self.lands, self.seeks = container, lands, 0

    def __getattr__(self, name):
        return getattr(self.container, name)

    def seek(self, time, *, stream, **options):
        self.seeks += 1
        self.lands(self.container, time, stream)


def _at_the_start(container, time, stream):
    container.seek(-(1 << 40), stream=stream)


def _at_the_end(container, time, stream):
    container.seek(1 << 40, stream=stream, backward=True)


def _a_bit_later(container, time, stream):
    container.seek(time + int(0.4 / stream.time_base), stream=stream, backward=False)


def _nowhere(container, time, stream):
    raise FFmpegError(1, "cannot seek")


@pytest.mark.usefixtures("keep_nothing")
@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
@pytest.mark.parametrize("lands", [_at_the_start, _at_the_end, _a_bit_later, _nowhere])
def test_seeks_that_land_wrong(clip_of, monkeypatch, suffix, lands):
    monkeypatch.setattr(module, "_NEAR", -1)  # else it skips packets rather than seek
    path = clip_of("h264", suffix, 2)
    expected = demuxed(path)
    reader = scanned(path)
    for first, stop in [(13, 20), (4, 9), (6, 8), (19, 20), (8, 16)]:
        reader._reopen()
        reader._container = container = LostContainer(reader._container, lands)
        assert list(map(bytes, reader.read(first, stop))) == expected[first:stop]
        assert container.seeks >= 1
    reader.close()


@pytest.mark.usefixtures("keep_nothing")
def test_packets_that_look_alike_are_told_apart_by_their_number(tmp_path):
    path = tmp_path / "clip.mjpeg"
    levels = [40, 40, 40, 200, 40, 40, 40, 90, 40]
    frames = np.broadcast_to(np.array(levels, np.uint8)[:, None, None, None], (9, 32, 32, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    assert len(set(demuxed(path))) < len(levels)
    with CompressedVideo(path) as video:
        for frame in (8, 3, 7, 0, 6, 2):
            clip = video.read([frame], modalities=("rgb",))
            assert abs(clip.rgb.mean() - levels[frame]) < 3


def test_a_table_that_is_not_believed_leaves_a_file_object_as_it_was(clip_of, monkeypatch):
    path = clip_of("mpeg4", ".avi", 0)
    monkeypatch.setattr(packet_table, "_is_chunk", lambda *place: False)
    file = io.BytesIO(path.read_bytes())
    plain = plain_decode(path)
    with CompressedVideo(file) as video:
        clip = video.read(range(video.num_frames), modalities=("rgb",))
    np.testing.assert_array_equal(clip.rgb, [frame.rgb for frame in plain])


@pytest.mark.usefixtures("keep_nothing")
def test_a_file_that_changes_is_said_to(clip_of, tmp_path):
    path = tmp_path / "clip.mkv"
    path.write_bytes(clip_of("h264", ".mkv", 2).read_bytes())
    reader = scanned(path)
    data = bytearray(path.read_bytes())
    at = data.index(demuxed(path)[12])
    data[at + 8] ^= 0xFF
    path.write_bytes(data)
    reader._reopen()  # the demuxer has all of the old one in its memory
    assert len(reader.read(13, 20)) == 7
    with pytest.raises(CorruptVideoError, match=r"clip\.mkv: packet 12 .* was changed.*codec h264"):
        reader.read(9, 14)
    reader.close()


def test_what_a_truncated_file_announces_is_missing(tmp_path):
    path = tmp_path / "clip.mp4"
    made = clip_recipes.Recipe("h264", ".mp4", 2, muxing={"movflags": "faststart"})
    clip_recipes.encode(path, made)
    expected = demuxed(path)
    reader = scanned(path)
    path.write_bytes(path.read_bytes()[: reader._positions[17] + 5])
    reader.close()
    reader = PacketReader(path, str(path))
    assert [bytes(packet) for batch in reader.scan() for packet in batch] == expected[:17]
    assert (len(reader), reader.num_missing) == (NUM_FRAMES, 3)
    reader.close()


# -- which stream


@pytest.fixture(scope="module")
def two_videos(tmp_path_factory) -> Path:
    """H.264 of 64x48 and MPEG-4 of 80x48."""
    path = tmp_path_factory.mktemp("streams") / "clip.mkv"
    first = clip_recipes.Recipe("h264", ".mkv", 2)
    second = clip_recipes.Recipe("mpeg4", ".mkv", width=80, seed=3)
    clip_recipes.write_two_streams(path, first, second)
    return path


def test_the_first_video_unless_another_is_named(two_videos):
    for stream, codec, width in [(None, "h264", 64), (0, "h264", 64), (1, "mpeg4", 80)]:
        with CompressedVideo(two_videos, stream=stream) as video:
            assert (video.codec, video.width, video.num_frames) == (codec, width, NUM_FRAMES)
            clip = video.read([11, 3], modalities=("rgb",))
        with av.open(str(two_videos)) as container:
            plain = [f.to_ndarray(format="rgb24") for f in container.decode(video=stream or 0)]
        np.testing.assert_array_equal(clip.rgb, [plain[11], plain[3]])


@pytest.mark.usefixtures("keep_nothing")
def test_packets_of_one_of_several_streams(two_videos):
    expected = demuxed(two_videos, 1)
    reader = PacketReader(two_videos, str(two_videos), stream=1)
    assert [bytes(packet) for batch in reader.scan() for packet in batch] == expected
    for first, stop in [(12, 20), (2, 5), (5, 9), (0, 1)]:
        assert list(map(bytes, reader.read(first, stop))) == expected[first:stop]
    reader.close()


def test_streams_that_are_not_there(two_videos, tmp_path):
    with pytest.raises(VideoOpenError, match=r"stream 2 is no video; these are: \[0, 1\]"):
        CompressedVideo(two_videos, stream=2)
    sound = tmp_path / "sound.mp4"
    made = clip_recipes.Recipe("h264", ".mp4")
    clip_recipes.write_with_audio(sound, made, "aac")
    with av.open(str(sound)) as container:
        assert [stream.type for stream in container.streams] == ["audio", "video"]
    with CompressedVideo(sound) as video:
        assert video.num_frames == NUM_FRAMES
    with pytest.raises(VideoOpenError, match=r"stream 0 is no video; these are: \[1\]"):
        CompressedVideo(sound, stream=0)


def test_a_cover_is_read_only_if_it_is_named(tmp_path):
    path = tmp_path / "clip.mp4"
    clip_recipes.write_with_cover(path, clip_recipes.Recipe("h264", ".mp4"))
    with CompressedVideo(path) as video:
        assert (video.width, video.num_frames) == (64, NUM_FRAMES)
    with CompressedVideo(path, stream=0) as video:
        assert (video.width, video.num_frames) == (32, 1)


# -- what is known of all of them


@pytest.mark.parametrize(("suffix", "known"), [(".mp4", True), (".ts", True), (".mkv", False)])
def test_whether_the_matrix_is_known_without_decoding(clip_of, suffix, known):
    reader = scanned(clip_of("h264", suffix, 2))
    assert reader.tells_matrix == known
    reader.close()


def test_times_and_key_frames_as_the_container_has_them(clip_of):
    path = clip_of("h264", ".mp4", 2)
    reader = scanned(path)
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert reader.is_key.tolist() == [packet.is_keyframe for packet in packets]
        times, expected = reader.times, np.array([packet.pts for packet in packets])
    np.testing.assert_array_equal(times - times[0], expected - expected[0])
    reader.close()


@pytest.mark.parametrize(("codec", "suffix"), [("h264", "mp4"), ("h264", "mkv"), ("mpeg4", "avi")])
def test_file_objects_larger_than_ffmpegs_buffer(tmp_path, codec, suffix):
    """What is read of them past the demuxer does not move it."""
    path = tmp_path / f"clip.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (8, 240, 320, 3), np.uint8)
    encode_frames(path, noise, codec=codec, gop_size=4)
    assert path.stat().st_size > 1 << 18
    plain = plain_decode(path)
    with path.open("rb") as file:
        for source in (file, io.BytesIO(path.read_bytes())):
            for frames in (range(8), [6, 1]):
                with CompressedVideo(source) as video:
                    clip = video.read(frames, modalities=("rgb",))
                np.testing.assert_array_equal(clip.rgb, [plain[frame].rgb for frame in frames])
