"""A video's packets by their number in decoding order, however the file must be read to get them.

What a container says about itself (tables, timestamps, byte positions) only serves to find packets:
each that is read a second time is compared with the one that the number stands for.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from av import Packet
from av.container import InputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ..errors import CorruptVideoError
from ..limits import Limits
from .mp4 import read_tracks
from .opening import SELF_DESCRIBING, Source, choose_stream, open_container, raw_file
from .orientation import Matrix
from .riff import check_riff

AVI = "avi"
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
MATROSKA = "matroska,webm"
_EBML = b"\x1a\x45\xdf\xa3"
"""How Matroska begins."""

_CHUNK_HEADER = {MP4: 0, AVI: 8}
"""Bytes between the position that a container's table names and the packet."""

_MAX_KEPT = 1 << 23
"""Bytes of packets that stay in memory, so that a small file is demuxed only once."""

_WINDOW = 1 << 23
"""Bytes of a file that are looked at together."""

_GAP = 1 << 16
"""Bytes of others that are read along with packets around them."""

_AS_STORED = (
    *("h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "mpeg1video", "mpeg2video"),
    *("h263", "h263p", "flv", "flv1", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2"),
)
"""Codecs whose packets demuxers of ``_CHUNK_HEADER`` hand on as they lie in the file."""

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
        self._has_table = False
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
        return self.stream.codec_context.name

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
            self._has_table = self._read_table(file)
            if self._has_table:
                end = len(self) - self.num_missing
                keeps = self.codec in _AS_STORED and sum(self._sizes) <= _MAX_KEPT
                for batch in self._noting_first(self._stored(file, 0, end)):
                    yield batch
                    if keeps:
                        self._kept += batch
        if not self._has_table:  # the file is where the demuxer left it
            yield from self._noting_first(self._demuxed())

    def _noting_first(self, batches: Iterator[list[Buffer]]) -> Iterator[list[Buffer]]:
        for batch in batches:
            if not self.first_packet:
                self.first_packet = bytes(batch[0])
            yield batch

    def _read_table(self, file: BinaryIO) -> bool:
        """Take the container's table of packets, if it leaves no doubt."""
        if self.format not in _CHUNK_HEADER:
            return False
        if self._track and self._track.num_descriptions > 1:  # headers change on the way
            return False
        header = _CHUNK_HEADER[self.format]
        entries = self.stream.index_entries
        if not len(entries) or len(entries) != self.stream.frames:
            return False
        self._limits.check("packets", len(entries), path=self.path, codec=self.codec)
        table = self._own_table(entries)
        if table is None:
            held = [entry for entry in entries if entry.size]  # AVI's empty chunks repeat a frame
            if not held:
                return False
            positions = array("q", [entry.pos + header for entry in held])
            sizes = array("q", [entry.size for entry in held])
            times = array("q", [entry.timestamp for entry in held])
        else:
            positions, sizes, times = (array("q", column.tobytes()) for column in table)
        at, length = np.asarray(positions), np.asarray(sizes)
        rises = (at[1:] >= at[:-1] + length[:-1]).all() and (np.diff(np.asarray(times)) > 0).all()
        if not rises or at[0] < header:
            return False
        # What a truncated file announces is not there, but counts.
        complete = int(np.searchsorted(at + length, file.seek(0, 2), side="right"))
        if not complete:
            return False
        if self.format == AVI and not _is_chunk(file, positions[0], sizes[0]):
            return False
        self._positions, self._sizes, self._decoding_times = positions, sizes, times
        self.num_missing = len(sizes) - complete
        if self.format == AVI:
            self._presentation_times = times
        elif len(sizes) == len(entries):
            offsets = self._track.composition_offsets() if self._track else None
            if offsets is not None and len(offsets) == len(sizes):
                self._presentation_times = np.asarray(times) + offsets
        return True

    def _own_table(self, entries: Any) -> tuple[np.ndarray, ...] | None:
        """What ``entries`` say, without an object for each: of 10 minutes that takes as long as
        all the rest."""
        table = self._track.samples() if self._track else None
        if table is None or len(table[0]) != len(entries) or not table[1].all():
            return None
        positions, sizes, times = table
        times = times + (entries[0].timestamp - times[0])
        ends = ((e.pos, e.size, e.timestamp) for e in (entries[0], entries[len(entries) - 1]))
        for at, entry in zip((0, -1), ends, strict=True):
            if entry != (positions[at], sizes[at], times[at]):
                return None
        return positions, sizes, times

    def _stored(self, file: BinaryIO, start: int, end: int) -> Iterator[list[Buffer]]:
        """The packets ``start`` to ``end - 1``, from where the table says that they are."""
        positions, sizes = self._positions, self._sizes
        while start < end:
            begin, stop = positions[start], start + 1
            after = begin + sizes[start]
            while (
                stop < end
                and positions[stop] - after <= _GAP
                and positions[stop] + sizes[stop] - begin <= _WINDOW
            ):
                after = positions[stop] + sizes[stop]
                stop += 1
            file.seek(begin)
            window = memoryview(_read(file, positions[stop - 1] + sizes[stop - 1] - begin))
            yield [
                window[position - begin : position - begin + size]
                for position, size in zip(
                    islice(positions, start, stop), islice(sizes, start, stop), strict=True
                )
            ]
            start = stop

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
        if self._has_table and self.codec in _AS_STORED:
            return self._read_stored(first, stop)
        return self._demux_again(first, stop)

    def _read_stored(self, first: int, stop: int) -> list[Buffer]:
        with raw_file(self._source, self.path) as file:
            if self._positions[stop - 1] + self._sizes[stop - 1] > file.seek(0, 2):
                raise self._lost(stop - 1)  # it was cut since
            return [packet for batch in self._stored(file, first, stop) for packet in batch]

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


def _is_chunk(file: BinaryIO, position: int, size: int) -> bool:
    """Whether a RIFF chunk of this size stands before a position."""
    file.seek(position - 4)
    return int.from_bytes(_read(file, 4), "little") == size


def _read(file: BinaryIO, size: int) -> bytes:
    """Bytes, also of files that return fewer than asked for."""
    data = file.read(size)
    if len(data) == size:
        return data
    parts = [data]
    missing = size - len(data)
    while data and missing:
        data = file.read(missing)
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def _or_unknown(value: int | None) -> int:
    return _UNKNOWN if value is None else value
