"""Where packets lie in a file, as MP4's and AVI's tables say it: they are read without a demuxer.

FFmpeg has read the tables when it has opened the file; a table that leaves a doubt is not believed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from av.video.stream import VideoStream

from .mp4 import Track

AVI = "avi"
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"

_CHUNK_HEADER = {MP4: 0, AVI: 8}
"""Bytes between the position that a container's table names and the packet."""

_WINDOW = 1 << 23
"""Bytes of a file that are looked at together."""

_GAP = 1 << 16
"""Bytes of others that are read along with packets around them."""


@dataclass
class PacketTable:
    """All packets of a stream, in decoding order."""

    positions: array[int]
    sizes: array[int]
    decoding_times: array[int]
    """The stream's time base."""
    presentation_times: np.ndarray | array[int] | None
    """The same; None: not known."""
    num_complete: int
    """Packets before the first that lies beyond the end of the file."""

    def read(self, file: BinaryIO, start: int, end: int) -> Iterator[list[memoryview]]:
        """The packets ``start`` to ``end - 1``, some at a time."""
        positions, sizes = self.positions, self.sizes
        while start < end:
            begin, stop = positions[start], start + 1
            after = begin + sizes[start]
            while (
                stop < end
                and positions[stop] - after <= _GAP
                and positions[stop] + sizes[stop] - begin <= _WINDOW
            ):
                after = positions[stop] + sizes[stop]
                stop += 1
            file.seek(begin)
            window = memoryview(_read(file, positions[stop - 1] + sizes[stop - 1] - begin))
            yield [
                window[position - begin : position - begin + size]
                for position, size in zip(
                    islice(positions, start, stop), islice(sizes, start, stop), strict=True
                )
            ]
            start = stop


def read_table(
    file: BinaryIO, stream: VideoStream, *, format: str, track: Track | None
) -> PacketTable | None:
    """The container's table of packets, if there is one that leaves no doubt.

    Args:
        file: The video.
        stream: Of the opened container.
        format: FFmpeg's name of it.
        track: What we read of an MP4 file's track ourselves.
    """
    if format not in _CHUNK_HEADER:
        return None
    if track and track.num_descriptions > 1:  # headers change on the way
        return None
    header = _CHUNK_HEADER[format]
    entries = stream.index_entries
    if not len(entries) or len(entries) != stream.frames:
        return None
    own = _own_table(track, entries)
    if own is None:
        held = [entry for entry in entries if entry.size]  # AVI's empty chunks repeat a frame
        if not held:
            return None
        positions = array("q", [entry.pos + header for entry in held])
        sizes = array("q", [entry.size for entry in held])
        times = array("q", [entry.timestamp for entry in held])
    else:
        positions, sizes, times = (array("q", column.tobytes()) for column in own)
    at, length = np.asarray(positions), np.asarray(sizes)
    rises = (at[1:] >= at[:-1] + length[:-1]).all() and (np.diff(np.asarray(times)) > 0).all()
    if not rises or at[0] < header:
        return None
    # What a truncated file announces is not there, but counts.
    num_complete = int(np.searchsorted(at + length, file.seek(0, 2), side="right"))
    if not num_complete:
        return None
    if format == AVI and not _is_chunk(file, positions[0], sizes[0]):
        return None
    presentation_times: np.ndarray | array[int] | None = None
    if format == AVI:
        presentation_times = times
    elif len(sizes) == len(entries):
        offsets = track.composition_offsets() if track else None
        if offsets is not None and len(offsets) == len(sizes):
            presentation_times = np.asarray(times) + offsets
    return PacketTable(positions, sizes, times, presentation_times, num_complete)


def _own_table(track: Track | None, entries: Any) -> tuple[np.ndarray, ...] | None:
    """What ``entries`` say, without an object for each: of 10 minutes that takes as long as
    all the rest."""
    table = track.samples() if track else None
    if table is None or len(table[0]) != len(entries) or not table[1].all():
        return None
    positions, sizes, times = table
    times = times + (entries[0].timestamp - times[0])
    ends = ((e.pos, e.size, e.timestamp) for e in (entries[0], entries[len(entries) - 1]))
    for at, entry in zip((0, -1), ends, strict=True):
        if entry != (positions[at], sizes[at], times[at]):
            return None
    return positions, sizes, times


def _is_chunk(file: BinaryIO, position: int, size: int) -> bool:
    """Whether a RIFF chunk of this size stands before a position."""
    file.seek(position - 4)
    return int.from_bytes(_read(file, 4), "little") == size


def _read(file: BinaryIO, size: int) -> bytes:
    """Bytes, also of files that return fewer than asked for."""
    data = file.read(size)
    if len(data) == size:
        return data
    parts = [data]
    missing = size - len(data)
    while data and missing:
        data = file.read(missing)
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)
