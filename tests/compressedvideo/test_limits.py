"""What announces too much is refused before memory is taken for it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compressedvideo import (
    CodecError,
    CompressedVideo,
    CorruptVideoError,
    LimitError,
    Limits,
    encode_frames,
)
from compressedvideo.container.packets import PacketReader
from tests.compressedvideo.slow_reference import translating_frames

HOSTILE = {
    "stsz_50M_samples.mp4": "announce 50000000 samples",
    "avi_open_1590MB.avi": "announces 4294967295 bytes, more than the file has",
    "vol_8191x8191.mp4": "names no size of its pictures",
    "size_0x0.mov": "names no size of its pictures",
}

OPEN = """
import resource, sys, time
from compressedvideo import CodecError, CompressedVideo
before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
try:
    CompressedVideo(sys.argv[1])
except CodecError as error:
    print(error)
print(time.perf_counter() - begin)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.fixture(scope="module", params=["clip.mp4", "clip.avi", "clip.mkv"])
def clip(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clips") / request.param
    encode_frames(path, translating_frames(30, step=(2, 1), height=64, width=96), codec="mpeg4")
    return path


def opened_apart(path: Path) -> tuple[str, float, float]:
    """Message, seconds and megabytes of opening a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, check=True
    )
    *message, seconds, megabytes = done.stdout.splitlines()
    return " ".join(message), float(seconds), float(megabytes)


@pytest.mark.parametrize("name", HOSTILE)
def test_bombs_are_refused_within_a_second_and_200_megabytes(name: str, shared_data: Path) -> None:
    path = shared_data / "hostile" / name
    if not path.is_file():
        pytest.skip("no hostile inputs here")
    message, seconds, megabytes = opened_apart(path)
    assert HOSTILE[name] in message
    assert str(path) in message
    assert seconds < 1
    assert megabytes < 200


@pytest.mark.parametrize("size", [1 << 30, 0xFFFFFFFF])
def test_tags_of_an_avi_that_are_longer_than_it(size: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    encode_frames(path, translating_frames(4, step=(2, 1), height=64, width=96), codec="mpeg4")
    data = bytearray(path.read_bytes())
    tag = b"ISFT" + (size - 64).to_bytes(4, "little")
    data[12:12] = b"LIST" + size.to_bytes(4, "little") + b"INFO" + tag
    path.write_bytes(data)
    message, seconds, megabytes = opened_apart(path)
    assert f"announces {size} bytes" in message
    assert (seconds < 1, megabytes < 50) == (True, True)


def test_an_avi_of_empty_chunks(tmp_path: Path) -> None:
    path = tmp_path / "chunks.avi"
    path.write_bytes(b"RIFF\0\0\0\0AVI " + (b"JUNK" + bytes(4)) * 100_000)
    with pytest.raises(CorruptVideoError, match="more than 4096 chunks"):
        CompressedVideo(path)


def test_each_limit_refuses_and_names_itself(clip: Path) -> None:
    CompressedVideo(clip, limits=Limits(pixels=64 * 96, packets=30)).close()
    with pytest.raises(
        LimitError, match=r"30 packets, and at most 29 .*Limits\(packets=30"
    ) as caught:
        CompressedVideo(clip, limits=Limits(packets=29))
    assert caught.value.path == str(clip)
    with pytest.raises(CodecError, match=r"Limits\(pixels=6143\)") as caught:
        CompressedVideo(clip, limits=Limits(pixels=64 * 96 - 1))
    assert caught.value.path == str(clip)


def test_pixels_of_a_container_that_says_them(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, translating_frames(4, step=(2, 1), height=64, width=96), codec="h264")
    with pytest.raises(LimitError, match=r"6144 pixels a picture.*Limits\(pixels=6144\)"):
        CompressedVideo(path, limits=Limits(pixels=6143))


def test_limits_of_a_read(clip: Path) -> None:
    modalities = ("rgb", "residual")
    size = 10 * 64 * 96 * (3 + 6)
    with CompressedVideo(clip, limits=Limits(frames=10, bytes=size)) as video:
        assert video.read(range(10), modalities=modalities).rgb.any()
        with pytest.raises(LimitError, match=r"asks for 11 frames in one read.*frames=11"):
            video.read(range(11), modalities=())
        with pytest.raises(LimitError, match=r"asks for 11 frames in one read"):
            video.read([0], iframe_inds=[0] * 11)
        with pytest.raises(LimitError, match=rf"bytes for one clip, and at most {size} "):
            video.read(range(10), modalities=(*modalities, "motion"))
        assert len(video.frame_types) == 30


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])
def test_pictures_as_large_as_allowed(codec: str, tmp_path: Path) -> None:
    """FFmpeg adds borders to those of MPEG-4, and counts them."""
    path = tmp_path / "clip.mp4"
    for height, width in ((32, 32), (96, 128), (288, 352)):
        frames = translating_frames(4, step=(2, 1), height=height, width=width)
        encode_frames(path, frames, codec=codec)
        with CompressedVideo(path, limits=Limits(pixels=height * width)) as video:
            assert video.read([3], modalities=("rgb",)).rgb.shape == (1, height, width, 3)


def test_packets_are_counted_while_they_are_demuxed(tmp_path: Path) -> None:
    """Also where no table says beforehand how many there are."""
    clip = tmp_path / "clip.ts"
    encode_frames(clip, translating_frames(12, step=(2, 1), height=32, width=32), codec="h264")
    packets = PacketReader(clip, str(clip), limits=Limits(packets=10))
    with pytest.raises(LimitError, match="packets"):
        list(packets.scan())
    packets.close()


def test_limits_are_whole_numbers_above_zero() -> None:
    for name in (field.name for field in dataclasses.fields(Limits)):
        for value in (0, -1, 1.5, True, None):
            with pytest.raises(ValueError, match=f"limit {name}="):
                Limits(**{name: value})


def test_memory_of_a_refused_clip_is_not_taken(clip: Path) -> None:
    """10 TB would fail, or worse, not fail."""
    with CompressedVideo(clip, limits=Limits(frames=1 << 40)) as video:
        frames = np.zeros(1 << 26, np.int64)
        with pytest.raises(LimitError, match="bytes for one clip"):
            video.read(frames, modalities=("rgb",), iframe_inds=[])
