"""A clip's bytes in, damaged bytes out: what storage, networks and attackers do to a file.

Everything is drawn from the random numbers that are handed in: the same ones give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import av

_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Sizes and counts at which arithmetic goes wrong."""

_BOXES = re.compile(
    rb"moov|mvhd|trak|tkhd|mdia|mdhd|hdlr|minf|dinf|dref|stbl|stsd|stts|ctts|stsc|stsz|stco|stss|"
    rb"edts|elst|avc1|avcC|hev1|hvc1|hvcC|mp4v|esds|vp09|vpcC|av01|av1C|s263|d263|mvex|trex|moof|"
    rb"tfhd|tfdt|trun|mdat|ftyp|RIFF|LIST|hdrl|avih|strl|strh|strf|indx|vprp|INFO|movi|idx1|"
    rb"\x1a\x45\xdf\xa3|\x18\x53\x80\x67|\x16\x54\xae\x6b|\x1f\x43\xb6\x75|\x1c\x53\xbb\x6b|"
    rb"\xae|\xe0|\xa3|\xb0|\xba|\x63\xa2|onMetaData|DKIF|\x30\x26\xb2\x75|\x00\x00\x01\xba|"
    rb"\x00\x00\x01\xbb|\x00\x00\x01\xb3|\x00\x00\x01\xe0|\x47\x40"
)
"""How the parts of containers begin: MP4, AVI, Matroska, FLV, IVF, ASF, PS and TS."""


@dataclass(frozen=True)
class Clip:
    """A sound clip."""

    name: str
    data: bytes
    packets: tuple[tuple[int, int], ...]
    """Position and size of those that can be found in the file as they are."""
    boxes: tuple[int, ...]
    """Where parts of the container begin."""


def examine(name: str, data: bytes) -> Clip:
    """Find what mutations aim at."""
    packets = []
    at = 0
    with av.open(io.BytesIO(data), "r") as container:
        for packet in container.demux(video=0):
            found = data.find(bytes(packet)[:64], at) if packet.size else -1
            if found >= 0:
                packets.append((found, packet.size))
                at = found + 1
    boxes = tuple(match.start() for match in _BOXES.finditer(data))
    return Clip(name, data, tuple(packets), boxes)


def mutate(clip: Clip, others: Sequence[Clip], rng: Random) -> tuple[bytes, str]:
    """Damaged bytes, and what was done, one to three times.

    Args:
        clip: The clip.
        others: Clips that parts may be taken from.
    """
    data = bytearray(clip.data)
    names = rng.choices(list(MUTATIONS), k=rng.choice((1, 1, 1, 2, 3)))
    for name in names:
        MUTATIONS[name](data, clip, others, rng)
    return bytes(data), "+".join(names)


def _flip_bits(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    for _ in range(rng.choice((1, 2, 8, 32))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _flip_in_packet(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin, end = _packet(data, clip, rng)
    for _ in range(rng.choice((1, 4, 16))):
        data[rng.randrange(begin, end)] ^= 1 << rng.randrange(8)


def _change_picture_header(
    data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random
) -> None:
    begin, end = _packet(data, clip, rng)
    for _ in range(rng.choice((1, 2, 4))):
        data[rng.randrange(begin, min(begin + 24, end))] = rng.randrange(256)


def _cut_packet_short(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin, end = _packet(data, clip, rng)
    data[rng.randrange(begin, end) : end] = b""


def _fill_packet(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin, end = _packet(data, clip, rng)
    begin = rng.randrange(begin, end)
    data[begin:end] = bytes([rng.choice((0, 0xFF, rng.randrange(256)))]) * (end - begin)


def _lose_packet(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin, end = _packet(data, clip, rng)
    data[begin:end] = bytes(end - begin)


def _swap_packets(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    (a, a_end), (b, b_end) = _packet(data, clip, rng), _packet(data, clip, rng)
    size = min(a_end - a, b_end - b)
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def _foreign_packet(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin, end = _packet(data, clip, rng)
    other = rng.choice(others)
    foreign_begin, foreign_end = _packet(other.data, other, rng)
    part = other.data[foreign_begin:foreign_end][: end - begin]
    data[begin : begin + len(part)] = part


def _change_box(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin = rng.choice(clip.boxes) if clip.boxes else 0
    at = min(max(begin + rng.randrange(-4, 48), 0), len(data) - 1)
    width = rng.choice((1, 2, 4, 8))
    number = rng.choice((*_NUMBERS, rng.randrange(1 << 32), len(data)))
    written = (number % (1 << 8 * width)).to_bytes(width, "big")
    data[at : at + width] = rng.choice((written, written[::-1]))


def _change_head(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    for _ in range(rng.choice((1, 3, 9))):
        data[rng.randrange(min(len(data), 1024))] = rng.randrange(256)


def _change_tail(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    for _ in range(rng.choice((1, 3, 9))):
        data[-1 - rng.randrange(min(len(data), 2048))] = rng.randrange(256)


def _truncate(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    del data[rng.randrange(1, len(data) + 1) :]


def _remove(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin = rng.randrange(len(data))
    size = rng.choice((1, 4, 188, 1024))
    if size < len(data):
        del data[begin : begin + size]


def _insert(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin = rng.randrange(len(data))
    data[begin:begin] = rng.randbytes(rng.choice((1, 4, 188, 1024)))


def _repeat(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    begin = rng.randrange(len(data))
    data[begin:begin] = data[begin : begin + rng.choice((4, 188, 4096))]


def _join(data: bytearray, clip: Clip, others: Sequence[Clip], rng: Random) -> None:
    other = rng.choice(others).data
    del data[rng.randrange(1, len(data) + 1) :]
    data += other[rng.randrange(len(other)) :]


Mutation = Callable[[bytearray, Clip, Sequence[Clip], Random], None]
MUTATIONS: dict[str, Mutation] = {
    "flip bits": _flip_bits,
    "flip in packet": _flip_in_packet,
    "change picture header": _change_picture_header,
    "cut packet short": _cut_packet_short,
    "fill packet": _fill_packet,
    "lose packet": _lose_packet,
    "swap packets": _swap_packets,
    "foreign packet": _foreign_packet,
    "change box": _change_box,
    "change head": _change_head,
    "change tail": _change_tail,
    "truncate": _truncate,
    "remove": _remove,
    "insert": _insert,
    "repeat": _repeat,
    "join": _join,
}


def _packet(data: bytes | bytearray, clip: Clip, rng: Random) -> tuple[int, int]:
    """Where one begins and ends, as far as it is still there; else anything."""
    at, size = rng.choice(clip.packets) if clip.packets else (rng.randrange(len(data)), 64)
    at = min(at, len(data) - 1)
    return at, max(min(at + size, len(data)), at + 1)
