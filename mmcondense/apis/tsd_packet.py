"""Distilled frames to bytes and back: what travels from TSD's client to its cloud.

Frames in [-1, 1] are quantised to 256 levels, ``round((x + 1) * 127.5)``, at most 1/255 off (half a
level). ``png`` and ``raw`` keep the levels exactly, ``jpeg`` and ``webp`` are lossy.

A packet is a head, ``TSD1``, codec (uint8), K, H, W (uint16 each, little endian), then each frame's
number of bytes (uint32) and its bytes: a picture file, or H x W x 3 raw levels, RGB.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

CODECS = ("raw", "png", "jpeg", "webp")
_MAGIC = b"TSD1"
_HEAD = struct.Struct("<4sBHHH")
_LENGTH = struct.Struct("<I")


class PacketError(ValueError):
    """The bytes are no packet, or one of other frames than expected; the message says which."""


def quantise(frames: np.ndarray) -> np.ndarray:
    """[..., 3, K, H, W] float in [-1, 1] to [..., K, H, W, 3] uint8; values beyond are clipped."""
    levels = np.rint((np.clip(frames, -1, 1) + 1) * 127.5).astype(np.uint8)
    return np.moveaxis(levels, -4, -1)


def dequantise(levels: np.ndarray) -> np.ndarray:
    """[..., K, H, W, 3] uint8 to [..., 3, K, H, W] float32 in [-1, 1]."""
    return np.moveaxis(levels, -1, -4).astype(np.float32) / 127.5 - 1


def pack(frames: np.ndarray, *, codec: str = "jpeg", quality: int = 90) -> bytes:
    """Frames to a packet.

    Args:
        frames: [K, H, W, 3] uint8, RGB.
        codec: One of :data:`CODECS`.
        quality: Of ``jpeg`` (4:2:0) and ``webp``, 1 to 100.

    Raises:
        ValueError: for frames of another kind, an unknown codec, or a quality out of range.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
        raise ValueError(f"frames are {frames.dtype} {frames.shape}, must be uint8 [K, H, W, 3]")
    if codec not in CODECS:
        raise ValueError(f"codec={codec!r}, allowed is one of {CODECS}")
    if not 1 <= quality <= 100:
        raise ValueError(f"quality={quality}, allowed is 1 to 100")
    parts = [_HEAD.pack(_MAGIC, CODECS.index(codec), *frames.shape[:3])]
    for frame in frames:
        data = frame.tobytes() if codec == "raw" else _encode(frame, codec, quality)
        parts += [_LENGTH.pack(len(data)), data]
    return b"".join(parts)


def unpack(packet: bytes, *, shape: tuple[int, int, int] | None = None) -> np.ndarray:
    """A packet to its frames, [K, H, W, 3] uint8, RGB.

    No picture is decoded before its size is known to be that of the head, so a small packet cannot
    ask for much memory.

    Args:
        packet: From :func:`pack`, or from anyone.
        shape: (K, H, W) that it must have; None: whatever its head says.

    Raises:
        PacketError: if it is no whole packet, of another shape, or holds a broken picture.
    """
    if len(packet) < _HEAD.size or packet[:4] != _MAGIC:
        raise PacketError(f"no packet of distilled frames: {len(packet)} bytes without its head")
    _, number, *found = _HEAD.unpack_from(packet)
    if number >= len(CODECS):
        raise PacketError(f"codec number {number}, allowed is 0 to {len(CODECS) - 1} for {CODECS}")
    num_frames, height, width = found
    if shape is not None and (num_frames, height, width) != tuple(shape):
        raise PacketError(
            f"{num_frames} frames of {height}x{width}, expected {shape[0]} of {shape[1]}x{shape[2]}"
        )
    frames, offset = [], _HEAD.size
    for index in range(num_frames):
        start = offset + _LENGTH.size
        length = _LENGTH.unpack_from(packet, offset)[0] if start <= len(packet) else 0
        offset = start + length
        if start > len(packet) or offset > len(packet):
            raise PacketError(f"cut off in frame {index} of {num_frames}")
        frames.append(_decode(packet[start:offset], CODECS[number], (height, width), index))
    if offset != len(packet):
        raise PacketError(f"{len(packet) - offset} bytes too many after {num_frames} frames")
    return np.array(frames, np.uint8).reshape(num_frames, height, width, 3)


def _encode(frame: np.ndarray, codec: str, quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, format=codec, quality=quality)  # PNG ignores quality
    return stream.getvalue()


def _decode(data: bytes, codec: str, size: tuple[int, int], index: int) -> np.ndarray:
    height, width = size
    if codec == "raw":
        if len(data) != height * width * 3:
            raise PacketError(f"frame {index}: {len(data)} raw bytes for {height}x{width}x3")
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)
    try:
        with Image.open(io.BytesIO(data), formats=[codec]) as image:  # reads its head only
            if image.size != (width, height):
                found = f"{image.size[1]}x{image.size[0]}"
                raise PacketError(f"frame {index}: a picture of {found} for {height}x{width}")
            return np.asarray(image.convert("RGB"))
    except PacketError:
        raise
    except Exception as error:  # PIL raises many kinds for broken pictures
        raise PacketError(f"frame {index}: no readable {codec} picture ({error})") from error
