"""The yardstick of the loader benchmark: PyAV decoding and nothing else, all or only the needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.video.stream import VideoStream


@dataclass
class Run:
    """Packets in a row, from a key frame on."""

    seek_to: int | None
    """Timestamp of its key frame. None: goes on where the run before ended."""

    wanted: list[bool]
    """Which packets of it to decode."""


class BareDecode:
    """Decodes a video with PyAV: one thread, no vectors exported, no colours converted.

    What is needed for a frame: its GOP up to it, less the pictures that no other one refers to.
    FFmpeg itself says which those are (``skip_frame='NONREF'``). Packed B-frames of MPEG-4 part 2,
    two pictures to a packet, pass FFmpeg's filter that unpacks them: its decoder expects the packet
    behind them, too, and without it loses the next picture.

    Args:
        path: a video.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._is_packed = self._find_packed()
        packet_of_frame, self._keyframes, self._timestamps = self._scan()
        self.num_frames = len(packet_of_frame)
        self._packet_of_frame = packet_of_frame
        self._referenced = set(self._scan(skip_frame="NONREF")[0])

    def decode_all(self) -> int:
        """Decode every frame. Returns their number."""
        with av.open(self.path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            return sum(1 for _ in container.decode(stream))

    def plan(self, frame_inds: Iterable[int]) -> list[Run]:
        """The packets needed for these frames (display order), in runs."""
        wanted = {self._packet_of_frame[int(i)] for i in frame_inds}
        last_of_gop: dict[int, int] = {}  # number of the GOP to the last packet wanted of it
        for packet in sorted(wanted):
            gop = max(g for g, key in enumerate(self._keyframes) if key <= packet)
            if self._leads(packet, gop):
                last_of_gop[gop - 1] = self._keyframes[gop] - 1
            last_of_gop[gop] = packet
        runs = []
        for gop, last in sorted(last_of_gop.items()):
            first, before = self._keyframes[gop], last_of_gop.get(gop - 1)
            goes_on = first == 0 or (before is not None and before == first - 1)
            needed = [i in wanted or i in self._referenced for i in range(first, last + 1)]
            runs.append(Run(None if goes_on else self._timestamps[first], needed))
        return runs if self._can_seek(runs) else self._without_seeking(last_of_gop, wanted)

    def decode(self, runs: list[Run]) -> int:
        """Decode the packets of a plan. Returns the number of frames."""
        return sum(1 for _ in self.frames(runs))

    def frames(self, runs: list[Run]) -> Iterator[av.VideoFrame]:
        """The frames of a plan."""
        with av.open(self.path) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            context.thread_count = 1
            packets = self._demux(container, stream)
            for run in runs:
                if run.seek_to is not None:
                    yield from context.decode(None)
                    context.flush_buffers()
                    container.seek(run.seek_to, stream=stream)
                    packets = self._demux(container, stream)
                for wanted, packet in zip(run.wanted, packets, strict=False):
                    if wanted:
                        yield from context.decode(packet)
            yield from context.decode(None)

    def _scan(
        self, *, skip_frame: Literal["DEFAULT", "NONREF"] = "DEFAULT"
    ) -> tuple[list[int], list[int], list[int | None]]:
        """Per frame in display order its packet; the key frames' packets; packets' timestamps."""
        packet_of_frame: list[int] = []
        keyframes: list[int] = []
        timestamps: list[int | None] = []
        with av.open(self.path) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            context.thread_count = 1
            context.copy_opaque = True
            context.skip_frame = skip_frame
            for number, packet in enumerate(self._demux(container, stream)):
                packet.opaque = number
                if packet.size:
                    timestamps.append(_timestamp(packet))
                    if packet.is_keyframe:
                        keyframes.append(number)
                packet_of_frame += [cast(int, frame.opaque) for frame in context.decode(packet)]
        return packet_of_frame, keyframes, timestamps

    def _demux(self, container: InputContainer, stream: VideoStream) -> Iterator[av.Packet]:
        """Packets of one picture each."""
        if not self._is_packed:
            return container.demux(stream)
        unpack = BitStreamFilterContext("mpeg4_unpack_bframes", stream)
        packets = container.demux(stream)
        return (one for p in packets for one in (unpack.filter(p) if p.size else [p]))

    def _find_packed(self) -> bool:
        with av.open(self.path) as container:
            stream = container.streams.video[0]
            if stream.codec_context.name != "mpeg4":
                return False
            unpack = BitStreamFilterContext("mpeg4_unpack_bframes", stream)
            packets = (packet for packet in container.demux(stream) if packet.size)
            return any([p.size] != [one.size for one in unpack.filter(p)] for p in packets)

    def _leads(self, packet: int, gop: int) -> bool:
        """Whether a packet follows a key frame, but is shown before it."""
        time, key_time = self._timestamps[packet], self._timestamps[self._keyframes[gop]]
        return gop > 0 and time is not None and key_time is not None and time < key_time

    def _can_seek(self, runs: list[Run]) -> bool:
        with av.open(self.path) as container:
            stream = container.streams.video[0]
            for run in runs:
                if run.seek_to is not None:
                    container.seek(run.seek_to, stream=stream)
                    if _timestamp(next(container.demux(stream))) != run.seek_to:
                        return False
        return all(self._timestamps[key] is not None for key in self._keyframes)

    def _without_seeking(self, last_of_gop: dict[int, int], wanted: set[int]) -> list[Run]:
        """Where seeking misses its key frame: walk through all packets, decode the needed."""
        needed = set(wanted)
        for gop, last in last_of_gop.items():
            needed |= self._referenced & set(range(self._keyframes[gop], last + 1))
        return [Run(None, [i in needed for i in range(max(needed) + 1)])]


def _timestamp(packet: av.Packet) -> int | None:
    return packet.dts if packet.pts is None else packet.pts
