"""Clips encoded by x264 with settings drawn at random: the tools that H.264 parsers must know."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av

from tests.compressedvideo.bitstream.test_mpeg4_against_ffmpeg import moving_shapes


def settings(rng: random.Random) -> dict[str, object]:
    """x264's names and values, of everything that changes the headers or the macroblock syntax."""
    drawn: dict[str, object] = {
        "threads": 1,
        "keyint": rng.choice([1, 8, 12, 250]),
        "bframes": rng.choice([0, 1, 2, 3]),
        "b-adapt": rng.choice([0, 1]),
        "b-pyramid": rng.choice(["none", "strict", "normal"]),
        "ref": rng.choice([1, 2, 3, 4, 8]),
        "weightp": rng.choice([0, 1, 2]),
        "weightb": rng.choice([0, 1]),
        "direct": rng.choice(["spatial", "temporal", "auto", "none"]),
        "slices": rng.choice([1, 1, 4]),
        "cabac": rng.choice([0, 1]),
        "8x8dct": rng.choice([0, 1]),
        "scenecut": rng.choice([0, 40]),
        "aud": rng.choice([0, 1]),
    }
    special = rng.choice(["", "", "", "open-gop", "intra-refresh", "tff"])
    if special:
        drawn[special] = 1
    return drawn


def encode(
    path: Path,
    options: dict[str, object],
    *,
    num_frames: int,
    width: int,
    height: int,
    pixel_format: str = "yuv420p",
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.thread_count = 1
        stream.options = {"x264-params": ":".join(f"{k}={v}" for k, v in options.items())}
        for number, image in enumerate(moving_shapes(num_frames, width, height)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
