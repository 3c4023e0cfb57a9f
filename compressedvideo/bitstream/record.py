"""What the headers of coded pictures say, as numpy sees it: csrc/record.h in a dtype.

Every parser's ``headers`` returns records and references as bytes; :func:`as_arrays` views them.
"""

from __future__ import annotations

from enum import IntFlag

import numpy as np

RECORD = np.dtype(
    [
        ("order", np.int64),  # display key within the epoch
        ("epoch", np.int32),  # rises where `order` starts anew; from 0
        ("packet", np.int32),  # number of the packet, from the last reset on
        ("start", np.int32),  # the picture's bytes within the packet, headers before it included
        ("stop", np.int32),
        ("picture", np.int32),  # number in decoding order; both fields of a frame share it
        ("colocated", np.int32),  # the picture whose motion this one's derivation needs; -1: none
        ("num_references", np.int32),  # its entries in the array of references
        ("flags", np.uint16),  # Flags
        ("recovery", np.int16),  # recovery_frame_cnt of a recovery point message, -1: none
        ("kind", "S1"),  # b"I", b"P", b"B", b"S", b"?": FFmpeg's pict_type of the frame
        ("field", np.uint8),  # FRAME, TOP_FIELD, BOTTOM_FIELD
        ("width", np.uint16),  # pixels as displayed; 0: the parser does not say
        ("height", np.uint16),
        ("chroma", np.uint8),  # 1 + chroma_format_idc; 0: the parser does not say
        ("reserved", np.uint8),
    ]
)

FRAME, TOP_FIELD, BOTTOM_FIELD = range(3)


class Flags(IntFlag):
    """Bits of a record's ``flags``."""

    REFERENCED = 1
    """Other pictures may be predicted from it."""

    KEY = 2
    """Decoding can start here: all pictures displayed at or after it come out right."""

    CLOSED = 4
    """No later picture is displayed before it."""

    LEADING = 8
    """Cannot be decoded if decoding starts at the KEY picture before it."""

    HIDDEN = 16
    """Never displayed."""

    SHOWS_EXISTING = 32
    """No new picture: displays an earlier one, which is its only reference."""

    SECOND_FIELD = 64
    """The second field of the picture of the record before."""

    INTERLACED = 128
    """A field, or a frame whose macroblocks may be fields: vectors may not fit frames."""

    DAMAGED = 256
    """Its header is unreadable; the other members are best guesses."""

    NO_SKIP = 1024
    """No picture is predicted from it, but it tells a decoder something that B-pictures after it
    need: from a KEY picture on it must be decoded before any of them."""

    LOST_BEFORE = 2048
    """References between the picture before and this one were lost, as frame numbers say."""


def as_arrays(records: bytes, references: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Views of what a parser's ``headers`` returns.

    Returns:
        The records, [N] of :data:`RECORD`, and picture numbers, int32, -1 for a missing picture:
        of each record its ``num_references``, one record's behind the other's.
    """
    return np.frombuffer(records, RECORD), np.frombuffer(references, np.int32)
