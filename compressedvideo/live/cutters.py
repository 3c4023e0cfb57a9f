"""Where windows end: behind so many GOPs, or after so many seconds.

A window begins at a picture and ends before another. What it is decoded from begins at the key
picture before it, and may go beyond its end::

    packets   I0 P1 P2 P3 │ I4 P5 P6 P7 │ I8 P9 …
    2 GOPs    ├───────────────────────┤
    seconds      ├───────────────┤              from P1 on; I0 comes along
"""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from ..container.in_memory import MemoryPacket
from .gop_counter import Place
from .held_packets import HeldPackets, WindowPackets


class Cutter(Protocol):
    """Makes windows of one stretch of a stream that nothing interrupts."""

    done: int
    """Number of the first GOP that no window has, nor will skip."""

    def before(self, held: HeldPackets, packet: MemoryPacket, place: Place) -> list[WindowPackets]:
        """Windows that are complete when a packet comes, which is not held yet; others are."""
        ...

    def rest(self, held: HeldPackets) -> list[WindowPackets]:
        """What is in no window yet, as one that may be shorter, since no packet follows."""
        ...


class GopCutter:
    """Windows of a number of GOPs.

    Pictures behind a key picture may be displayed before it: they belong to the GOP before, which
    is complete once a picture comes that is not.

    Args:
        gops: Of a window.
        stride: GOPs from begin to begin.
        first: Number of the first GOP.
    """

    def __init__(self, gops: int, *, stride: int, first: int) -> None:
        self._gops, self._stride = gops, stride
        self._begin = self._first = self.done = first
        self._shared = 0  # packets of the last GOP that the one before needs
        self._waits = False

    def before(self, held: HeldPackets, packet: MemoryPacket, place: Place) -> list[WindowPackets]:
        windows = []
        if self._waits and place.is_leading:
            self._shared = len(held.packets) + 1 - held.gops[-1].begin
        elif self._waits and place.has_picture:
            windows = self._complete(held, held.next_gop - 1)
            self._waits = False
        if place.is_key:
            self._shared, self._waits = 0, not place.is_closed
            if place.is_closed:
                windows += self._complete(held, held.next_gop)
        return windows

    def rest(self, held: HeldPackets) -> list[WindowPackets]:
        windows = self._complete(held, held.next_gop - 1) if self._waits else []
        self._shared = 0
        windows += self._complete(held, held.next_gop)
        if held.next_gop > self.done:
            windows.append(self._window(held, held.next_gop))
        return windows

    def _complete(self, held: HeldPackets, stop: int) -> list[WindowPackets]:
        """The window that the GOPs before ``stop`` complete, if they do."""
        windows = []
        if self._begin + self._gops == stop:
            windows.append(self._window(held, stop))
            self._begin += self._stride
            self.done = max(stop, self._begin)
        held.drop_before(self._begin)
        return windows

    def _window(self, held: HeldPackets, stop: int) -> WindowPackets:
        end = held.begin_of(stop) + self._shared
        return WindowPackets(
            held.packets[held.begin_of(self._begin) : end],
            held.form,
            range(self._begin, stop),
            has_next_key=self._shared > 0,
            is_first=self._begin == self._first,
        )


class TimeCutter:
    """Windows of a duration, wherever GOPs begin.

    Presentation times alone are believed: what RTSP's packets have as decoding times may go back. A
    picture that is displayed later than all before it tells that those are complete.

    Args:
        length: Of a window, the stream's time base.
        stride: The same, from begin to begin.
        begin: Time of the first picture.
        first: Number of the first GOP.
    """

    def __init__(self, length: Fraction, *, stride: Fraction, begin: int, first: int) -> None:
        self._length, self._stride = length, stride
        self._begin = self._done_time = Fraction(begin)
        self._is_first = True
        self.done = first

    def before(self, held: HeldPackets, packet: MemoryPacket, place: Place) -> list[WindowPackets]:
        time, latest = packet.pts, held.latest
        if time is None or latest is None or time <= latest:
            return []
        # Others may be displayed before this one, unless it is displayed as soon as it is decoded.
        return self._complete(held, time if time == packet.dts else latest)

    def rest(self, held: HeldPackets) -> list[WindowPackets]:
        end = (held.latest or 0) + 1
        windows = self._complete(held, end)
        if end > self._done_time:
            windows += self._window(held, Fraction(end))
        return windows

    def _complete(self, held: HeldPackets, time: int) -> list[WindowPackets]:
        """Windows that end at a time or before."""
        windows = []
        while time >= (end := self._begin + self._length):
            windows += self._window(held, end)
            self._done_time = max(end, self._begin + self._stride)
            self._begin += self._stride
        held.drop_before(_gop_at(held, self._begin))
        return windows

    def _window(self, held: HeldPackets, end: Fraction) -> list[WindowPackets]:
        if not any(p.pts is not None and self._begin <= p.pts < end for p in held.packets):
            return []
        gops = range(_gop_at(held, self._begin), _gop_at(held, end) + 1)
        window = WindowPackets(
            held.packets[held.begin_of(gops[0]) :],
            held.form,
            gops,
            times=(self._begin, end),
            is_first=self._is_first,
        )
        self._is_first, self.done = False, gops.stop
        return [window]


def _gop_at(held: HeldPackets, time: Fraction) -> int:
    """Number of the last GOP whose key picture is displayed at a time or before."""
    before = [gop.number for gop in held.gops if gop.time is not None and gop.time <= time]
    return before[-1] if before else held.gops[0].number
