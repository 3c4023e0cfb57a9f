"""Clips to measure loaders on: one source, encoded as data sets are and as the wild is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from compressedvideo import VideoWriter

WIDTH, HEIGHT = 340, 256
SECONDS = (3, 10)
# x264 as its preset "medium" sets it up, where VideoWriter would keep references simple.
_X264_MEDIUM = {
    "preset": "medium",
    "refs": "3",
    "b-pyramid": "normal",
    "b_strategy": "1",
    "weightp": "2",
    "mbtree": "1",
}
SETTINGS: dict[str, dict] = {
    "mpeg4-gop12": dict(codec="mpeg4", gop_size=12),
    "h264-gop12": dict(codec="h264", gop_size=12, b_frames=3, quality=23, options=_X264_MEDIUM),
    "h264-gop250-crf28": dict(
        codec="h264", gop_size=250, b_frames=3, quality=28, options=_X264_MEDIUM
    ),
    "hevc-gop250": dict(codec="hevc", gop_size=250, b_frames=4, quality=28),
    "vp9-gop250": dict(codec="vp9", gop_size=250, quality=33),
    "h264-gop250": dict(codec="h264", gop_size=250, b_frames=3, quality=23, options=_X264_MEDIUM),
}


def make_clips(folder: str | os.PathLike[str], *, source: str | None) -> list[str]:
    """Encode one source at 340x256 in each of ``SETTINGS`` and ``SECONDS``.

    A source too short runs forwards and backwards by turns, so that no cut comes in.

    Args:
        folder: where the clips go; those already there stay.
        source: a video, or None for drawn shapes that wander over a texture.

    Returns:
        Their paths.
    """
    frames, fps = _drawn_frames() if source is None else _decoded_frames(source)
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = []
    for name, settings in SETTINGS.items():
        for seconds in SECONDS:
            path = Path(folder) / f"{name}-{seconds}s.mp4"
            paths.append(str(path))
            if path.exists():
                continue
            with VideoWriter(path, width=WIDTH, height=HEIGHT, fps=fps, **settings) as writer:
                for frame in _back_and_forth(frames, round(seconds * fps)):
                    writer.write_av(frame)
    return paths


def _back_and_forth(frames: list[av.VideoFrame], length: int) -> Iterator[av.VideoFrame]:
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    for i in range(length):
        yield frames[order[i % len(order)]]


def _decoded_frames(source: str) -> tuple[list[av.VideoFrame], Fraction]:
    with av.open(source) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        fps = Fraction(stream.average_rate or 25)
        longest = round(max(SECONDS) * fps)
        frames = []
        for frame in container.decode(stream):
            frames.append(frame.reformat(WIDTH, HEIGHT, "yuv420p", threads=1))
            if len(frames) == longest:
                break
    return frames, fps


def _drawn_frames() -> tuple[list[av.VideoFrame], Fraction]:
    """Three textured squares of different size, each on a path of its own."""
    rng = np.random.default_rng(0)
    background = _texture(rng, HEIGHT, WIDTH)
    squares = [(side, _texture(rng, side, side), rng.uniform(1, 4, 2)) for side in (40, 64, 96)]
    frames = []
    for t in range(100):
        image = background.copy()
        for side, texture, speed in squares:
            x, y = (
                int(_bounce(v * t, size - side))
                for v, size in zip(speed, (WIDTH, HEIGHT), strict=True)
            )
            image[y : y + side, x : x + side] = texture
        noisy = image + rng.integers(-3, 4, image.shape)
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)
        frames.append(av.VideoFrame.from_ndarray(pixels, format="rgb24"))
    return frames, Fraction(25)


def _bounce(distance: float, span: float) -> float:
    return span - abs(distance % (2 * span) - span)


def _texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """[height, width, 3] int16: smooth random blotches."""
    coarse = rng.integers(20, 236, (height // 8 + 2, width // 8 + 2, 3))
    rows, columns = np.arange(height) / 8, np.arange(width) / 8
    y, x = rows.astype(int), columns.astype(int)
    fy, fx = (rows - y)[:, None, None], (columns - x)[None, :, None]
    upper = coarse[y][:, x] * (1 - fx) + coarse[y][:, x + 1] * fx
    lower = coarse[y + 1][:, x] * (1 - fx) + coarse[y + 1][:, x + 1] * fx
    return (upper * (1 - fy) + lower * fy).astype(np.int16)
