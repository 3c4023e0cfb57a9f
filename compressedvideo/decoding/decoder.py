"""Coded pictures in, decoded frames out: FFmpeg, opened as the wanted output needs it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

import av
from av import Packet
from av.codec.context import Flags2
from av.error import FFmpegError
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideData
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from ..container.orientation import Matrix
from ..container.packets import padded_packet
from ..damage import Damage
from ..index import Picture

_DELAYED_CODECS = ("mpeg4", "mpeg1video", "mpeg2video")
"""Decoders that hold the last anchor back, and lose its vectors if it is flushed out."""


_OF_CONTAINER = (*("width", "height", "color_range", "colorspace", "color_primaries", "color_trc"),)
"""What a container may say of pictures that the stream does not."""

_KEEPS_TRACES = (
    *("vp8", "hevc", "mjpeg", "mpeg4", "mpeg1video", "mpeg2video", "h263", "h263p", "h263i"),
    *("flv1", "flv", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "msmpeg4v3", "wmv1", "wmv2"),
)
"""Decoders that flushing does not bring back to where they began: after damage that they do not
notice, other pictures come out another way. Each read gets its own."""


class Decoder:
    """Decodes chosen pictures of one stream.

    Args:
        context: The container's decoder of the stream.
        delay: Pictures by which some picture is shown later than it is decoded.
        damage: What becomes of packets that cannot be decoded.
        max_pixels: What larger pictures are refused by.
        renew: Returns the container's decoder anew. Damaged pictures leave their traces in a
            decoder, which flushing it does not remove, nor are they always seen.
    """

    def __init__(
        self,
        context: VideoCodecContext,
        *,
        delay: int,
        damage: Damage,
        max_pixels: int,
        renew: Callable[[], VideoCodecContext],
    ) -> None:
        self._stream_context = context
        self._contexts: dict[tuple[bool, bool], VideoCodecContext] = {}
        self.damage = damage
        self._renew = renew
        self._is_damaged = False
        self._is_stained = False
        self._is_spent = False  # the container's has decoded for another read
        self._max_pixels = max_pixels
        self._delay = delay
        self.codec = context.name
        # As the container says it: pictures may change what the context says.
        self._of_stream = {name: getattr(context, name) for name in _OF_CONTAINER}
        # Parameter sets of H.264 in its packets stay where they are not in the container alone.
        extradata = context.extradata or b""
        self._keeps_traces = self.codec in _KEEPS_TRACES or (
            self.codec == "h264" and extradata[:1] != b"\1"
        )
        context.thread_count = 1  # frame threads corrupt the vectors of H.264 B-frames
        self._exports: bool | None = None  # of the container's decoder, once it is open
        self.preamble = b""
        """What each decoder must have seen before it starts somewhere in the stream."""
        self.packets_decoded = 0

    def start(self, *, exports: bool | None, pixels: bool = True) -> Decoding:
        """Begin at a key frame.

        Args:
            exports: Motion vectors are wanted. None: whatever the container's decoder does.
            pixels: False: only vectors are wanted, pixels may be wrong.
        """
        if self._is_stained:
            self._start_over()
        if exports is None:
            context = self._of_container(exports=self._exports or False)
        else:
            context = self._context_for(exports=exports, pixels=pixels)
        context.flush_buffers()
        # Others know nothing of the container.
        tells_matrix = context is self._stream_context
        return Decoding(self, context, tells_matrix=tells_matrix)

    def begin_read(self) -> None:
        """Nothing that earlier reads left behind has a say from now on."""
        if self._is_stained and not self._is_damaged:
            self._start_over()
        elif self._keeps_traces:
            self._contexts.clear()
            self._is_spent = self._exports is not None
        self._is_stained = self._is_damaged

    def stain(self, *, for_good: bool = False) -> None:
        """Something is damaged: begin at each key frame with a new decoder from now on.

        Args:
            for_good: In later reads, too.
        """
        self._is_stained = True
        self._is_damaged |= for_good

    def _start_over(self) -> None:
        self._contexts.clear()
        self._exports = None
        self._is_spent = False
        self._stream_context = self._renew()
        self._stream_context.thread_count = 1

    def _context_for(self, *, exports: bool, pixels: bool) -> VideoCodecContext:
        """The container's decoder, or another one where that does not do.

        Whether a decoder exports vectors is settled when it is opened.
        """
        if pixels and not self._is_spent and self._exports in (None, exports):
            return self._of_container(exports=exports)
        key = exports, pixels
        if key not in self._contexts:
            other = av.CodecContext.create(self.codec, "r")
            assert isinstance(other, VideoCodecContext)
            other.extradata = self._stream_context.extradata
            with suppress(UnicodeError):  # PyAV reads ASCII; decoders only work around bugs by it
                other.codec_tag = self._stream_context.codec_tag
            for name, value in self._of_stream.items():
                setattr(other, name, value)
            other.thread_count = 1
            self._configure(other, exports=exports, pixels=pixels)
            self._contexts[key] = other
        return self._contexts[key]

    def _of_container(self, *, exports: bool) -> VideoCodecContext:
        """The container's decoder, whose frames alone have the container's matrix."""
        if self._exports is None:
            self._exports = exports
            self._configure(self._stream_context, exports=exports, pixels=True)
        return self._stream_context

    def _configure(self, context: VideoCodecContext, *, exports: bool, pixels: bool) -> None:
        if exports:
            context.flags2 |= Flags2.export_mvs
        # Of MPEG-4 and its kin FFmpeg counts the borders that it adds, in small pictures the most.
        options = {"max_pixels": str(self._max_pixels * 9 // 8 + (1 << 16))}
        if not pixels:  # it saves itself what only they need: vectors stay the same
            options |= {"skip_loop_filter": "all", "skip_idct": "all"}
        if self.codec == "h264" and self._delay > context.has_b_frames:
            # Else it guesses how far pictures are reordered, and drops those that come later.
            options["strict"] = "1"
        context.options = options


class Decoding:
    """One run of the decoder from a key frame on."""

    def __init__(self, decoder: Decoder, context: VideoCodecContext, *, tells_matrix: bool) -> None:
        self.tells_matrix = tells_matrix
        """Its frames have the container's display matrix."""
        self._decoder = decoder
        self._context = context
        self._missing: dict[int, Picture] = {}
        self._last: Picture | None = None
        self._number = 0
        self._preamble = decoder.preamble

    def send(self, picture: Picture) -> Iterator[tuple[Picture, VideoFrame]]:
        """Decode the next picture in decoding order; what is complete then, in display order.

        Raises:
            CorruptVideoError: If the decoder refuses it, and damage is not to be kept.
        """
        number, self._number = self._number, self._number + 1
        self._missing[number] = picture
        self._last = picture
        for data in picture.packets:
            if self._preamble:
                data = self._preamble + bytes(data)
                self._preamble = b""
            packet = data if isinstance(data, Packet) else padded_packet(data)
            packet.pts = number  # the decoder hands it on: which frame is which picture
            packet.dts = None
            self._decoder.packets_decoded += 1
            yield from self._decode(packet)

    def finish(self, *, vectors: set[int]) -> Iterator[tuple[Picture, VideoFrame]]:
        """The frames that the decoder holds back.

        Args:
            vectors: Display indices of the pictures whose vectors are wanted.
        """
        held = [p for p in self._missing.values() if p.kind != "I" and p.display in vectors]
        if held and self._decoder.codec in _DELAYED_CODECS:
            # One more anchor pushes it out with its vectors; any will do, so send it again.
            yield from self._decode(padded_packet(bytes(held[-1].packets[-1])))
        yield from self._decode(None)

    def _decode(self, packet: Packet | None) -> Iterator[tuple[Picture, VideoFrame]]:
        try:
            for frame in self._context.decode(packet):
                if frame.is_corrupt:
                    self._decoder.stain()
                picture = self._missing.pop(frame.pts, None) if frame.pts is not None else None
                if picture is not None:
                    yield picture, frame
        except FFmpegError as error:
            self._decoder.stain()
            last = self._last
            display = None if last is None or last.display < 0 else last.display
            problem = f"cannot be decoded ({error}); re-encode or drop the file"
            self._decoder.damage.found(problem, display, cause=error)


def display_matrix(frame: VideoFrame) -> Matrix | None:
    """How the frame is to be displayed, of the container or the stream."""
    for data in SideDataContainer(frame):  # type: ignore[call-arg]  # PyAV's stub forgets it
        if data.type == SideData.DISPLAYMATRIX:
            return struct.unpack_from("9i", bytes(data))
    return None
