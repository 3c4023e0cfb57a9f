"""Key frame in, decoded pictures of its GOP out: seeking, demuxing, decoding what is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import av
from av.codec.context import Flags2
from av.container import InputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..bitstream.headers import PictureParser
from ..errors import CorruptVideoError
from ..index import (
    MP4,
    CodedEntry,
    Picture,
    VideoIndex,
    display_order,
    link_references,
    padded_packet,
    split_packets,
)

_DELAYED_CODECS = ("mpeg4", "mpeg1video", "mpeg2video")
"""Decoders that hold the last anchor back, and lose its vectors if it is flushed out."""


_MAX_KEPT = 1 << 23
"""Bytes of a file's packets that stay in memory after a scan."""

_EMPTY = av.Packet()


class OrderError(Exception):
    """The stream is reordered, though its headers said that it is not."""


class GopDecoder:
    """Decodes chosen pictures of a GOP."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        *,
        parser: PictureParser | None,
        path: str,
    ) -> None:
        self._container = container
        self._stream = stream
        self._parser = parser
        self._path = path
        self._context = stream.codec_context
        self.codec = self._context.name
        self._context.thread_count = 1  # frame threads corrupt the vectors of H.264 B-frames
        self._exports = False
        self._others: dict[bool, VideoCodecContext] = {}
        self._kept: list[CodedEntry] = []
        self._next_gop: int | None = None  # whose key frame is demuxed next, if that is known
        # In MP4 they stand in the file; other containers' are guessed.
        self._has_reliable_times = self.codec == "h264" and container.format.name == MP4
        self.packets_decoded = 0
        self.rotation: int | None = None
        """Degrees counterclockwise to the upright picture; None until a frame was decoded."""

    def scan(self, known: VideoIndex | None) -> list[CodedEntry]:
        """All pictures in decoding order, without decoding them.

        Those of small files are kept with their packets, so that reading demuxes no second time.

        Args:
            known: An index, to find the first key frame; without it, from where the file stands.
        """
        self._next_gop = None
        if known is not None:
            self._container.seek(known.key_times[0] or 0, stream=self._stream)
        coded: list[CodedEntry] = []
        size = 0
        for entry in split_packets(self._container.demux(self._stream), self._parser):
            picture = entry[0]
            if size <= _MAX_KEPT and (size := size + picture.packet.size) > _MAX_KEPT:
                for other, _, _ in coded:
                    other.packet = _EMPTY
            if size > _MAX_KEPT:
                picture.packet = _EMPTY
            coded.append(entry)
        self._kept = coded if size <= _MAX_KEPT else []
        return coded

    def pictures(self, index: VideoIndex, *, gop: int, last: int) -> list[Picture]:
        """Pictures of a GOP in decoding order, their references linked.

        They reach at least to display index ``last``. Where the next GOP is open, its I-frame and
        leading B-frames belong to the list too, since they are displayed before that I-frame.

        Raises:
            CorruptVideoError: If the key frame cannot be found again.
            OrderError: If ``index`` says that no picture is reordered, and one is.
        """
        first = int(index.keyframes[gop])
        num_wanted = last - first + 1
        pictures: list[Picture] = []
        next_key = None
        is_next_key = _key_test(index, gop + 1)
        times_hold = self._has_reliable_times
        for picture, time, position in self._coded_from(index, gop):
            if next_key is not None and not self._precedes(picture, next_key):
                break
            # Not picture.is_key: it is set on I-pictures, too, that the container's table omits.
            if next_key is None and is_next_key(time, position) and pictures:
                next_key = picture
                if picture.closed:
                    break
            pictures.append(picture)
            if picture.pts is None or time is None or picture.pts < time:
                times_hold = False
            if len(pictures) >= num_wanted and (
                index.in_order or (times_hold and _is_settled(pictures, num_wanted, time))
            ):
                break
        if index.in_order:
            order = list(range(len(pictures)))
            times = [picture.pts for picture in pictures if picture.pts is not None]
            if any(picture.kind == "B" for picture in pictures) or times != sorted(times):
                raise OrderError
            if gop + 1 < len(index.keyframes) and last + 1 == index.keyframes[gop + 1]:
                self._next_gop = gop + 1
        else:
            order = display_order(pictures, codec=self.codec)
        for display, i in enumerate(order[order.index(0) :], start=first):
            pictures[i].display = display
        link_references(pictures)
        return pictures

    def _precedes(self, picture: Picture, key: Picture) -> bool:
        """Whether a picture that follows a key frame in the stream is displayed before it."""
        if self.codec in _DELAYED_CODECS:
            return picture.kind == "B"
        return picture.pts is not None and key.pts is not None and picture.pts < key.pts

    def _coded_from(self, index: VideoIndex, gop: int) -> Iterator[CodedEntry]:
        """Pictures from a key frame on."""
        if not self._kept:
            yield from split_packets(self._packets_from(index, gop), self._parser)
            return
        is_key = _key_test(index, gop)
        start = next(
            i for i, (_, time, position) in enumerate(self._kept) if is_key(time, position)
        )
        for entry in islice(self._kept, start, None):
            picture, time, position = entry
            if picture.display >= 0:  # belongs to another list of pictures, too
                picture = replace(picture, display=-1, past=None, future=None)
            yield picture, time, position

    def _packets_from(self, index: VideoIndex, gop: int) -> Iterator[av.Packet]:
        time, is_key = index.key_times[gop], _key_test(index, gop)
        stands_before_it, self._next_gop = self._next_gop == gop, None
        # Seeking to a decoding time lands on the key frame or before it. If it ever lands behind,
        # the first key frame is always before.
        for target in (time, index.key_times[0]):
            if not stands_before_it:
                self._container.seek(target or 0, stream=self._stream)
            stands_before_it = False
            packets = self._container.demux(self._stream)
            for packet in packets:
                if is_key(packet.dts, packet.pos):
                    yield packet
                    yield from packets
                    return
        raise CorruptVideoError(
            f"the key frame announced at time {time} of the stream is not there; the file is "
            "truncated or damaged. Re-encode or drop it",
            path=self._path,
            codec=self.codec,
            frame=int(index.keyframes[gop]),
        )

    def decode_first(self, index: VideoIndex) -> None:
        """Decode the first key frame alone, for what only decoded frames tell.

        Raises:
            CorruptVideoError: If it cannot be decoded.
        """
        picture, _, _ = next(self._coded_from(index, 0))
        picture.display = 0
        # Vectors may be wanted later: open the decoder so that it exports them.
        if not list(self.decode([picture], vectors={0})):
            raise CorruptVideoError(
                "the decoder does not return the first frame; the file is truncated or damaged. "
                "Re-encode or drop it",
                path=self._path,
                codec=self.codec,
                frame=0,
            )

    def decode(
        self, pictures: Iterable[Picture], *, vectors: set[int], pixels: bool = True
    ) -> Iterator[tuple[Picture, VideoFrame]]:
        """Decode pictures, given in decoding order; yields them in display order.

        Args:
            pictures: What to decode, all references included.
            vectors: Display indices of the pictures whose vectors are wanted.
            pixels: False: only vectors are wanted, pixels may be wrong.
        """
        context = self._context_for(exports=bool(vectors), pixels=pixels)
        context.flush_buffers()
        missing: dict[int, Picture] = {}
        number = -1

        def shown(packet: av.Packet | None) -> Iterator[tuple[Picture, VideoFrame]]:
            for frame in context.decode(packet):
                if self.rotation is None and pixels:  # known of the container's own decoder only
                    self.rotation = frame.rotation
                if frame.pts in missing:
                    yield missing.pop(frame.pts), frame

        try:
            for number, picture in enumerate(pictures):
                packet = picture.packet
                packet.pts = number  # the decoder hands it on: which frame is which picture
                packet.dts = None
                missing[number] = picture
                self.packets_decoded += 1
                yield from shown(packet)
            held = [p for p in missing.values() if p.kind != "I" and p.display in vectors]
            if held and self.codec in _DELAYED_CODECS:
                # One more anchor pushes it out with its vectors; any will do, so send it again.
                yield from shown(padded_packet(bytes(held[-1].packet)))
            yield from shown(None)
        except FFmpegError as error:
            raise CorruptVideoError(
                f"cannot be decoded ({error}); re-encode or drop the file",
                path=self._path,
                codec=self.codec,
                frame=picture.display,
            ) from error

    def _context_for(self, *, exports: bool, pixels: bool) -> VideoCodecContext:
        """The container's decoder, or a second one where that does not do.

        Whether a decoder exports vectors is settled when it is opened. It takes time, so that of
        MPEG-4 part 2, whose vectors our parser reads, too, it is left out until it is needed.
        """
        context = self._context
        if not self._exports and not context.is_open and (exports or self.codec != "mpeg4"):
            context.flags2 |= Flags2.export_mvs
            self._exports = True
        if pixels and (self._exports or not exports):
            return context
        if pixels not in self._others:
            other = av.CodecContext.create(self.codec, "r")
            assert isinstance(other, VideoCodecContext)
            other.extradata = context.extradata
            other.codec_tag = context.codec_tag
            if not pixels:  # it saves itself what only they need: vectors stay the same
                other.options = {"skip_loop_filter": "all", "skip_idct": "all"}
            other.thread_count = 1
            other.flags2 |= Flags2.export_mvs
            self._others[pixels] = other
        return self._others[pixels]


def _is_settled(pictures: list[Picture], count: int, time: int | None) -> bool:
    """Whether later packets cannot change the places of a GOP's first so many pictures.

    Those that are displayed first, and all that precede them in the stream. Every later picture is
    displayed after ``time``, the decoding time of the last. Those displayed before the key frame
    belong to the GOP before.
    """
    if time is None:
        return False
    times = [picture.pts or 0 for picture in pictures]
    shown = sorted((t, i) for i, t in enumerate(times) if t >= times[0])[:count]
    until = max(i for _, i in shown)
    return len(shown) == count and max(times[: until + 1]) <= time


def _key_test(index: VideoIndex, gop: int) -> Callable[[int | None, int | None], bool]:
    """Tells by decoding time and byte position whether a packet holds the key frame of a GOP."""
    if gop == len(index.keyframes):
        return lambda time, position: False
    key_time, key_position = index.key_times[gop], index.key_positions[gop]
    if key_position is None:
        return lambda time, position: time == key_time
    return lambda time, position: position == key_position
