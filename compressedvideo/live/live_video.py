"""A live stream in, by its address, a container or packet by packet; windows of it out."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from av import Packet
from av.container import InputContainer
from av.video.stream import VideoStream

from ..container.addresses import open_address
from ..container.in_memory import MemoryPacket, StreamFormat
from ..damage import check_on_damage
from ..errors import CodecError
from ..limits import Limits
from .connection import Connection
from .held_packets import WindowPackets
from .live_window import LiveWindow
from .window_maker import LiveCounts, WindowMaker, WindowSize

_log = logging.getLogger(__name__)


class LiveCompressedVideo:
    """A live stream as windows of GOPs or seconds. Use as a context manager, and iterate.

    ::

        with LiveCompressedVideo("rtsp://camera/stream", window_gops=2) as live:
            for window in live:  # a CompressedVideo of two GOPs
                clip = window.read(range(window.start, window.stop), modalities=("motion",))

    A thread takes packets as they come; nothing is decoded before a window is read. Whoever fetches
    windows too slowly misses the oldest ones: ``counts`` says how many. Without a source there is
    no thread: give packets to :meth:`push`.

    A window ends early, and the next begins at the next key picture, where the format changes
    (another size, other parameter sets), times leap, or the connection is lost. Pictures before the
    first key picture are skipped. Warnings are logged.

    Args:
        source: An address: ``rtsp://``, ``udp://``, ``tcp://``, ``rtp://``, ``http(s)://``,
            ``rtmp://``, or a camera's ``/dev/video0``; or a container that PyAV has opened, which
            stays open. None: packets come through :meth:`push`.
        window_gops: GOPs of a window. If neither this nor ``window_seconds`` is given, 1.
        window_seconds: Seconds of a window, wherever GOPs begin.
        stride: GOPs or seconds from one window's begin to the next one's. None: no overlap.
        max_waiting: Windows that wait to be fetched, at most; the oldest are dropped.
        waits_if_full: Drop nothing: no packet is taken while so many windows wait. For a container
            or an address that waits, too; ``push`` raises :class:`BlockingIOError`.
        reconnects: Tries to connect anew, one after the other, after pauses of 0.5 to 8 seconds.
            An address only. 0: the end of the stream is the end.
        timeout_seconds: For connecting, and for each packet. ``close`` may take as long.
        options: FFmpeg's options for opening an address, such as ``{"rtsp_transport": "tcp"}``.
        stream: Index of the stream. None: the first video.
        virtual_gop, limits, on_damage: Of :class:`CompressedVideo`, for each window. On a
            network packets are lost: ``'keep'`` returns what the decoder makes of it, and
            ``damaged`` says which frames these are.
        max_bytes: Of the packets of a window that is not complete yet.

    Raises:
        VideoOpenError: If the address cannot be opened, or there is no video.
        ValueError: For numbers that are not above 0, or an unknown ``on_damage``.
    """

    def __init__(
        self,
        source: str | InputContainer | None = None,
        *,
        window_gops: int | None = None,
        window_seconds: float | None = None,
        stride: float | None = None,
        max_waiting: int = 4,
        waits_if_full: bool = False,
        reconnects: int = 10,
        timeout_seconds: float = 5.0,
        options: Mapping[str, str] | None = None,
        stream: int | None = None,
        virtual_gop: int | None = None,
        limits: Limits | None = None,
        on_damage: str = "keep",
        max_bytes: int = 1 << 27,
    ) -> None:
        check_on_damage(on_damage)
        if window_gops is None and window_seconds is None:
            window_gops = 1
        size = WindowSize(gops=window_gops, seconds=window_seconds, stride=stride)
        for name, number in dict(max_waiting=max_waiting, max_bytes=max_bytes).items():
            if number < 1:
                raise ValueError(f"{name}={number} must be at least 1")
        if reconnects < 0 or not timeout_seconds > 0:
            raise ValueError(
                f"reconnects={reconnects} must not be below 0, nor timeout_seconds="
                f"{timeout_seconds} 0 or less"
            )
        if virtual_gop is not None and virtual_gop < 1:
            raise ValueError(f"virtual_gop={virtual_gop!r} must be None or at least 1")
        self._limits = limits or Limits()
        self._virtual_gop, self._on_damage = virtual_gop, on_damage
        self._max_waiting, self._waits_if_full = max_waiting, waits_if_full
        self._source = source
        if isinstance(source, str):
            self.path = source
        else:
            self.path = "<packets>" if source is None else str(source.name or "<container>")
        self._counts = LiveCounts()
        self._maker = WindowMaker(
            size,
            max_bytes=max_bytes,
            max_pixels=self._limits.pixels,
            counts=self._counts,
            path=self.path,
        )
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, WindowPackets]] = deque()
        self._num_windows = 0
        self._next_gop = 0  # GOPs before it were handed out, or count as dropped
        self._is_ended = False
        self._is_closed = threading.Event()
        self._error: Exception | None = None
        self._pushed: Any = None  # stream of the packets that were pushed
        self._thread: threading.Thread | None = None
        if source is not None:
            connection = Connection(
                None if isinstance(source, str) else source,
                connect=partial(
                    open_address,
                    self.path,
                    timeout_seconds=timeout_seconds,
                    max_pixels=self._limits.pixels,
                    options=options,
                ),
                stream=stream,
                path=self.path,
                reconnects=reconnects,
                is_closed=self._is_closed,
            )
            try:
                self._maker.begin(StreamFormat.of(connection.stream))
                self._thread = threading.Thread(
                    target=self._run, args=(connection,), name=f"live {self.path}", daemon=True
                )
                self._thread.start()
            except BaseException:
                connection.close()
                raise

    def __enter__(self) -> LiveCompressedVideo:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect. Windows that were fetched can be read on; those that wait are gone."""
        self._is_closed.set()
        with self._changed:
            self._is_ended = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def counts(self) -> LiveCounts:
        """What became of the stream so far: a copy."""
        with self._changed:
            return replace(self._counts)

    # -- windows out

    def __iter__(self) -> Iterator[LiveWindow]:
        """Windows as they are complete, to the stream's end.

        Raises:
            VideoOpenError: If it is lost, and could not be opened again.
        """
        while (window := self.get()) is not None:
            yield window

    def get(self, timeout_seconds: float | None = None) -> LiveWindow | None:
        """The next window.

        Args:
            timeout_seconds: How long to wait for it. None: to the end of the stream; 0: not at all.

        Returns:
            None if there is none in time, or the stream has ended (``is_ended``).

        Raises:
            VideoOpenError: Once, behind the last window: if the stream was lost, and could not be
                opened again.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while True:
            with self._changed:
                while not self._waiting and not self._is_ended:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0:
                        return None
                    self._changed.wait(left)
                if not self._waiting:
                    error, self._error = self._error, None
                    if error is not None:
                        raise error
                    return None
                number, packets = self._waiting.popleft()
                self._next_gop = max(self._next_gop, packets.gops.stop)
                self._changed.notify_all()
            try:
                return LiveWindow(
                    packets,
                    path=self.path,
                    number=number,
                    virtual_gop=self._virtual_gop,
                    limits=self._limits,
                    on_damage=self._on_damage,
                )
            except CodecError as error:
                self._counts.unreadable_windows += 1
                _log.warning("window %d is left out: %s", number, error)

    @property
    def is_ended(self) -> bool:
        """Whether no window waits, and none will come."""
        with self._changed:
            return self._is_ended and not self._waiting

    # -- packets in

    def push(self, packet: Packet, *, arrived: float | None = None) -> None:
        """Take the next packet in decoding order, of a demuxer or an encoder.

        Args:
            packet: Of a video stream, whose container must be open still when its first packet is
                pushed. Where it is another stream than that of the packet before, a new window
                begins.
            arrived: Wall-clock time, seconds since 1970. None: now.

        Raises:
            ValueError: If there is a source, the end was told, or it is no packet of a video.
            BlockingIOError: With ``waits_if_full``, if so many windows wait that it was not taken.
        """
        if self._source is not None or self._is_ended:
            reason = "the stream has ended" if self._is_ended else "it has a source of its own"
            raise ValueError(f"{self.path}: {reason}, so that packets cannot be pushed")
        stream = packet.stream
        if not isinstance(stream, VideoStream):
            raise ValueError(f"{packet!r} must be a packet of a video stream")
        if self._waits_if_full and len(self._waiting) >= self._max_waiting:
            raise BlockingIOError(f"{len(self._waiting)} windows wait to be fetched")
        if stream is not self._pushed:
            _check_open(stream)
            self._pushed = stream
            self._put(self._maker.begin(StreamFormat.of(stream, time_base=packet.time_base)))
        self._take(packet, arrived)

    def end(self) -> None:
        """No packet will follow: what is in no window yet becomes the last."""
        self._put(self._maker.end())
        self._finish(None)

    def _take(self, packet: Packet, arrived: float | None = None) -> None:
        if not packet.size:  # the end of a demuxer or an encoder
            return
        if packet.has_sidedata("new_extradata"):
            self._take_extradata(bytes(packet.get_sidedata("new_extradata")))
        self._put(
            self._maker.add(
                MemoryPacket(
                    bytes(packet),
                    packet.pts,
                    packet.dts,
                    packet.is_keyframe,
                    time.time() if arrived is None else arrived,
                )
            )
        )

    def _take_extradata(self, extradata: bytes) -> None:
        """The container says that other headers hold from now on."""
        form = self._maker.form
        if extradata and extradata != form.extradata:
            self._counts.interruptions += self._maker.is_filling
            form = replace(form, extradata=extradata, width=0, height=0, pix_fmt=None)
            self._put(self._maker.begin(form))

    def _put(self, windows: list[WindowPackets]) -> None:
        for window in windows:
            with self._changed:
                while self._waits_if_full and len(self._waiting) >= self._max_waiting:
                    if self._is_closed.is_set() or self._thread is None:
                        break
                    self._changed.wait()
                if self._is_closed.is_set():
                    return
                self._waiting.append((self._num_windows, window))
                self._num_windows += 1
                self._counts.windows += 1
                if len(self._waiting) > self._max_waiting and not self._waits_if_full:
                    self._drop_oldest()
                self._changed.notify_all()

    def _drop_oldest(self) -> None:
        _, dropped = self._waiting.popleft()
        following = self._waiting[0][1].gops.start
        begin = max(dropped.gops.start, self._next_gop)
        lost = max(min(dropped.gops.stop, following) - begin, 0)
        self._next_gop = max(self._next_gop, begin + lost)
        self._counts.windows -= 1
        self._counts.dropped_windows += 1
        self._counts.dropped_gops += lost

    def _finish(self, error: Exception | None) -> None:
        with self._changed:
            self._error = error
            self._is_ended = True
            self._changed.notify_all()

    # -- the thread

    def _run(self, connection: Connection) -> None:
        error: Exception | None = None
        try:
            goes_on = True
            while goes_on:
                for packet in connection.packets():
                    self._take(packet)
                self._put(self._maker.end())
                self._counts.interruptions += bool(connection.problem)
                goes_on = connection.again()
                if goes_on:
                    self._counts.reconnections += 1
                    self._put(self._maker.begin(StreamFormat.of(connection.stream)))
        except Exception as failed:  # whoever fetches windows hears of it
            error = failed
            connection.close()
        self._finish(error)


def _check_open(stream: Any) -> None:
    """PyAV reads freed memory where a packet has outlived its container."""
    container = stream.container
    if isinstance(container, InputContainer) and not container.input_was_opened:
        raise ValueError("the packet's container is closed; push packets while it is open")
