"""Packets of VP8 in, what their frame headers say out; see record.py and RFC 6386.

``Parser(extradata).headers(packets)`` returns records and references. A record's ``order`` is its
number in decoding order, which is the order of display: hidden frames (alternate references) are
never shown. ``references`` holds the distinct pictures among LAST, GOLDEN and ALTREF. A frame that
replaces none of them is still REFERENCED if it changes probabilities, segments or filter deltas
for later frames. Empty packets, frames that the encoder dropped, give no record.
"""

from __future__ import annotations

try:
    from ._parsers import vp8 as _vp8
except ImportError:  # built where a compiler was at hand
    _vp8 = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _vp8 is not None


if _vp8 is not None:
    Parser = _vp8.Parser
