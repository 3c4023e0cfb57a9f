"""The head of an AVI in, an error out if it announces more than the file has.

FFmpeg allocates and clears the memory that a tag of a list of tags (INFO) asks for before it reads
a byte of it: 36 kB of file cost 1.6 GB. It believes the list about where the tag may end.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from ..errors import CorruptVideoError

_HEADS = {
    *((b"RIFF", kind) for kind in (b"AVI ", b"AVIX", b"AVI\x19", b"AMV ")),
    (b"ON2 ", b"ON2f"),
}
"""What FFmpeg takes for an AVI."""

_MAX_CHUNKS = 4096
"""In the head. Files in the wild have about 20."""


def check_riff(file: BinaryIO, *, path: str | None = None) -> None:
    """Look at the chunks before the pictures (``LIST movi``) of an AVI.

    Args:
        file: Of any kind; seekable; it is left anywhere.
        path: For errors.

    Raises:
        CorruptVideoError: If a chunk goes on behind the end of the file, or there are thousands.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if (head[:4], head[8:]) not in _HEADS:
        return
    at = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        head = file.read(12)
        if len(head) < 12 or head[8:] == b"movi":
            return
        size = int.from_bytes(head[4:8], "little")
        is_list = head[:4] in (b"LIST", b"RIFF")
        holds_tags = is_list and head[8:] == b"INFO"
        if at + 8 + size > end and (holds_tags or not is_list):
            raise CorruptVideoError(
                f"its chunk {head[:4]!r} announces {size} bytes, more than the file has; download "
                "it again or drop it",
                path=path,
            )
        # As FFmpeg, which goes into lists of all kinds but reads the tags of one in one go.
        at += 8 + size + (size & 1) if holds_tags or not is_list else 12
    raise CorruptVideoError(
        f"has more than {_MAX_CHUNKS} chunks before its pictures; drop it", path=path
    )
