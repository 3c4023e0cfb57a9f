"""Bytes of an MP4 or MOV in, what its boxes say of its tracks out: ISO/IEC 14496-12.

Only headers are read, and nothing is allocated by what they claim: whether FFmpeg had better open a
file can be asked before it does.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

import numpy as np

from ..errors import CorruptVideoError
from ..limits import Limits
from .orientation import IDENTITY, Matrix

Box: TypeAlias = "tuple[bytes, memoryview]"
"""Kind and payload."""

_PARENTS = (b"trak", b"mdia", b"minf", b"stbl", b"traf")

_TABLES = (b"ctts", b"stts", b"stsc", b"stsz", b"stco", b"co64")

_MAX_DEPTH = 10
"""Boxes within boxes, at least as many as FFmpeg goes down."""

_MATRIX_AT = {b"mvhd": (36, 48), b"tkhd": (40, 52)}
"""Where in a header's payload its matrix stands, by version (clauses 8.2.2 and 8.3.2)."""

_MAX_SAMPLES_A_BYTE = {"soun": 256}
"""Else 1. Old codecs count samples of the decoded sound, of which many share a byte."""


@dataclass(slots=True)
class Track:
    """What the boxes of a track say."""

    id: int = 0
    """``track_ID``: FFmpeg's ``stream.id``."""

    handler: str = ""
    """``'vide'``, ``'soun'``, …"""

    matrix: Matrix | None = None
    """The track's matrix times the movie's, as FFmpeg multiplies them; None: no header.
    :func:`~compressedvideo.container.orientation.orientation_of` says what it means."""

    num_samples: int = 0
    """Entries of the table of sizes; fragments come on top."""

    num_descriptions: int = 0
    """Sample descriptions. With several, samples differ in codec, size or headers."""

    _tables: dict[bytes, memoryview] = field(default_factory=dict, repr=False)
    """Payloads by kind."""

    def samples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Where samples lie (clauses 8.7.3 to 8.7.5), and when they are decoded (8.6.1.2).

        Returns:
            [num_samples] int64 each: positions in the file, sizes in bytes, decoding times in the
            track's units from 0 on. None if a table is missing, damaged, or in a rare form.
        """
        chunks = self._chunk_offsets()
        if chunks is None:
            return None
        sizes = self._sample_sizes()
        per_chunk = self._samples_per_chunk(len(chunks))
        durations = self._runs(b"stts", ">u4", 2)
        if sizes is None or per_chunk is None or durations is None:
            return None
        count = self.num_samples
        if per_chunk.sum() != count or durations[:, 0].sum() != count or not count:
            return None
        ends = np.cumsum(sizes)
        first = np.cumsum(per_chunk) - per_chunk  # of each chunk
        of_chunk = np.repeat(np.arange(len(chunks)), per_chunk)
        starts = ends - sizes
        used = np.minimum(first, count - 1)
        positions = starts + (chunks - starts[used])[of_chunk]
        steps = np.repeat(durations[:, 1], durations[:, 0])
        return positions, sizes, np.cumsum(steps) - steps

    def _sample_sizes(self) -> np.ndarray | None:
        table = self._tables.get(b"stsz", memoryview(b""))
        count = self.num_samples
        if len(table) < 12:
            return None
        if size := _number(table, 4):
            return np.full(count, size, np.int64)
        if len(table) < 12 + 4 * count:
            return None
        return np.frombuffer(table, ">u4", count, 12).astype(np.int64)

    def _samples_per_chunk(self, num_chunks: int) -> np.ndarray | None:
        runs = self._runs(b"stsc", ">u4", 3)
        if runs is None or not len(runs) or runs[0, 0] != 1:
            return None
        chunks = np.diff(np.append(runs[:, 0], num_chunks + 1))
        if (chunks < 0).any():  # else they are as many as there are offsets
            return None
        return np.repeat(runs[:, 1], chunks)

    @property
    def _num_chunks(self) -> int:
        table = self._tables.get(b"stco") or self._tables.get(b"co64")
        return _number(table, 4) if table else 0

    def _chunk_offsets(self) -> np.ndarray | None:
        kind, unit = (b"stco", ">u4") if b"stco" in self._tables else (b"co64", ">i8")
        runs = self._runs(kind, unit, 1)
        return None if runs is None else runs[:, 0]

    def _runs(self, kind: bytes, unit: str, width: int) -> np.ndarray | None:
        """[N, width] int64: the entries of a table."""
        table = self._tables.get(kind, memoryview(b""))
        count = _number(table, 4)
        if len(table) < 8 or len(table) < 8 + np.dtype(unit).itemsize * width * count:
            return None
        numbers = np.frombuffer(table, unit, width * count, 8)
        return numbers.reshape(-1, width).astype(np.int64)

    def composition_offsets(self) -> np.ndarray | None:
        """Composition minus decoding time of each sample (clause 8.6.1.3).

        Returns:
            [num_samples] int64, the track's time units: zeros without a table. Where some are
            negative, all are raised so that none is, as FFmpeg does. None if the table is damaged.
        """
        if b"ctts" not in self._tables:
            return np.zeros(self.num_samples, np.int64)
        runs = self._runs(b"ctts", ">i4", 2)
        if runs is None:
            return None
        if (runs[:, 0] < 0).any() or runs[:, 0].sum() != self.num_samples:
            return None
        offsets = np.repeat(runs[:, 1], runs[:, 0])
        return offsets - min(int(offsets.min(initial=0)), 0)


def read_tracks(
    file: BinaryIO, *, path: str | None = None, limits: Limits | None = None
) -> list[Track]:
    """The tracks of a movie in the file's order, which is that of FFmpeg's streams.

    Args:
        file: Of any kind; seekable; it is left anywhere.
        path: For errors.
        limits: How many samples a track other than sound, or all fragments, may announce. None:
            any number.

    Returns:
        An empty list if there is no movie box: it is no MP4, or a damaged one.

    Raises:
        CorruptVideoError: If the tables announce more samples than the file has bytes. FFmpeg
            allocates entries for all of them, and 20 bytes can announce 4 billion.
        LimitError: If they announce more than the limits allow.
    """
    size = file.seek(0, os.SEEK_END)
    tracks: list[Track] = []
    num_in_fragments = 0
    for kind, payload in _movie_boxes(file, size):
        if kind == b"moov":
            movie = _read_movie(payload)
            for track in movie:
                count = max(track.num_samples, _num_in_chunks(track))
                _check_count(count, size * _MAX_SAMPLES_A_BYTE.get(track.handler, 1), path=path)
                if limits is not None and track.handler != "soun":
                    limits.check("packets", count, path=path)
            tracks = tracks or movie  # FFmpeg passes over further ones
        else:
            num_in_fragments += _num_in_fragment(payload)
            _check_count(num_in_fragments, size, path=path)
            if limits is not None:
                limits.check("packets", num_in_fragments, path=path)
    return tracks


def _check_count(count: int, limit: int, *, path: str | None) -> None:
    if count > limit:
        raise CorruptVideoError(
            f"its tables announce {count} samples, more than a file of its size can hold; "
            "download it again or drop it",
            path=path,
        )


# ---------------------------------------------------------------------------------- boxes


def _movie_boxes(file: BinaryIO, end: int) -> Iterator[Box]:
    """The movie's box, and those of its fragments. Of the other ones only the sizes are read."""
    begin = 0
    while begin + 8 <= end:
        file.seek(begin)
        kind, start, stop = _place(file.read(16), begin, end)
        if stop < start:
            return
        if kind in (b"moov", b"moof"):
            file.seek(start)
            yield kind, memoryview(file.read(stop - start))
        begin = stop


def _boxes(data: memoryview) -> Iterator[Box]:
    """The boxes in the payload of another one."""
    begin, end = 0, len(data)
    while begin + 8 <= end:
        kind, start, stop = _place(data[begin : begin + 16], begin, end)
        if stop < start:
            return
        yield kind, data[start:stop]
        begin = stop


def _place(header: bytes | memoryview, begin: int, end: int) -> tuple[bytes, int, int]:
    """Kind of the box at ``begin``, and its payload from where to where.

    A box that is longer than the one around it is cut, as FFmpeg does.
    """
    size, start = int.from_bytes(header[:4], "big"), begin + 8
    if size == 1:
        size, start = int.from_bytes(header[8:], "big"), begin + 16
    elif size == 0:  # all the rest
        size = end - begin
    return bytes(header[4:8]), start, min(begin + size, end)


def _within(data: memoryview, depth: int = 1) -> Iterator[Box]:
    """All boxes in a payload, parents before their children."""
    for kind, payload in _boxes(data):
        yield kind, payload
        if kind in _PARENTS and depth < _MAX_DEPTH:
            yield from _within(payload, depth + 1)


def _number(payload: memoryview, at: int) -> int:
    return int.from_bytes(payload[at : at + 4], "big")


# ---------------------------------------------------------------------------------- tracks


def _read_movie(data: memoryview) -> list[Track]:
    tracks: list[Track] = []
    of_movie: Matrix = (0,) * 9
    for kind, payload in _boxes(data):
        if kind == b"mvhd":
            of_movie = _read_matrix(kind, payload) or of_movie
        elif kind == b"trak":
            tracks.append(_read_track(payload, of_movie))
    return tracks


def _read_track(data: memoryview, of_movie: Matrix) -> Track:
    track = Track()
    for kind, payload in _within(data):
        if kind == b"tkhd":
            track.id = _number(payload, 20 if payload[:1] == b"\x01" else 12)
            matrix = _read_matrix(kind, payload)
            track.matrix = None if matrix is None else _product(matrix, of_movie)
        elif kind == b"hdlr" and not track.handler:
            track.handler = bytes(payload[8:12]).decode("latin1")
        elif kind == b"stsd":
            track.num_descriptions = _number(payload, 4)
        elif kind in (b"stsz", b"stz2"):
            track.num_samples = _number(payload, 8)
        if kind in _TABLES:
            track._tables[kind] = payload
    return track


def _read_matrix(kind: bytes, payload: memoryview) -> Matrix | None:
    at = _MATRIX_AT[kind][payload[:1] == b"\x01"]
    return struct.unpack_from(">9i", payload, at) if at + 36 <= len(payload) else None


def _product(of_track: Matrix, of_movie: Matrix) -> Matrix:
    if of_movie == IDENTITY:
        return of_track
    shifts = 16, 16, 30  # the last column of a matrix has other units
    return tuple(
        _as_int32(
            sum(of_track[3 * row + k] * of_movie[3 * k + column] >> shifts[k] for k in range(3))
        )
        for row in range(3)
        for column in range(3)
    )


def _as_int32(number: int) -> int:
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


# ---------------------------------------------------------------------------------- samples


def _num_in_chunks(track: Track) -> int:
    """Samples of the chunks, clause 8.7.4: what FFmpeg counts by if the track is sound."""
    table = track._tables.get(b"stsc", memoryview(b""))
    num_runs = min(_number(table, 4), (len(table) - 8) // 12)
    if track.handler != "soun" or num_runs <= 0:
        return 0
    runs = np.frombuffer(table, ">u4", 3 * num_runs, 8).reshape(-1, 3).astype(float)
    first_chunks = np.append(runs[:, 0], track._num_chunks + 1)
    return int((np.maximum(np.diff(first_chunks), 0) * runs[:, 1]).sum())


def _num_in_fragment(data: memoryview) -> int:
    """Samples of a movie fragment, clause 8.8."""
    return sum(_number(payload, 4) for kind, payload in _within(data) if kind == b"trun")
