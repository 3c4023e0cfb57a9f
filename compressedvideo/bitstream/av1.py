"""Packets of AV1 in, what their headers say out; see record.py and the AV1 specification.

``Parser(extradata).headers(packets)`` returns records and references. A packet is a temporal unit:
one shown frame, and before it any number of hidden ones. Decoders take it whole, so it has *one*
record, whose ``picture`` numbers the unit; its ``kind`` is that of the frame shown, ``references``
are the units that hold the pictures it may be predicted from, and ``order`` is the number of the
record, which is the order of display.

- A packet that shows several frames has a record for each, as FFmpeg's decoder gives out all of
  them; of several spatial layers it gives out the last, and there is one record.
- KEY is a unit that shows a new key frame. A key frame that is hidden first and shown by a later
  unit ("forward key frame") is none: its own unit shows a picture that needs earlier ones, and the
  unit that shows it does not hold it. That unit SHOWS_EXISTING and is REFERENCED, since it puts the
  key frame into all slots.
- A unit with ``frame_refs_short_signaling`` names all pictures that the slots hold.
- Switch frames count as ``P``. Layers outside operating point 0 are ignored, as the decoder does.
"""

from __future__ import annotations

try:
    from ._parsers import av1 as _av1
except ImportError:  # built where a compiler was at hand
    _av1 = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _av1 is not None


if _av1 is not None:
    Parser = _av1.Parser
