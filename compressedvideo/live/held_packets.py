"""The packets of a live stream that windows are made of, from a key picture on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..container.in_memory import MemoryPacket, StreamFormat


@dataclass(frozen=True)
class WindowPackets:
    """A complete window, to be read."""

    packets: list[MemoryPacket]
    """From a key picture on: that of the GOP in which it begins."""

    form: StreamFormat

    gops: range
    """Numbers of the GOPs that it has pictures of, counted over the whole stream."""

    times: tuple[Fraction, Fraction] | None = None
    """Its pictures are displayed from the first to before the second, the format's time base. None:
    all are its own."""

    has_next_key: bool = False
    """The last key picture is there for those that are displayed before it, and not its own."""

    is_first: bool = False
    """The first of all, or behind an interruption."""


@dataclass(frozen=True, slots=True)
class HeldGop:
    number: int
    """Counted over the whole stream, whatever interrupts it."""
    begin: int
    """Packets of all held ones before it."""
    time: int | None
    """Presentation time of its key picture."""


class HeldPackets:
    """Packets in decoding order; none before the first key picture.

    Args:
        form: Of the stream.
        next_gop: Number of the first GOP.
    """

    def __init__(self, form: StreamFormat, *, next_gop: int) -> None:
        self.form = form
        self.packets: list[MemoryPacket] = []
        self.gops: list[HeldGop] = []
        self.next_gop = next_gop
        self.num_bytes = 0
        self.latest: int | None = None
        """The latest presentation time so far."""

    def add(self, packet: MemoryPacket, *, is_key: bool) -> None:
        if is_key:
            self.gops.append(HeldGop(self.next_gop, len(self.packets), packet.pts))
            self.next_gop += 1
        if packet.pts is not None:
            self.latest = packet.pts if self.latest is None else max(self.latest, packet.pts)
        self.packets.append(packet)
        self.num_bytes += len(packet.data)

    def begin_of(self, gop: int) -> int:
        """Where a GOP begins among the packets; their end for the next one to come."""
        if gop == self.next_gop:
            return len(self.packets)
        return self.gops[gop - self.gops[0].number].begin

    def drop_before(self, gop: int) -> None:
        """Let go of the GOPs before one, but for the last, which is still coming."""
        gop = min(gop, self.next_gop - 1)
        begin = self.begin_of(gop)
        if not begin:
            return
        self.num_bytes -= sum(len(packet.data) for packet in self.packets[:begin])
        self.packets = self.packets[begin:]
        self.gops = [
            HeldGop(held.number, held.begin - begin, held.time)
            for held in self.gops
            if held.number >= gop
        ]
