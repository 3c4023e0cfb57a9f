"""Packets in, one by one; the packets of windows out, as soon as each is complete.

Nothing here decodes, waits or knows of threads.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from fractions import Fraction

from ..bitstream.nal_units import length_size
from ..bitstream.parameter_sets import ParameterSets, parameter_sets
from ..container.in_memory import MemoryPacket, StreamFormat
from ..errors import CorruptVideoError
from .cutters import Cutter, GopCutter, TimeCutter
from .gop_counter import GopCounter, Place
from .held_packets import HeldPackets, WindowPackets

_LEAP_SECONDS = 10
"""Times that go further at once are those of another recording."""

_REORDERED_SECONDS = 2
"""As are times that go back so far: no encoder reorders more pictures."""

_MANY_PACKETS = 1000
"""Without a key picture among them: worth a warning."""


@dataclass(frozen=True)
class WindowSize:
    """How long windows are, and how far one begins behind the other.

    Raises:
        ValueError: If not one of ``gops`` and ``seconds`` is given, or something is not above 0.
    """

    gops: int | None = None
    seconds: float | None = None
    stride: float | None = None
    """GOPs or seconds. None: no overlap."""

    def __post_init__(self) -> None:
        if (self.gops is None) == (self.seconds is None):
            raise ValueError(
                f"window_gops={self.gops}, window_seconds={self.seconds}: one must be given, and "
                "not both"
            )
        for name, size, whole in (
            ("window_gops", self.gops, True),
            ("window_seconds", self.seconds, False),
            ("stride", self.stride, self.gops is not None),
        ):
            if size is None:
                continue
            if not size > 0 or (whole and size != int(size)):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"{name}={size} must be {kind} above 0")

    def cutter(self, form: StreamFormat, *, first: int, begin: int | None) -> Cutter:
        """What makes windows of a stretch that begins with a GOP of this number and time."""
        if self.gops is not None:
            return GopCutter(int(self.gops), stride=int(self.stride or self.gops), first=first)
        assert self.seconds is not None
        assert begin is not None
        return TimeCutter(
            _exact(self.seconds) / form.time_base,
            stride=_exact(self.stride or self.seconds) / form.time_base,
            begin=begin,
            first=first,
        )


def _exact(seconds: float) -> Fraction:
    """What was meant by a decimal number."""
    return Fraction(seconds).limit_denominator(1_000_000)


@dataclass
class LiveCounts:
    """What became of a live stream so far."""

    packets: int = 0
    skipped_packets: int = 0
    """Of these came before a key picture."""
    gops: int = 0
    """That began."""
    windows: int = 0
    """That were handed out, or wait to be."""
    dropped_windows: int = 0
    """That nobody fetched in time."""
    dropped_gops: int = 0
    """That are in none of the windows that were handed out or wait: in dropped ones only, or too
    large to be kept."""
    unreadable_windows: int = 0
    """In which not even the headers can be read."""
    interruptions: int = 0
    """Windows that ended early: by another format, times that leap, or a lost connection."""
    reconnections: int = 0


class WindowMaker:
    """Cuts one stream, or several one after the other, into windows.

    Args:
        size: Of the windows.
        max_bytes: Of packets that are kept for a window that is not complete.
        max_pixels: Larger pictures are not looked at.
        counts: What is written to.
        path: The stream, for messages.
    """

    def __init__(
        self, size: WindowSize, *, max_bytes: int, max_pixels: int, counts: LiveCounts, path: str
    ) -> None:
        self._size = size
        self._max_bytes, self._max_pixels = max_bytes, max_pixels
        self._counts = counts
        self._path = path
        self.form: StreamFormat
        """Of the stream."""
        self._held: HeldPackets | None = None  # from the first key picture on
        self._cutter: Cutter | None = None
        self._next_gop = 0
        self._latest: int | None = None  # presentation times
        self._last_key: int | None = None
        self._num_timeless = 0
        self._num_skipped = 0

    @property
    def is_filling(self) -> bool:
        """Whether a key picture came since the last interruption."""
        return self._held is not None

    def begin(self, form: StreamFormat) -> list[WindowPackets]:
        """Another stream begins. Returns what is left of the one before."""
        windows = self.end()
        self.form = form
        self._counter = GopCounter(form)
        self._sets: ParameterSets | None = None
        self._picture_size = (0, 0)
        return windows

    def add(self, packet: MemoryPacket) -> list[WindowPackets]:
        """Take the next packet. Returns the windows that are complete now, mostly none.

        Raises:
            CorruptVideoError: If it has no time, and windows are of seconds.
        """
        self._counts.packets += 1
        place = self._counter.place(packet)
        windows = []
        if self._leaps(packet, is_key=place.is_key):
            windows = self._end_stretch()
            self._counter = GopCounter(self.form)
            place = self._counter.place(packet)
        if place.is_key and self._is_new_format(packet, place):
            windows += self._end_stretch()
            self._counter = GopCounter(self.form)
            place = self._counter.place(packet)
        if self._held is not None and self._cutter is not None:
            windows += self._cutter.before(self._held, packet, place)
        elif place.is_key and self._has_its_time(packet):
            self._held = HeldPackets(self.form, next_gop=self._next_gop)
            self._cutter = self._size.cutter(self.form, first=self._next_gop, begin=packet.pts)
        else:
            self._skip()
            return windows
        held = self._held
        held.add(packet, is_key=place.is_key)
        self._counts.gops += place.is_key
        self._next_gop = held.next_gop
        if held.num_bytes > self._max_bytes:
            self._let_go(held, self._cutter)
        return windows

    def end(self) -> list[WindowPackets]:
        """The stream is interrupted: what is in no window yet becomes one, as far as it came."""
        self._latest = self._last_key = None
        return self._end_stretch()

    def _end_stretch(self) -> list[WindowPackets]:
        if self._held is None or self._cutter is None:
            return []
        windows = self._cutter.rest(self._held)
        self._held = self._cutter = None
        return windows

    def _has_its_time(self, packet: MemoryPacket) -> bool:
        """Whether windows can begin with a key picture: RTSP's very first may have no time."""
        if packet.pts is not None or self._size.gops is not None:
            return True
        self._num_timeless += 1
        if self._num_timeless > 1:
            raise CorruptVideoError(
                "key pictures have no times, so that there are no windows of seconds; ask for GOPs",
                path=self._path,
                codec=self.form.codec,
            )
        return False

    def _skip(self) -> None:
        self._counts.skipped_packets += 1
        self._num_skipped += 1
        if self._num_skipped == _MANY_PACKETS:
            logging.getLogger(__name__).warning(
                "%s: no key picture in %d packets; decoding can start nowhere so far",
                self._path,
                _MANY_PACKETS,
            )

    def _let_go(self, held: HeldPackets, cutter: Cutter) -> None:
        logging.getLogger(__name__).warning(
            "%s: %d bytes of packets and no end of the window; they are let go, ask for shorter "
            "windows or raise max_bytes",
            self._path,
            held.num_bytes,
        )
        self._counts.dropped_gops += max(held.next_gop - cutter.done, 0)
        self._counts.interruptions += 1
        self._held = self._cutter = None

    # -- interruptions

    def _leaps(self, packet: MemoryPacket, *, is_key: bool) -> bool:
        """Whether its time is of another recording. Key pictures are never displayed before others,
        and further pictures only a little."""
        time = packet.pts
        if time is None:
            return False
        latest, last_key = self._latest, self._last_key
        self._latest = time if latest is None else max(latest, time)
        self._last_key = time if is_key else last_key
        if latest is None:
            return False
        seconds = (time - latest) * self.form.time_base
        leaps = seconds > _LEAP_SECONDS or seconds < -_REORDERED_SECONDS
        if is_key and last_key is not None:
            leaps |= time <= last_key
        if leaps:
            self._counts.interruptions += 1
            self._latest, self._last_key = time, time if is_key else None
        return leaps

    def _is_new_format(self, packet: MemoryPacket, place: Place) -> bool:
        """Whether the pictures from a key picture on are of another format than those before."""
        form = self.form
        sets = parameter_sets(form.codec, form.extradata, packet.data)
        before, self._sets = self._sets, sets or self._sets
        size, self._picture_size = self._picture_size, place.size
        is_new = bool(before and sets and before.sequence != sets.sequence)
        is_new |= (0, 0) != size != place.size
        is_news = sets is not None and before != sets and bool(before or not form.extradata)
        if sets is not None and is_news and not length_size(form.codec, form.extradata):
            form = replace(form, extradata=sets.headers)
        if is_new:
            form = form.learned_from([packet.data], max_pixels=self._max_pixels)
            self._counts.interruptions += 1
        self.form = form
        return is_new
