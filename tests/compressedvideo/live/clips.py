"""Small clips, and live streams held against the reader on the same file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.live import LiveCompressedVideo, LiveWindow

NUM_FRAMES = 50
GOP = 12
ALL = ("iframe", "motion", "residual", "rgb")


def frames(
    num_frames: int = NUM_FRAMES, *, width: int = 128, height: int = 96, seed: int = 0
) -> list[np.ndarray]:
    """A texture that moves 2 pixels to the left and 1 up from frame to frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 4 + 64, width // 4 + 64, 3), np.uint8)
    texture = coarse.repeat(4, axis=0).repeat(4, axis=1)
    return [
        np.ascontiguousarray(texture[t : t + height, 2 * t : 2 * t + width])
        for t in range(num_frames)
    ]


def clip(path: Path, **options) -> str:
    """An encoded one, of what ``frames`` and ``encode_frames`` take."""
    size = {k: options.pop(k) for k in ("num_frames", "width", "height", "seed") if k in options}
    encode_frames(path, frames(**size), gop_size=options.pop("gop_size", GOP), **options)
    return str(path)


@contextmanager
def packets_of(path: str) -> Iterator[list[av.Packet]]:
    """All of them, while the file is open."""
    with av.open(path) as container:
        yield [packet for packet in container.demux(video=0) if packet.size]


def push_all(live: LiveCompressedVideo, packets: Iterable[av.Packet]) -> Iterator[LiveWindow]:
    """Push packets and the end, and fetch what each completes."""
    for packet in packets:
        live.push(packet)
        while (window := live.get(0)) is not None:
            yield window
    live.end()
    yield from live


def windows_of(live: LiveCompressedVideo, path: str) -> list[LiveWindow]:
    """Push a file."""
    with packets_of(path) as packets:
        return list(push_all(live, packets))


def assert_same_as_file(
    window: LiveWindow,
    video: CompressedVideo,
    *,
    modalities=("iframe", "motion", "residual", "rgb"),
) -> np.ndarray:
    """Hold a window's own frames against the file's. Returns their display indices in the file."""
    own = np.arange(window.start, window.stop)
    in_file = own + video.keyframes[window.gops.start]
    ours = window.read(own, modalities=modalities)
    theirs = video.read(in_file, modalities=modalities)
    for name in modalities:
        field = {"iframe": "iframes"}.get(name, name)
        np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field), name)
    assert ours.frame_types == theirs.frame_types
    assert ours.provenance == theirs.provenance
    np.testing.assert_array_equal(ours.reference_distance, theirs.reference_distance)
    np.testing.assert_allclose(np.diff(ours.pts_seconds), np.diff(theirs.pts_seconds), atol=1e-6)
    assert not ours.damaged.any()
    return in_file
