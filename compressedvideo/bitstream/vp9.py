"""Packets of VP9 in, what their headers and blocks say out: records, motion, no pixel decoded.

**Headers.** ``Parser(extradata).headers(packets)`` returns records and references, see record.py. A
packet is a frame, or a superframe of several: each has a record with its own bytes,
``packet[start:stop]``, which may be sent to FFmpeg's decoder as a packet of its own. ``order`` is
the number of the record, which is the order of display; hidden frames are never shown. A frame that
SHOWS_EXISTING has no number of its own: its ``picture`` and its only reference are the picture that
it shows. Of spatial layers each frame that is to be shown counts, as FFmpeg shows them all.

All frames are REFERENCED: even of one that no reference slot keeps, the next frame takes
probabilities, vectors and segments, so that no frame can be left out. ``colocated`` is the frame
before for this reason, and -1 only at key frames.

**Motion.** ``parser.parse(packets, needed, wanted, costs)`` returns a tuple for each new picture of
a wanted packet, hidden ones included; a frame that shows an existing picture has none of its own.

    (picture, status, bit, cell, height, width, pictures, vectors, slots, costs)

Every frame from the key frame on has to be parsed: after a packet that is neither needed nor wanted
the next frames have status NO_KEY_FRAME, until one starts anew (a key frame, an error-resilient
one, or an intra-only one that resets all probabilities). So it is after damage. Then ``vectors``
and ``slots`` are None; with the statuses of :data:`USABLE` they are there:

- OK;
- INEXACT_END: the symbols of a partition do not end where its bytes do, the vectors are doubtful;
- SCALED: a reference has another size. Vectors are as coded, in pixels of *this* picture; the place
  in the reference is scaled by the ratio of the sizes.

``cell`` is 4 where a block predicted from other pictures is smaller than 8x8, else 8. VP9's eighths
of a pixel become quarters toward zero, as VP9 drops eighths itself: at most 1/8 pixel is lost, and
opposite vectors stay opposite. ``vectors`` are destination minus source, ``pictures`` are the
distinct ones of LAST, GOLDEN and ALTREF. ``costs`` is ``(8, bits, coefficients)``: what a block
cost is spread evenly over the 8x8 blocks of it that lie in the frame, and the sum is exact.

**Hidden pictures.** References stay picture numbers. :func:`hidden_places` says which shown frame
a hidden picture is, or where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from .record import Flags

try:
    from ._parsers import vp9 as _vp9
except ImportError:  # built where a compiler was at hand
    _vp9 = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _vp9 is not None


if _vp9 is not None:
    Parser = _vp9.Parser
    message = _vp9.message
    tables = _vp9.tables
    FIRST_UNSUPPORTED = _vp9.FIRST_UNSUPPORTED
    OK, INEXACT_END, SCALED = _vp9.OK, _vp9.INEXACT_END, _vp9.SCALED
    NO_KEY_FRAME = _vp9.NO_KEY_FRAME
    USABLE = (OK, INEXACT_END, SCALED)

LEAST_SHARE, LEAST_RATIO = 0.3, 5
"""An overlay's share has to be above the first, and so many times the largest share before it."""


class HiddenPlace(NamedTuple):
    """Where a hidden picture belongs among the shown ones."""

    display: float
    """Display index; between two frames (n - 0.5) if interpolated."""

    how: Literal["exact", "inferred", "interpolated"]


class Still(NamedTuple):
    """How much of a shown picture stands still against a hidden one: ``Parser.stills()``."""

    picture: int
    hidden: int
    share: float
    """Of its area, 0 to 1: predicted from the hidden picture alone, without motion."""


def hidden_places(records: np.ndarray, stills: Iterable[Still]) -> dict[int, HiddenPlace]:
    """Which shown frame each hidden picture is.

    An encoder hides a picture (an alternate reference) that it made of frames to come. Exact: a
    later frame shows the picture itself. Inferred: one frame is an *overlay* of it, nearly all of
    which stands still against it: the largest share that is above 0.3 and five times all before it.
    Interpolated: neither; it stands before the frame that is shown next after it in the stream.

    Args:
        records: [N] of ``record.RECORD``, all from the last ``reset()`` on.
        stills: What ``Parser.stills()`` returned for the pictures parsed so far. Without those of
            the frames that refer to a hidden picture, nothing can be inferred of it.

    Returns:
        The place of each hidden picture, by its number.
    """
    is_shown = records["flags"] & Flags.HIDDEN == 0
    is_existing = records["flags"] & Flags.SHOWS_EXISTING != 0
    before = np.cumsum(is_shown) - is_shown  # frames shown before a record
    index_of = dict(
        zip(
            records["picture"][is_shown & ~is_existing].tolist(),
            before[is_shown & ~is_existing].tolist(),
            strict=True,
        )
    )
    shown_later: dict[int, int] = {}
    for picture, index in zip(
        records["picture"][is_existing].tolist(), before[is_existing].tolist(), strict=True
    ):
        shown_later.setdefault(picture, index)
    shares: dict[int, dict[int, float]] = {}
    for still in map(Still._make, stills):
        shares.setdefault(still.hidden, {})[still.picture] = still.share

    places = {}
    for picture, index in zip(
        records["picture"][~is_shown].tolist(), before[~is_shown].tolist(), strict=True
    ):
        overlay = _overlay(shares.get(picture, {}))
        if picture in shown_later:
            places[picture] = HiddenPlace(shown_later[picture], "exact")
        elif overlay in index_of:
            places[picture] = HiddenPlace(index_of[overlay], "inferred")
        else:
            places[picture] = HiddenPlace(index - 0.5, "interpolated")
    return places


def _overlay(shares: dict[int, float]) -> int | None:
    """The picture that stands out from those before it; later ones may stand still themselves."""
    best, overlay, largest_before = LEAST_SHARE, None, 0.0
    for picture in sorted(shares):
        if shares[picture] > max(best, LEAST_RATIO * largest_before):
            best, overlay = shares[picture], picture
        largest_before = max(largest_before, shares[picture])
    return overlay
