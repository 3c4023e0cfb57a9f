"""Bytes of an MP4 or MOV in, by how much each sample is shown later than it is decoded out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from .mp4 import boxes

_PATH = (b"mdia", b"minf", b"stbl", b"ctts")
_TRACK_ID_AT = (12, 20)
"""Where in a track header's payload its number stands, by version (ISO/IEC 14496-12, 8.3.2)."""


def composition_offsets(file: BinaryIO, track: int, *, num_samples: int) -> np.ndarray | None:
    """Composition minus decoding time of a track's samples (ISO/IEC 14496-12, 8.6.1.3).

    Args:
        file: Seekable; it is left anywhere.
        track: Its number, ``track_ID``.
        num_samples: How many it has.

    Returns:
        [num_samples] int64, the track's time units: zeros without a table. Where some are
        negative, all are raised so that none is, as FFmpeg does. None if the boxes are unusual.
    """
    end = file.seek(0, os.SEEK_END)
    for kind, begin, stop in boxes(file, 0, end):
        if kind == b"moov":
            for inner, inner_begin, inner_stop in boxes(file, begin, stop):
                if inner == b"trak" and _track_id(file, inner_begin, inner_stop) == track:
                    return _offsets(file, inner_begin, inner_stop, num_samples)
    return None


def _track_id(file: BinaryIO, begin: int, end: int) -> int | None:
    for payload in _payloads(file, begin, end, b"tkhd"):
        version = payload[0] if payload else 2
        if version < 2:
            at = _TRACK_ID_AT[version]
            return int.from_bytes(payload[at : at + 4], "big")
    return None


def _offsets(file: BinaryIO, begin: int, end: int, num_samples: int) -> np.ndarray | None:
    for kind in _PATH[:-1]:
        inner = next((box for box in boxes(file, begin, end) if box[0] == kind), None)
        if inner is None:
            return None
        _, begin, end = inner
    for payload in _payloads(file, begin, end, _PATH[-1]):
        count = int.from_bytes(payload[4:8], "big")
        runs = np.frombuffer(payload[8 : 8 + 8 * count], ">i4").reshape(-1, 2).astype(np.int64)
        if len(runs) != count or (runs[:, 0] < 0).any() or runs[:, 0].sum() != num_samples:
            return None
        offsets = np.repeat(runs[:, 1], runs[:, 0])
        return offsets - min(offsets.min(initial=0), 0)
    return np.zeros(num_samples, np.int64)


def _payloads(file: BinaryIO, begin: int, end: int, wanted: bytes) -> Iterator[bytes]:
    for kind, start, stop in boxes(file, begin, end):
        if kind == wanted:
            file.seek(start)
            yield file.read(stop - start)
