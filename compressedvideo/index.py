"""How a video is laid out: how many frames, where the key frames are, in what order frames show.

Frames are coded pictures that a decoder shows, counted in display order from the first key frame.
Two ways lead to an index: the container's own table of packets, which is free, or a pass over all
packets, which decodes nothing.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, TypeAlias

import numpy as np
from av import Packet
from av.container import InputContainer
from av.video.stream import VideoStream

from .bitstream.headers import CodedPicture, PictureParser

_ANCHOR_ORDER = ("mpeg4", "mpeg1video", "mpeg2video", "h263", "h263p", "flv1", "flv")
"""B-pictures precede the anchor that precedes them in the stream, and nothing else is reordered."""

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"

_HEADER = 64
"""Bytes of a packet among which its picture begins, if it is no key frame."""

_LONG_HEADER = 4096
"""The same for key frames, before which parameter sets and messages stand."""

_SMALL = 16
"""Packets of at most this many bytes may be placeholders that hold no picture."""


@dataclass(slots=True)
class Picture:
    """One coded picture, on its way through the reader."""

    kind: str
    referenced: bool
    closed: bool
    is_key: bool
    packet: Packet
    """Holds this picture only. Empty after a scan of a large file."""
    pts: int | None
    display: int = -1
    """Display index; -1 where the picture cannot be decoded from here."""
    past: int | None = None
    """Display index of the past reference: of those decoded before, the nearest in display order.
    None for the first. An I-picture within a GOP has one, too, of which it makes no use."""
    future: int | None = None
    """The same for the future reference of B-pictures."""


CodedEntry: TypeAlias = "tuple[Picture, int | None, int | None]"
"""A picture with its packet's decoding time and byte position."""


@dataclass
class VideoIndex:
    """Where to seek for which frame."""

    num_frames: int
    keyframes: np.ndarray
    """[G] int64, display indices."""
    key_times: list[int | None]
    """G decoding times, the stream's time base: seek targets."""
    key_positions: list[int | None]
    """G byte positions that tell whether a seek arrived; None: tell by time."""
    frame_types: list[str] | None = None
    """Display order; None where packets were not looked at yet."""
    referenced: list[bool] | None = None
    """Display order: whether other frames are predicted from the frame."""
    start_pts: int = 0
    in_order: bool = False
    """Decoding order is display order."""
    times_are_monotonic: bool = True
    """Presentation times follow the display order, so that they can be trusted."""


def index_from_container(
    container: InputContainer,
    stream: VideoStream,
    *,
    parser: PictureParser | None,
    file: BinaryIO,
) -> VideoIndex | None:
    """Index from the table of packets in MP4, MOV and AVI, if it leaves no doubt; else None.

    Args:
        container: The opened file.
        stream: Its video.
        parser: For the first pictures of each GOP, if pictures are reordered.
        file: The bytes that the container was opened from.
    """
    if parser is None or container.format.name not in ("avi", MP4):
        return None
    keys, times, small, count = [], [], [], 0
    for count, entry in enumerate(stream.index_entries, start=1):
        if entry.is_keyframe:
            keys.append(count - 1)
            times.append(entry.timestamp)
        if entry.size <= _SMALL:
            small.append(count - 1)
    in_order = not stream.codec_context.has_b_frames
    if not keys or keys[0] or count != stream.frames:
        return None
    if any(_picture_at(stream, i, _SMALL, parser=parser, file=file) is None for i in small):
        return None
    leading = [0] * len(keys)
    if not in_order:
        if container.format.name != MP4:  # AVI is where B-frames are packed
            return None
        for i, key in enumerate(keys):
            number = _count_leading(stream, key, parser=parser, file=file)
            if number is None:
                return None
            leading[i] = number
    if leading[0]:  # pictures that cannot be decoded
        return None
    return VideoIndex(
        num_frames=count,
        keyframes=np.array(keys, np.int64) + leading,
        key_times=list(times),
        key_positions=[None] * len(keys),
        start_pts=stream.start_time or 0,
        in_order=in_order,
    )


def _count_leading(
    stream: VideoStream, key: int, *, parser: PictureParser, file: BinaryIO
) -> int | None:
    """Pictures that follow a key frame in the stream and are displayed before it; None: unknown.

    Only headers are read, past the demuxer.
    """
    if stream.codec_context.name not in _ANCHOR_ORDER:
        first = _picture_at(stream, key, _LONG_HEADER, parser=parser, file=file)
        return 0 if first is not None and first.closed else None
    num_packets = len(stream.index_entries)
    for number in range(key + 1, num_packets):
        following = _picture_at(stream, number, _HEADER, parser=parser, file=file)
        if following is None:
            return None
        if following.kind != "B":
            return number - key - 1
    return num_packets - key - 1


def _picture_at(
    stream: VideoStream, number: int, length: int, *, parser: PictureParser, file: BinaryIO
) -> CodedPicture | None:
    """The picture of a packet, from its first ``length`` bytes; None if there is not just one."""
    entry = stream.index_entries[number]
    file.seek(entry.pos)
    found = parser(file.read(min(entry.size, length)))
    return found[0] if len(found) == 1 and found[0].kind != "?" else None


def index_from_pictures(coded: list[CodedEntry], *, codec: str) -> VideoIndex:
    """Index from all pictures. ``keyframes`` is empty if there is no key frame."""
    pictures = [picture for picture, _, _ in coded]
    first = next((i for i, picture in enumerate(pictures) if picture.is_key), len(pictures))
    pictures = pictures[first:]
    order = display_order(pictures, codec=codec)
    if order:
        # Pictures shown before the first key frame cannot be decoded.
        order = order[order.index(0) :]
    displayed = [pictures[i] for i in order]
    times = [picture.pts for picture in displayed]
    keys = [(rank, i) for rank, i in enumerate(order) if pictures[i].is_key]
    return VideoIndex(
        num_frames=len(order),
        keyframes=np.array([rank for rank, _ in keys], np.int64),
        key_times=[coded[first + i][1] for _, i in keys],
        key_positions=[coded[first + i][2] for _, i in keys],
        frame_types=[picture.kind for picture in displayed],
        referenced=[picture.referenced for picture in displayed],
        start_pts=times[0] or 0 if times else 0,
        in_order=order == list(range(len(pictures))),
        times_are_monotonic=all(
            a is not None and b is not None and a < b for a, b in pairwise(times)
        ),
    )


def split_packets(packets: Iterable[Packet], parser: PictureParser | None) -> Iterator[CodedEntry]:
    """Coded pictures in decoding order. A packet that holds several pictures is taken apart."""
    later: list[CodedEntry] = []
    for packet in packets:
        size = packet.size
        if not size:
            continue
        # FFmpeg decodes one picture per packet: what is packed into the last is never shown.
        yield from later
        key = packet.is_keyframe
        data = bytes(packet) if parser else b""
        coded = parser(data) if parser else [CodedPicture("?", True)]
        if len(coded) == 1 and coded[0].stop in (None, size):
            kind, referenced, closed, _, _ = coded[0]
            is_key = key and kind in ("I", "?")
            picture = Picture(kind, referenced, closed, is_key, packet, packet.pts)
            yield picture, packet.dts, packet.pos
            later = []
            continue
        found = []
        for number, (kind, referenced, closed, start, stop) in enumerate(coded):
            own = packet
            if stop is not None and stop - start != size:
                own = padded_packet(data[start:stop])
            is_key = key and number == 0 and kind in ("I", "?")
            picture = Picture(kind, referenced, closed, is_key, own, packet.pts)
            found.append((picture, packet.dts, packet.pos))
        yield from found[:1]
        later = found[1:]


def padded_packet(data: bytes) -> Packet:
    """A packet with the padding behind it that decoders read into: ``Packet(data)`` has none."""
    packet = Packet(len(data))
    packet.update(data)
    return packet


def display_order(pictures: list[Picture], *, codec: str) -> list[int]:
    """Positions of ``pictures`` (given in decoding order), in display order."""
    if codec in _ANCHOR_ORDER:
        order: list[int] = []
        anchor = None
        for i, picture in enumerate(pictures):
            if picture.kind == "B":
                order.append(i)
            else:
                if anchor is not None:
                    order.append(anchor)
                anchor = i
        return order if anchor is None else [*order, anchor]
    if any(picture.pts is None for picture in pictures):
        return list(range(len(pictures)))
    return sorted(range(len(pictures)), key=lambda i: pictures[i].pts or 0)


def link_references(pictures: list[Picture]) -> None:
    """Set the nearest past and future reference of each picture (given in decoding order)."""
    decoded: list[int] = []  # display indices of references, sorted
    for picture in pictures:
        if picture.display < 0:
            continue
        at = len(decoded)
        while at and decoded[at - 1] > picture.display:
            at -= 1
        past = decoded[at - 1] if at else None
        future = decoded[at] if at < len(decoded) else None
        picture.past = past if past is not None else future
        if picture.kind == "B":  # H.264 may predict from one side only, with both lists
            picture.future = future if future is not None else past
        if picture.referenced:
            insort(decoded, picture.display)
