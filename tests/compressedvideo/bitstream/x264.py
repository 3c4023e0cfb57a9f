"""Clips encoded by x264 with settings drawn at random: the tools that H.264 parsers must know."""

from __future__ import annotations

import random
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

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


PIXEL_FORMATS = (
    "yuv420p",
    "yuv422p",
    "yuv444p",
    "gray",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p10le",
)


def tools(rng: random.Random) -> tuple[dict[str, object], str, tuple[int, int]]:
    """Settings of the macroblock syntax as well, a pixel format and a frame size, progressive."""
    drawn = {key: value for key, value in settings(rng).items() if key not in ("tff",)}
    pixel_format = rng.choice(["yuv420p"] * 6 + list(PIXEL_FORMATS))
    drawn["partitions"] = rng.choice(["all", "all", "none", "p8x8,b8x8,i8x8,i4x4", "p8x8,p4x4"])
    drawn["qp" if rng.random() < 0.7 else "crf"] = rng.choice([4, 12, 20, 26, 32, 40, 50])
    drawn["subme"] = rng.choice([1, 5, 7, 9])
    drawn["me"] = rng.choice(["dia", "hex", "umh"])
    drawn["trellis"] = rng.choice([0, 1, 2])
    drawn["mixed-refs"] = rng.choice([0, 1])
    drawn["chroma-qp-offset"] = rng.choice([0, 6])
    drawn["aq-mode"] = rng.choice([0, 1, 2])
    drawn["constrained-intra"] = rng.choice([0, 0, 1])
    drawn["no-deblock"] = rng.choice([0, 1])
    drawn["cqm"] = rng.choice(["flat", "jvt"])
    if drawn["slices"] == 1 and rng.random() < 0.2:
        drawn["slice-max-mbs"] = rng.choice([5, 17])
    if pixel_format == "gray":
        drawn.pop("intra-refresh", None)  # crashes x264 164
    if drawn.get("qp", 20) < 12 or drawn.get("crf", 20) < 12:
        drawn["cqm"] = "flat"  # x264: "quantization overflow"
    size = rng.choice([(96, 64), (112, 80), (130, 66), (176, 144), (50, 50), (16, 16)])
    return drawn, pixel_format, size


def encode(
    path: Path,
    options: dict[str, object],
    *,
    num_frames: int,
    width: int,
    height: int,
    pixel_format: str = "yuv420p",
    images: Iterable[np.ndarray] | None = None,
) -> Path:
    """Images: [H, W, 3] RGB each, else moving shapes."""
    images = moving_shapes(num_frames, width, height) if images is None else images
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.thread_count = 1
        stream.options = {"x264-params": ":".join(f"{k}={v}" for k, v in options.items())}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
