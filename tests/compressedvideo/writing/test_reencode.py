"""Re-encoded clips, decoded again with PyAV alone."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from compressedvideo import (
    CorruptVideoError,
    UnsupportedVideoError,
    VideoNotFoundError,
    VideoOpenError,
    encode_frames,
    reencode,
)
from compressedvideo.container.orientation import IDENTITY, Orientation
from tests.compressedvideo.recipes import clip_recipes
from tests.compressedvideo.writing.test_encode import (
    HEIGHT,
    WIDTH,
    decode,
    keyframes,
    panning_frames,
    picture_types,
    rgb,
)


def test_keeps_pictures_and_rate(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mkv", tmp_path / "dst.avi"
    encode_frames(src, panning_frames(), codec="h264", gop_size=250, b_frames=2, fps=24)
    assert reencode(src, dst, codec="mpeg4", gop_size=10, quality=1) == 30
    assert picture_types(dst) == "IPPPPPPPPP" * 3
    assert np.abs(rgb(dst).astype(int) - rgb(src)).mean() < 1.5
    with av.open(str(dst)) as container:
        assert container.streams.video[0].average_rate == 24


def test_resizes(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    encode_frames(src, panning_frames(3))
    reencode(src, dst, size=(64, 48), quality=1)
    expected = cv2.resize(rgb(src)[2], (64, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(rgb(dst)[2].astype(int) - expected).mean() < 4


def test_resamples_in_time(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    levels = np.arange(20, dtype=np.uint8) * 10 + 20
    frames = np.broadcast_to(levels[:, None, None, None], (20, HEIGHT, WIDTH, 3))
    encode_frames(src, frames, fps=20, quality=1)
    assert reencode(src, dst, fps=10, quality=1) == 11  # 0 s, 0.1 s ... 0.9 s and 0.95 s
    shown = rgb(dst).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(np.diff(shown)[:-1], 20, atol=11)  # every second frame
    assert reencode(src, dst, fps=40, quality=1) == 39
    shown = rgb(dst).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(shown[::2], levels, atol=2)
    np.testing.assert_allclose(shown[1::2], levels[:-1], atol=2)  # repeats


def test_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    dst = tmp_path / "out" / "dst.mp4"
    dst.parent.mkdir()
    empty, text, audio = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "audio.wav"
    empty.touch()
    text.write_text("no video " * 100)
    with wave.open(str(audio), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(8000))
    for src, kind, message in [
        (tmp_path / "missing.mp4", VideoNotFoundError, "no such file"),
        (empty, VideoOpenError, "is empty"),
        (text, VideoOpenError, "is no video that FFmpeg can open"),
        (audio, VideoOpenError, "of a format that is not read"),
    ]:
        with pytest.raises(kind, match=message) as caught:
            reencode(src, dst)
        assert caught.value.path == str(src)
    with pytest.raises(ValueError, match="same file"):
        reencode(text, text)
    assert list(dst.parent.iterdir()) == []


def test_of_a_damaged_video_leaves_nothing(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    encode_frames(src, panning_frames(), codec="h264")
    payload = bytearray(src.read_bytes())
    middle = len(payload) // 2
    payload[middle : middle + 4000] = bytes(4000)
    src.write_bytes(payload)
    with pytest.raises(CorruptVideoError, match=r"src\.mp4: .*codec h264, frame \d+"):
        reencode(src, dst)
    assert [entry.name for entry in tmp_path.iterdir()] == ["src.mp4"]


@pytest.mark.parametrize("name", ["video_90.mov", "video_180.mov"])
def test_turns_upright(tmp_path: Path, shared_data: Path, name: str) -> None:
    src, dst = shared_data / "clips" / name, tmp_path / "dst.mp4"
    assert reencode(src, dst, quality=1) == 3
    _, upright = cv2.VideoCapture(str(src)).read()  # OpenCV applies the rotation
    assert rgb(dst)[0].shape == upright.shape
    assert np.abs(rgb(dst)[0].astype(int) - upright[..., ::-1]).mean() < 3


@pytest.mark.parametrize(
    ("name", "num_frames"),
    [
        ("cartwheel.avi", 84),
        ("v_ApplyEyeMakeup_g01_c01.avi", 164),
        ("h265_10bits.mp4", 30),
        ("flipping_a_pancake.mkv", 310),
        ("av1_video.mkv", 125),
    ],
)
def test_of_wild_videos_keeps_every_frame(
    tmp_path: Path, shared_data: Path, name: str, num_frames: int
) -> None:
    dst = tmp_path / "dst.mp4"
    assert reencode(shared_data / "clips" / name, dst, size=(112, 112)) == num_frames
    assert len(decode(dst)) == num_frames
    assert keyframes(dst) == list(range(0, num_frames, 12))


def set_matrix(path: Path, a: float, b: float, c: float, d: float) -> None:
    """Give the only track of an MP4 a display matrix."""
    data = path.read_bytes()
    numbers = [round(number * (1 << 16)) for number in (a, b, c, d)]
    matrix = numbers[0], numbers[1], 0, numbers[2], numbers[3], 0, 0, 0, 1 << 30
    upright = struct.pack(">9i", *IDENTITY)
    at = data.index(upright, data.index(b"tkhd"))
    path.write_bytes(data[:at] + struct.pack(">9i", *matrix) + data[at + len(upright) :])


@pytest.mark.parametrize(
    ("matrix", "orientation"),
    [
        ((-1, 0, 0, 1), Orientation.MIRRORED),
        ((1, 0, 0, -1), Orientation.FLIPPED),
        ((-1, 0, 0, -1), Orientation.HALF_TURN),
        ((0, 1, -1, 0), Orientation.CLOCKWISE),
        ((0, -1, 1, 0), Orientation.COUNTERCLOCKWISE),
        ((0, 1, 1, 0), Orientation.TRANSPOSED),
        ((0, -1, -1, 0), Orientation.TRANSVERSED),
    ],
)
def test_turned_and_mirrored_videos_come_out_upright(tmp_path: Path, matrix, orientation) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    encode_frames(src, panning_frames(4), quality=1)
    stored = rgb(src)
    set_matrix(src, *matrix)
    assert reencode(src, dst, quality=1) == 4
    upright = orientation.picture(stored, axes=(1, 2))
    assert np.abs(rgb(dst).astype(int) - upright).mean() < 1.5


def test_other_turns_are_refused(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    encode_frames(src, panning_frames(2))
    set_matrix(src, 0.6, 0.8, -0.8, 0.6)
    with pytest.raises(UnsupportedVideoError, match=r"src\.mp4: .*53 degrees"):
        reencode(src, dst)
    assert not dst.exists()


def test_the_cover_is_not_the_video(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    made = clip_recipes.Recipe("h264", ".mp4", num_frames=5)
    clip_recipes.write_with_cover(src, made)
    with av.open(str(src)) as container:
        assert [stream.width for stream in container.streams.video] == [32, made.width]
    assert reencode(src, dst) == 5
    assert rgb(dst).shape == (5, made.height, made.width, 3)


def test_names_with_colons(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    encode_frames("clip.mp4", panning_frames(2))
    Path("clip.mp4").rename("at 10:30.mp4")
    assert reencode("at 10:30.mp4", "out.mp4") == 2


def test_a_source_that_cannot_be_written_as_it_is_names_itself(tmp_path: Path) -> None:
    src, dst = tmp_path / "src.mp4", tmp_path / "dst.mp4"
    encode_frames(src, panning_frames(3)[:, :64], fps=15)
    for codec, problem in [
        ("h263", "size 128x64, allowed for codec='h263'"),
        ("mpeg2", "fps=15, allowed for codec='mpeg2'"),
    ]:
        with pytest.raises(UnsupportedVideoError, match=problem) as caught:
            reencode(src, dst, codec=codec)
        assert caught.value.path == str(src)
    with pytest.raises(ValueError, match="fps=15, allowed for codec='mpeg2'"):
        reencode(src, dst, codec="mpeg2", fps=15)
    assert not dst.exists()
