"""Key frame in, decoded pictures of its GOP out: seeking, demuxing, decoding what is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import av
from av.codec.context import Flags2
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .errors import CorruptVideoError
from .index import (
    Picture,
    VideoIndex,
    display_order,
    link_references,
    padded_packet,
    split_packets,
)
from .packets import PictureParser

_DELAYED_CODECS = ("mpeg4", "mpeg1video", "mpeg2video")
"""Decoders that hold the last anchor back, and lose its vectors if it is flushed out."""


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
        self._context.flags2 |= Flags2.export_mvs
        self.packets_decoded = 0
        self.rotation: int | None = None
        """Degrees counterclockwise to the upright picture; None until a frame was decoded."""

    def packets(self, index: VideoIndex | None) -> Iterator[av.Packet]:
        """All packets, from the first key frame; without an index, from where the file stands."""
        if index is not None:
            self._container.seek(index.key_times[0] or 0, stream=self._stream)
        return self._container.demux(self._stream)

    def pictures(self, index: VideoIndex, *, gop: int, last: int) -> list[Picture]:
        """Pictures of a GOP in decoding order, their references linked.

        They reach at least to display index ``last``. Where the next GOP is open, its I-frame and
        leading B-frames belong to the list too, since they are displayed before that I-frame.

        Raises:
            CorruptVideoError: If the key frame cannot be found again.
            OrderError: If ``index`` says that no picture is reordered, and one is.
        """
        first = int(index.keyframes[gop])
        pictures: list[Picture] = []
        next_key = None
        is_next_key = _key_test(index, gop + 1)
        packets = self._packets_from(index, gop)
        for picture, time, position in split_packets(packets, self._parser):
            if next_key is not None and not self._precedes(picture, next_key):
                break
            # Not picture.is_key: it is set on I-pictures, too, that the container's table omits.
            if next_key is None and is_next_key(time, position) and pictures:
                next_key = picture
                if picture.closed:
                    break
            pictures.append(picture)
            if index.in_order and first + len(pictures) > last:
                break
        if index.in_order:
            order = list(range(len(pictures)))
            times = [picture.pts for picture in pictures if picture.pts is not None]
            if any(picture.kind == "B" for picture in pictures) or times != sorted(times):
                raise OrderError
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

    def _packets_from(self, index: VideoIndex, gop: int) -> Iterator[av.Packet]:
        time, is_key = index.key_times[gop], _key_test(index, gop)
        # Seeking to a decoding time lands on the key frame or before it. If it ever lands behind,
        # the first key frame is always before.
        for target in (time, index.key_times[0]):
            self._container.seek(target or 0, stream=self._stream)
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

    def decode(
        self, pictures: Iterable[Picture], *, vectors: set[int]
    ) -> Iterator[tuple[Picture, VideoFrame]]:
        """Decode pictures, given in decoding order; yields them in display order.

        Args:
            pictures: What to decode, all references included.
            vectors: Display indices of the pictures whose vectors are wanted.
        """
        context = self._context
        context.flush_buffers()
        missing: dict[int, Picture] = {}
        number = -1

        def shown(packet: av.Packet | None) -> Iterator[tuple[Picture, VideoFrame]]:
            for frame in context.decode(packet):
                if self.rotation is None:
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


def _key_test(index: VideoIndex, gop: int) -> Callable[[int | None, int | None], bool]:
    """Tells by decoding time and byte position whether a packet holds the key frame of a GOP."""
    if gop == len(index.keyframes):
        return lambda time, position: False
    key_time, key_position = index.key_times[gop], index.key_positions[gop]
    if key_position is None:
        return lambda time, position: time == key_time
    return lambda time, position: position == key_position
