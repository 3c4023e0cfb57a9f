"""Bytes of an MP4 or MOV in, whether its pictures are stored upright out: ISO/IEC 14496-12."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

_IDENTITY = b"".join(
    number.to_bytes(4, "big") for number in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
)

_MATRIX_AT = {b"mvhd": (36, 48), b"tkhd": (40, 52)}
"""Where in a header's payload its matrix stands, by version (clauses 8.2.2 and 8.3.2)."""


def is_upright(file: BinaryIO) -> bool:
    """Whether the headers of the movie and of all tracks leave pictures as they are.

    Args:
        file: Seekable; it is left anywhere.

    Returns:
        False, too, where the headers are damaged or somewhere unusual.
    """
    end = file.seek(0, os.SEEK_END)
    moov = next((box for box in boxes(file, 0, end) if box[0] == b"moov"), None)
    if moov is None:
        return False
    children = list(boxes(file, *moov[1:]))
    headers = [box for box in children if box[0] == b"mvhd"]
    tracks = [box for box in children if box[0] == b"trak"]
    for track in tracks:
        headers += [box for box in boxes(file, *track[1:]) if box[0] == b"tkhd"]
    return (
        bool(tracks)
        and len(headers) == 1 + len(tracks)
        and all(_is_identity(file, *box) for box in headers)
    )


def boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind and payload (from, to) of each box in a part of the file."""
    while begin + 8 <= end:
        file.seek(begin)
        header = file.read(16)
        size, start = int.from_bytes(header[:4], "big"), begin + 8
        if size == 1:
            size, start = int.from_bytes(header[8:], "big"), begin + 16
        elif size == 0:  # to the end of the file
            size = end - begin
        if not start - begin <= size <= end - begin:
            return
        yield header[4:8], start, begin + size
        begin += size


def _is_identity(file: BinaryIO, kind: bytes, begin: int, end: int) -> bool:
    file.seek(begin)
    payload = file.read(min(end - begin, 128))
    version = payload[0] if payload else 2
    if version > 1:
        return False
    at = _MATRIX_AT[kind][version]
    return payload[at : at + len(_IDENTITY)] == _IDENTITY
