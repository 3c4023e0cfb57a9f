from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from mmcondense.apis.tsd_packet import (
    CODECS,
    PacketError,
    dequantise,
    pack,
    quantise,
    unpack,
)

SHAPE = (3, 16, 24)


@pytest.fixture
def frames() -> np.ndarray:
    """[3, 16, 24, 3] uint8, smooth, as JPEG likes them."""
    y, x = np.mgrid[:16, :24]
    ramps = [np.stack([8 * x + 5 * k, 10 * y, 60 + 2 * x + y], axis=-1) for k in range(3)]
    return np.array(ramps).astype(np.uint8)


def test_quantisation_is_off_by_half_a_level_at_most():
    values = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4, 5, 6)).astype(np.float32)
    levels = quantise(values)
    assert (levels.shape, levels.dtype) == ((2, 4, 5, 6, 3), np.uint8)
    assert np.abs(dequantise(levels) - values).max() <= 1 / 255 + 1e-6
    assert np.array_equal(quantise(dequantise(levels)), levels)
    ends = np.array([-3, -1, 0.999, 5]).reshape(1, 4, 1, 1).repeat(3, axis=0)
    assert quantise(ends)[:, 0, 0, 0].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("codec", CODECS)
def test_packets_come_back(codec, frames):
    packet = pack(frames, codec=codec)
    received = unpack(packet, shape=SHAPE)
    assert (received.shape, received.dtype) == (frames.shape, np.uint8)
    error = np.abs(received.astype(int) - frames)
    assert error.max() == 0 if codec in ("raw", "png") else 0 < error.mean() < 6
    if codec == "raw":
        assert len(packet) == 11 + 3 * (4 + 16 * 24 * 3)


def test_quality_buys_bytes(frames):
    noise = np.random.default_rng(0).integers(0, 256, frames.shape, dtype=np.uint8)
    sizes = [len(pack(noise, quality=quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2] / 2


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "0 bytes without its head"),
        (b"GET / HTTP/1.1\r\n\r\n", "without its head"),
        (struct.pack("<4sBHHH", b"TSD1", 9, *SHAPE), "codec number 9"),
        (struct.pack("<4sBHHH", b"TSD1", 0, 3, 16, 25), "3 frames of 16x25, expected 3 of 16x24"),
        (struct.pack("<4sBHHH", b"TSD1", 0, *SHAPE), "cut off in frame 0 of 3"),
        (struct.pack("<4sBHHHI", b"TSD1", 0, *SHAPE, 4_000_000_000), "cut off in frame 0 of 3"),
        (struct.pack("<4sBHHHI4s", b"TSD1", 0, *SHAPE, 4, b"abcd"), "frame 0: 4 raw bytes"),
        (struct.pack("<4sBHHHI4s", b"TSD1", 2, *SHAPE, 4, b"abcd"), "no readable jpeg picture"),
    ],
)
def test_what_is_no_packet_says_why(packet, reason):
    with pytest.raises(PacketError, match=reason):
        unpack(packet, shape=SHAPE)


def test_damaged_packets_raise_nothing_else(frames):
    rng = np.random.default_rng(0)
    for codec in CODECS:
        packet = pack(frames, codec=codec)
        with pytest.raises(PacketError, match="1 bytes too many"):
            unpack(packet + b"x")
        for _ in range(60):
            damaged = bytearray(packet[: rng.integers(1, len(packet) + 1)])
            for position in rng.integers(0, len(damaged), 3):
                damaged[position] = rng.integers(256)
            try:
                received = unpack(bytes(damaged), shape=SHAPE)
            except PacketError:
                continue
            assert received.shape == frames.shape


def test_a_picture_is_not_decoded_before_its_size_is_known(frames):
    stream = io.BytesIO()
    Image.new("RGB", (6000, 6000)).save(stream, format="png")
    bomb = stream.getvalue()
    head = struct.pack("<4sBHHHI", b"TSD1", CODECS.index("png"), 1, 16, 24, len(bomb))
    with pytest.raises(PacketError, match="a picture of 6000x6000 for 16x24"):
        unpack(head + bomb)


def test_arguments_are_checked(frames):
    with pytest.raises(ValueError, match="float32"):
        pack(frames.astype(np.float32))
    with pytest.raises(ValueError, match="codec='gif', allowed is one of"):
        pack(frames, codec="gif")
    with pytest.raises(ValueError, match="quality=0"):
        pack(frames, quality=0)
