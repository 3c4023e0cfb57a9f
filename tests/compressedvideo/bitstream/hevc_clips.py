"""Clips that x265 encodes for the tests of the HEVC parser."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

QUIET = "frame-threads=1:info=0:log-level=none"


def moving_shapes(num_frames: int, width: int, height: int, *, noise: float = 3.0):
    """A textured ground that turns and shifts, a faster object, a flash every 17 frames."""
    rng = np.random.default_rng(width)
    texture = rng.integers(0, 256, (height // 4 + 8, width // 4 + 8, 3)).astype(np.uint8)
    texture = cv2.resize(texture, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    object_ = cv2.resize(texture[:9, :9], (width // 3, height // 3))
    for t in range(num_frames):
        left, top = width * (3 + np.sin(t / 3)) / 6, height * (3 + np.cos(t / 4)) / 6
        place = np.float32([[1, 0.03 * np.sin(t / 5), -left], [0.03 * np.cos(t / 4), 1, -top]])
        frame = cv2.warpAffine(texture, place, (width, height), borderMode=cv2.BORDER_REFLECT)
        x, y = 8 * t % (width * 2 // 3), 5 * t % (height * 2 // 3)
        frame[y : y + height // 3, x : x + width // 3] = object_
        frame = frame + rng.normal(0, noise, frame.shape)
        yield (255 - frame if t % 17 == 16 else frame).clip(0, 255).astype(np.uint8)


def encode(
    path: Path,
    frames,
    *,
    params: str = "",
    pix_fmt: str = "yuv420p",
    preset: str = "medium",
    crf: int = 28,
) -> Path:
    """``frames``: RGB arrays; ``params``: x265's own options, joined by colons."""
    container_format = "hevc" if path.suffix == ".hevc" else None
    with av.open(str(path), "w", format=container_format) as container:
        options = {"preset": preset, "crf": str(crf)}
        # x265 writes wavefronts with a pool of threads alone, and without them crashes at slices
        pools = "pools=1" if "wpp=1" in params or "slices=" in params else "pools=none"
        options["x265-params"] = ":".join(filter(None, [QUIET, pools, params]))
        stream = container.add_stream("libx265", rate=Fraction(25), options=options)
        for frame in frames:
            if not stream.codec_context.is_open:
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = pix_fmt
                stream.codec_context.thread_count = 1
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture.reformat(format=pix_fmt, threads=1)))
        container.mux(stream.encode(None))
    return path


def packets_of(path: Path) -> tuple[bytes, list[bytes], list[int | None]]:
    """Extradata, packets and their presentation times, edit lists left aside."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        extradata = container.streams.video[0].codec_context.extradata or b""
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return extradata, [bytes(packet) for packet in packets], [p.pts for p in packets]


def decode(path: Path) -> list[av.VideoFrame]:
    """All frames of a plain decode, one thread, edit lists left aside."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return list(container.decode(video=0))
