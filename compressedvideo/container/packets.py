"""A video's packets by their number in decoding order, however the file must be read to get them.

What a container says about itself (tables, timestamps, byte positions) only serves to find packets:
each that is read a second time is compared with the one that the number stands for.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from av import Packet
from av.container import InputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ..errors import CorruptVideoError
from ..limits import Limits
from .mp4 import read_tracks
from .opening import SELF_DESCRIBING, Source, choose_stream, codec_of, open_container, raw_file
from .orientation import Matrix
from .packet_table import MP4, PacketTable, read_table
from .riff import check_riff

MATROSKA = "matroska,webm"
_EBML = b"\x1a\x45\xdf\xa3"
"""How Matroska begins."""

_MAX_KEPT = 1 << 23
"""Bytes of packets that stay in memory, so that a small file is demuxed only once."""

_AS_STORED = (
    *("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg1video", "mpeg2video"),
    *("h263", "h263p", "flv", "flv1", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2"),
)
"""Codecs whose packets demuxers of ``packet_table`` hand on as they lie in the file."""

_BATCH = 64
"""Demuxed packets that are looked at together."""

_NEAR = 2
"""Packets that are skipped rather than a seek made."""

_BACK = (0, 100, 2000)
"""How many packets before the wanted one seeks aim at, one after the other."""

_UNKNOWN = np.iinfo(np.int64).min

Buffer = Any
"""What gives bytes through the buffer protocol."""


class PacketReader:
    """The packets of one video stream.

    Args:
        source: Path, bytes, or a seekable binary file object, which stays open afterwards.
        path: The source as messages name it.
        stream: The stream's index in the file. None: the first video that is no cover art.
        limits: What the video may ask for.

    Raises:
        VideoOpenError: If the source is no video, or has no such stream.
        CorruptVideoError: If it announces more than the file has.
        LimitError: If it announces more than the limits allow.
    """

    def __init__(
        self, source: Source, path: str, *, stream: int | None = None, limits: Limits | None = None
    ) -> None:
        self._source = source
        self.path = path
        self._limits = limits or Limits()
        with raw_file(source, path) as file:  # before FFmpeg believes it
            tracks = read_tracks(file, path=path, limits=self._limits)
            check_riff(file, path=path)
            file.seek(0)
            self._decodes = not tracks and file.read(4) != _EBML
        self._container = self._open()
        try:
            self.stream = choose_stream(self._container, stream, path)
        except BaseException:
            self._container.close()
            raise
        self.format = self._container.format.name
        self._positions = array("q")
        self._sizes = array("q")
        self._decoding_times = array("q")
        self._checksums = array("Q")
        self._presentation_times: np.ndarray | array = array("q")
        self._is_key = array("b")
        self.first_packet = b""
        """Once all were scanned."""
        if self.format == MP4:
            self._track = next((t for t in tracks if t.id == self.stream.id), None)
        else:
            self._track = None
        self._kept: list[Buffer] = []
        self._table: PacketTable | None = None
        self.num_missing = 0
        """Packets at the end that a table announces, and that lie beyond the end of the file."""
        self._next: int | None = 0  # the packet that is demuxed next

    def _open(self) -> InputContainer:
        return open_container(
            self._source, self.path, max_pixels=self._limits.pixels, decodes=self._decodes
        )

    def close(self) -> None:
        self._container.close()

    @property
    def codec(self) -> str:
        """FFmpeg's name."""
        return codec_of(self.stream.codec_context)

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def matrix(self) -> Matrix | None:
        """How the container displays pictures; None: as they are stored, or not known."""
        return self._track.matrix if self._track else None

    @property
    def tells_matrix(self) -> bool:
        """Whether the container's matrix, or that there is none, is known without decoding."""
        return self.format != MATROSKA and (self.format != MP4 or self._track is not None)

    @property
    def sizes(self) -> np.ndarray:
        """[N] int64, bytes."""
        return np.asarray(self._sizes)

    @property
    def is_key(self) -> np.ndarray:
        """[N] bool: which packets the container takes for key frames."""
        if len(self._is_key) != len(self):  # the table was read
            entries = self.stream.index_entries
            return np.array([entry.is_keyframe for entry in entries if entry.size], bool)
        return np.array(self._is_key, bool)

    @property
    def times(self) -> np.ndarray | None:
        """[N] int64: presentation times as the container has them, the stream's time base. None if
        some packet has none."""
        times = np.asarray(self._presentation_times)
        if not len(times) or (times == _UNKNOWN).any():
            return None
        return times

    # -- all of them, once

    def scan(self) -> Iterator[list[Buffer]]:
        """The bytes of all packets in decoding order, in batches. Call it once, and to its end.

        MP4 and AVI have tables that say where packets are: then nothing is demuxed.

        Raises:
            CorruptVideoError: If the file cannot be demuxed to its end.
            LimitError: If there are more packets than the limits allow.
        """
        with raw_file(self._source, self.path) as file:
            self._limits.check(
                "packets", len(self.stream.index_entries), path=self.path, codec=self.codec
            )
            self._table = table = read_table(
                file, self.stream, format=self.format, track=self._track
            )
            if table is not None:
                self._take(table)
                keeps = self.codec in _AS_STORED and sum(self._sizes) <= _MAX_KEPT
                for batch in self._noting_first(table.read(file, 0, table.num_complete)):
                    yield batch
                    if keeps:
                        self._kept += batch
        if table is None:  # the file is where the demuxer left it
            yield from self._noting_first(self._demuxed())

    def _take(self, table: PacketTable) -> None:
        self._positions, self._sizes = table.positions, table.sizes
        self._decoding_times = table.decoding_times
        if table.presentation_times is not None:
            self._presentation_times = table.presentation_times
        self.num_missing = len(table.sizes) - table.num_complete

    def _noting_first(self, batches: Iterator[list[Buffer]]) -> Iterator[list[Buffer]]:
        for batch in batches:
            if not self.first_packet:
                self.first_packet = bytes(batch[0])
            yield batch

    def _demuxed(self) -> Iterator[list[Buffer]]:
        total = 0
        batch: list[Buffer] = []
        kept = self._kept
        keeps = True
        self._presentation_times = presentation_times = array("q")
        try:
            for packet in self._demux():
                size = packet.size
                if not size:
                    continue
                self._positions.append(_or_unknown(packet.pos))
                self._sizes.append(size)
                self._decoding_times.append(_or_unknown(packet.dts))
                presentation_times.append(_or_unknown(packet.pts))
                self._is_key.append(packet.is_keyframe)
                total += size
                if keeps:
                    kept.append(packet)
                    if total > _MAX_KEPT:
                        keeps = False
                        self._checksums.extend(zlib.crc32(other) for other in kept)
                        kept.clear()
                else:
                    self._checksums.append(zlib.crc32(packet))
                batch.append(packet)
                if len(batch) == _BATCH:
                    self._limits.check("packets", len(self), path=self.path, codec=self.codec)
                    yield batch
                    batch = []
        except FFmpegError as error:
            raise CorruptVideoError(
                f"cannot be read to its end ({error}); re-encode or drop the file",
                path=self.path,
                codec=self.codec,
            ) from error
        self._next = None
        self._limits.check("packets", len(self), path=self.path, codec=self.codec)
        if batch:
            yield batch

    # -- some of them, again

    def read(self, first: int, stop: int) -> list[Buffer]:
        """The packets ``first`` to ``stop - 1``: FFmpeg's, or their bytes.

        Raises:
            CorruptVideoError: If one of them cannot be found again.
        """
        if stop > len(self) - self.num_missing:
            raise self._lost(len(self) - self.num_missing)
        if self._kept:
            return self._kept[first:stop]
        if self._table is not None and self.codec in _AS_STORED:
            return self._read_stored(self._table, first, stop)
        return self._demux_again(first, stop)

    def _read_stored(self, table: PacketTable, first: int, stop: int) -> list[Buffer]:
        with raw_file(self._source, self.path) as file:
            if table.positions[stop - 1] + table.sizes[stop - 1] > file.seek(0, 2):
                raise self._lost(stop - 1)  # it was cut since
            return [packet for batch in table.read(file, first, stop) for packet in batch]

    def _demux_again(self, first: int, stop: int) -> list[Buffer]:
        found: list[Buffer] = []
        for packets in self._ways(first):
            found = self._leading(packets, first, stop)
            if len(found) == stop - first:
                self._next = stop
                return found
            self._next = None
        raise self._lost(first + len(found))

    def _ways(self, first: int) -> Iterator[Iterator[Packet]]:
        """Ways to the packets from a number on, the quickest first. Some lead elsewhere."""
        if self._next is not None and 0 <= first - self._next <= _NEAR:
            yield islice(self._packets(), first - self._next, None)
        for back in _BACK:
            time = self._decoding_times[max(first - back, 0)]
            if time != _UNKNOWN and self._seek(time):
                yield self._from_one_like(first)
        self._reopen()
        yield islice(self._packets(), first, None)

    def _leading(self, packets: Iterator[Packet], first: int, stop: int) -> list[Buffer]:
        """Packets up to ``stop - 1``, or to the one before the first that is another one."""
        found: list[Buffer] = []
        for packet in packets:
            if not self._is(packet, first + len(found)):
                break
            found.append(packet)
            if len(found) == stop - first:
                break
        return found

    def _from_one_like(self, number: int) -> Iterator[Packet]:
        """Packets from one that may be that with this number on; none where it cannot come."""
        packets = self._packets()
        position = self._positions[number]
        for packet in packets:
            if self._is(packet, number):
                yield packet
                yield from packets
            elif packet.pos is not None and packet.pos > position != _UNKNOWN:
                return

    def _packets(self) -> Iterator[Packet]:
        try:
            for packet in self._demux():
                if packet.size:
                    yield packet
        except FFmpegError:  # whoever waits for a packet misses it
            return

    def _demux(self) -> Iterator[Packet]:
        return demuxed(self._container, self.stream)

    def _is(self, packet: Packet, number: int) -> bool:
        """Whether a packet is the one with this number."""
        if packet.size != self._sizes[number]:
            return False
        position = self._positions[number]
        if packet.pos is not None and position != _UNKNOWN and packet.pos != position:
            return False
        return not self._checksums or zlib.crc32(packet) == self._checksums[number]

    def _seek(self, time: int) -> bool:
        try:
            self._container.seek(time, stream=self.stream)
        except (FFmpegError, OSError, ValueError):  # raw streams cannot
            return False
        return True

    @property
    def knows_format(self) -> bool:
        """Whether the stream's decoder knows its pictures' size and format from having decoded
        some. Else it only has what the container says."""
        return self._decodes or self.codec not in SELF_DESCRIBING

    def learn_format(self) -> None:
        """Open the file anew, and let it decode the first pictures."""
        self._decodes = True
        self.renew()

    def renew(self) -> VideoCodecContext:
        """Open the file anew. Returns the stream's decoder, of which nobody made use yet."""
        self._reopen()
        self._next = 0
        return self.stream.codec_context

    def _reopen(self) -> None:
        """Stand before the first packet, whatever the container can do."""
        index = self.stream.index
        self._container.close()
        self._container = self._open()
        self.stream = choose_stream(self._container, index, self.path)

    def _lost(self, number: int) -> CorruptVideoError:
        return CorruptVideoError(
            f"packet {number} of the stream is not there any more; the file is truncated, damaged "
            "or was changed. Re-encode or drop it",
            path=self.path,
            codec=self.codec,
        )


def demuxed(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """The packets of a stream, from where the container stands."""
    while True:
        try:
            yield from container.demux(stream)
        except IndexError:  # PyAV stumbles over a packet of a stream that appears only now
            continue
        return


def padded_packet(data: Buffer) -> Packet:
    """A packet with the padding behind it that decoders read into: ``Packet(data)`` has none."""
    packet = Packet(len(data))
    packet.update(data)
    return packet


def _or_unknown(value: int | None) -> int:
    return _UNKNOWN if value is None else value
