"""A window of live video, which answers like a small video of its own."""

from __future__ import annotations

import numpy as np

from ..container.in_memory import PacketsInMemory
from ..limits import Limits
from ..video import CompressedVideo
from .held_packets import WindowPackets


class LiveWindow(CompressedVideo):
    """Some GOPs, or some seconds, of a live stream, with all packets that they depend on.

    Frames are numbered from the key picture that the window begins at or behind. Its own are
    ``start`` to ``stop - 1``; those are all of them, but

    - where a window of seconds begins inside a GOP: the frames before ``start`` lead up to it;
    - where frames are displayed before the next GOP's key picture and depend on it (open GOPs), or
      come later in the stream than others that are displayed after them: that is frame ``stop``.

    Made by :class:`LiveCompressedVideo`.
    """

    def __init__(
        self,
        window: WindowPackets,
        *,
        path: str,
        number: int,
        virtual_gop: int | None,
        limits: Limits,
        on_damage: str,
    ) -> None:
        packets = PacketsInMemory(window.packets, window.form, path=path, max_pixels=limits.pixels)
        super().__init__(packets, virtual_gop=virtual_gop, limits=limits, on_damage=on_damage)
        self.number = number
        """Of all windows that were complete, dropped ones included, from 0 on."""
        self.gops = window.gops
        """Numbers of the GOPs that it has frames of, counted over the whole stream."""
        self.is_first = window.is_first
        """The first of all, or behind an interruption."""
        self.virtual_gop = virtual_gop
        index = self._stream.index
        self.arrival_seconds: np.ndarray = packets.arrived[index.records["packet"][index.shown]]
        """[num_frames] float64: when each frame's packet came, wall-clock seconds since 1970."""
        self.start, self.stop = self._own_frames(window)

    def _own_frames(self, window: WindowPackets) -> tuple[int, int]:
        index, num_frames = self._stream.index, self.num_frames
        if window.has_next_key and len(index.keyframes) > 1:
            return 0, int(index.keyframes[-1])
        ticks = index.ticks
        if window.times is None or ticks is None:
            return 0, num_frames
        first_time = window.packets[0].pts or 0
        start, stop = np.searchsorted(ticks, [float(t - first_time) for t in window.times])
        return int(start), max(int(stop), int(start) + 1)

    def __repr__(self) -> str:
        return (
            f"<LiveWindow {self.number} of {self.path} {self.codec} frames {self.start} to "
            f"{self.stop}>"
        )
