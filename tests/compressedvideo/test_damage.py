"""Damaged pictures: an error, or flagged in the clip, and what rests on them too."""

from __future__ import annotations

import warnings
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, CorruptVideoError, encode_frames
from compressedvideo.damage import Damage
from compressedvideo.index import Picture
from tests.compressedvideo.slow_reference import translating_frames

DAMAGED = 5


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """I P P P ..., twelve a GOP; the middle of frame 5 is overwritten."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    frames = translating_frames(24, step=(2, 1), height=96, width=128)
    encode_frames(path, frames, codec="mpeg4", gop_size=12)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        position, size = packets[DAMAGED].pos, packets[DAMAGED].size
    data = bytearray(path.read_bytes())
    data[position + size // 2 : position + size] = bytes(size - size // 2)
    path.write_bytes(data)
    return path


def plain_decode(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_the_decoder_says_so(clip: Path) -> None:
    frames = plain_decode(clip)
    assert [n for n, frame in enumerate(frames) if frame.is_corrupt] == [DAMAGED]


def test_raised(clip: Path) -> None:
    with CompressedVideo(clip) as video:
        for frame in (DAMAGED, DAMAGED + 1, 11):
            with pytest.raises(CorruptVideoError, match="the decoder finds it damaged") as caught:
                video.read([frame], modalities=("rgb",))
            assert (caught.value.path, caught.value.frame) == (str(clip), DAMAGED)
        clip_ = video.read([4, 12, 23], modalities=("rgb",))
        assert not clip_.damaged.any()


def test_kept(clip: Path) -> None:
    with CompressedVideo(clip, on_damage="keep") as video, warnings.catch_warnings():
        warnings.simplefilter("error")
        read = video.read([11, 4, 5, 12, 6, 23], modalities=("rgb", "iframe"), iframe_inds=[0, 5])
        assert read.damaged.tolist() == [True, False, True, False, True, False]
        assert read.iframe_damaged.tolist() == [False, True]
        for picture, number in zip(read.rgb, read.frame_inds, strict=True):
            expected = plain_decode(clip)[number].to_ndarray(format="rgb24")
            assert np.abs(picture.astype(int) - expected).max() <= 2
        assert not video.read([4, 12], modalities=("rgb",)).damaged.any()  # of each read its own


def test_kept_with_a_warning(clip: Path) -> None:
    with CompressedVideo(clip, on_damage="warn") as video:
        with pytest.warns(UserWarning, match=r"clip\.mp4: damaged frames are returned: 5, 6$"):
            video.read([6, 5, 3], modalities=("rgb",))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            video.read([3], modalities=("rgb",))


def test_what_was_lost_is_kept_too(shared_data: Path) -> None:
    path = shared_data / "clips" / "corrupted.mp4"
    with CompressedVideo(path, on_damage="keep") as video:
        clip = video.read([20, 40], modalities=("rgb",))
        assert clip.damaged.tolist() == [False, True]
        assert clip.rgb.any(axis=(1, 2, 3)).all()


def test_no_frame_is_made_up(tmp_path: Path) -> None:
    """What the decoder does not return is an error whatever becomes of damage."""
    path = tmp_path / "clip.mp4"
    frames = translating_frames(12, step=(2, 1), height=96, width=128)
    encode_frames(path, frames, codec="h264", gop_size=12)
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][11]
    data = bytearray(path.read_bytes())
    data[packet.pos + 5 : packet.pos + packet.size] = b"\xff" * (packet.size - 5)
    path.write_bytes(data)
    for on_damage, message in (("raise", "cannot be decoded"), ("keep", "does not return this")):
        with CompressedVideo(path, on_damage=on_damage) as video:
            with pytest.raises(CorruptVideoError, match=message) as caught:
                video.read([11], modalities=("rgb",))
            assert caught.value.frame == 11
            assert not video.read([10], modalities=("rgb",)).damaged.any()


def test_damage_spreads_along_references() -> None:
    damage = Damage("keep", path="clip.mp4", codec="h264")
    damage.found("is damaged", 3)

    def picture(display: int, *references: int) -> Picture:
        made = Picture.__new__(Picture)
        made.display, made.references = display, references
        return made

    damage.spread([picture(0), picture(4, 0), picture(5, 3, 4), picture(-7, 5), picture(6, -7)])
    assert damage.flags(np.arange(7)).tolist() == [False, False, False, True, False, True, True]
    damage.forget()
    assert not damage.flags(np.arange(7)).any()


def test_unknown_ways() -> None:
    with pytest.raises(ValueError, match="on_damage='skip' is not one of 'raise', 'warn', 'keep'"):
        CompressedVideo("clip.mp4", on_damage="skip")
