"""Packets of VP9 in, what their headers say out; see record.py.

``Parser(extradata).headers(packets)`` returns records and references. A packet is a frame, or a
superframe of several: each has a record with its own bytes, ``packet[start:stop]``, which may be
sent to FFmpeg's decoder as a packet of its own. ``order`` is the number of the record, which is
the order of display; hidden frames are never shown. A frame that SHOWS_EXISTING has no number of
its own: its ``picture`` and its only reference are the picture that it shows.

All frames are REFERENCED: even of one that no reference slot keeps, the next frame takes
probabilities, vectors and segments, so that no frame can be left out. ``colocated`` is the frame
before for this reason, and -1 only at key frames.
"""

from __future__ import annotations

try:
    from ._parsers import vp9 as _vp9
except ImportError:  # built where a compiler was at hand
    _vp9 = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _vp9 is not None


if _vp9 is not None:
    Parser = _vp9.Parser
