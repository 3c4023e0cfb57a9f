"""Packets in, one by one; out comes where GOPs begin, and which pictures they share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..bitstream.parsers import header_parser
from ..bitstream.record import Flags, as_arrays
from ..container.in_memory import MemoryPacket, StreamFormat


@dataclass(frozen=True, slots=True)
class Place:
    """What a packet is in its stream."""

    is_key: bool = False
    """Decoding can start here."""

    is_closed: bool = False
    """A key picture, and nothing behind it in the stream is displayed before it."""

    is_leading: bool = False
    """It is displayed before the last key picture, and belongs to the GOP before that."""

    has_picture: bool = True
    """Not only headers."""

    size: tuple[int, int] = (0, 0)
    """Width and height of a key picture, pixels; (0, 0) if it does not say."""


class GopCounter:
    """Tells of each packet of one stream what it is: by its header, or if no parser knows the
    codec by the container's flags and times.

    Args:
        form: Of the stream.
    """

    def __init__(self, form: StreamFormat) -> None:
        self._parser = header_parser(
            form.codec, form.extradata, width=form.width, height=form.height
        )
        self._key: tuple[int, int] | None = None  # epoch and order of the last key picture
        self._key_time: int | None = None

    def place(self, packet: MemoryPacket) -> Place:
        """What the next packet in decoding order is."""
        if self._parser is None:
            return self._claimed(packet)
        records, _ = as_arrays(*self._parser.headers([packet.data]))
        if not len(records):
            return Place(has_picture=False)
        flags = records["flags"]
        keys = np.flatnonzero((flags & Flags.KEY != 0) & (flags & Flags.HIDDEN == 0))
        if len(keys):
            key = records[keys[0]]
            self._key = int(key["epoch"]), int(key["order"])
            size = int(key["width"]), int(key["height"])
            return Place(is_key=True, is_closed=bool(key["flags"] & Flags.CLOSED), size=size)
        if self._key is None or flags[0] & Flags.HIDDEN:
            return Place()
        return Place(is_leading=(int(records["epoch"][0]), int(records["order"][0])) < self._key)

    def _claimed(self, packet: MemoryPacket) -> Place:
        if packet.is_key:
            self._key_time = packet.pts
            return Place(is_key=True, is_closed=packet.pts == packet.dts)
        if packet.pts is None or self._key_time is None:
            return Place()
        return Place(is_leading=packet.pts < self._key_time)
