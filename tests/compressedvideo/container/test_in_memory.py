"""Packets in memory are read as those of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, LimitError, Limits, encode_frames
from compressedvideo.container.in_memory import MemoryPacket, PacketsInMemory, StreamFormat

MAX_PIXELS = 1 << 25


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("clip") / "clip.ts"
    noise = np.random.default_rng(0).integers(0, 256, (12, 30, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    frames = [picture[:, t : t + 128] for t in range(20)]
    encode_frames(path, frames, codec="h264", gop_size=10, b_frames=2)
    return str(path)


def in_memory(path: str | Path, **changes) -> PacketsInMemory:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [
            MemoryPacket(bytes(packet), packet.pts, packet.dts, packet.is_keyframe, float(number))
            for number, packet in enumerate(container.demux(stream))
            if packet.size
        ]
        form = replace(StreamFormat.of(stream), **changes)
    return PacketsInMemory(packets, form, path="<memory>", max_pixels=MAX_PIXELS)


@pytest.mark.parametrize(
    "changes",
    [{}, dict(width=0, height=0, pix_fmt=None), dict(width=640, height=480), dict(extradata=b"")],
    ids=["as it is", "size unknown", "wrong size", "no headers"],
)
def test_all_modalities_are_those_of_the_file(clip, changes) -> None:
    """Whatever the container says of the size: the packets know better."""
    names = ("iframe", "motion", "residual", "rgb")
    with CompressedVideo(clip) as video, CompressedVideo(in_memory(clip, **changes)) as memory:
        assert (memory.width, memory.height, memory.num_frames) == (128, 96, 20)
        assert memory.keyframes.tolist() == video.keyframes.tolist() == [0, 10]
        assert memory.fps == video.fps == 25
        ours = memory.read(range(20), modalities=names)
        theirs = video.read(range(20), modalities=names)
    for name in ("iframes", "motion", "residual", "rgb", "pts_seconds"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert repr(memory) == "<CompressedVideo <memory> h264 20 frames>"


def test_limits_hold(clip) -> None:
    with pytest.raises(LimitError, match="asks for 12288 pixels a picture"):
        CompressedVideo(in_memory(clip), limits=Limits(pixels=1000))
