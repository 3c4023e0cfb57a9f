"""Packets that came from anywhere, as the reader takes them from a file: nothing is written again.

What a container says of its stream is a :class:`StreamFormat`; :class:`PacketsInMemory` stands
beside :class:`~compressedvideo.container.packets.PacketReader`, with a decoder of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from .opening import SELF_DESCRIBING, codec_of
from .orientation import Matrix
from .packets import padded_packet

_COLOURS = ("color_range", "colorspace", "color_primaries", "color_trc")


@dataclass(frozen=True)
class StreamFormat:
    """What a container says of a stream, as far as decoders need it."""

    codec: str
    """FFmpeg's name of the decoder."""

    time_base: Fraction
    """Seconds, of the packets' times."""

    extradata: bytes = b""
    """The codec's global headers."""

    width: int = 0
    """Pixels; 0: only the packets tell."""

    height: int = 0
    rate: Fraction | None = None
    """Frames per second."""

    pix_fmt: str | None = None
    codec_tag: str | None = None
    colours: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stream: Any, *, time_base: Fraction | None = None) -> StreamFormat:
        """That of PyAV's stream, of a container that is read or one that is written.

        Args:
            stream: A video stream.
            time_base: Of its packets, if not the stream's.
        """
        context = stream.codec_context
        codec = context.name if context.is_decoder else context.codec.canonical_name
        tag = None
        with suppress(UnicodeError):  # PyAV reads ASCII; decoders only work around bugs by it
            tag = context.codec_tag
        return cls(
            codec=codec,
            time_base=time_base or stream.time_base or Fraction(1, 1000),
            extradata=bytes(context.extradata or b""),
            width=context.width,
            height=context.height,
            rate=stream.average_rate or stream.guessed_rate or None,
            pix_fmt=context.format.name if context.format is not None else None,
            codec_tag=tag if context.is_decoder else None,
            colours={name: int(getattr(context, name) or 0) for name in _COLOURS},
        )

    def decoder(self) -> VideoCodecContext:
        """A new one.

        Raises:
            ValueError: If FFmpeg has none for the codec.
        """
        context = av.CodecContext.create(self.codec, "r")
        assert isinstance(context, VideoCodecContext)
        context.extradata = self.extradata or None
        if self.codec_tag is not None:
            context.codec_tag = self.codec_tag
        if self.width and self.height:
            context.width, context.height = self.width, self.height
        if self.pix_fmt is not None:
            context.pix_fmt = self.pix_fmt
        for name, value in self.colours.items():
            setattr(context, name, value)
        return context

    def learned_from(self, packets: Sequence[bytes], *, max_pixels: int) -> StreamFormat:
        """The same with the size and format of the pictures that a decoder makes of packets.

        Args:
            packets: From a key picture on; as few are decoded as possible.
            max_pixels: Larger pictures are refused: the size stays 0.
        """
        context = replace(self, width=0, height=0, pix_fmt=None).decoder()
        context.thread_count = 1
        context.options = {"max_pixels": str(max_pixels * 9 // 8 + (1 << 16))}
        with suppress(FFmpegError):
            for data in [*packets, None]:
                for frame in context.decode(None if data is None else padded_packet(data)):
                    return replace(
                        self, width=frame.width, height=frame.height, pix_fmt=frame.format.name
                    )
        return replace(self, width=0, height=0)


@dataclass(frozen=True, slots=True)
class MemoryPacket:
    """A packet, and when it came."""

    data: bytes
    pts: int | None
    """The format's time base."""
    dts: int | None
    is_key: bool
    """What the container says."""
    arrived: float
    """Wall-clock time, seconds since 1970."""


class _Stream:
    """What the reader asks of PyAV's."""

    def __init__(self, form: StreamFormat) -> None:
        self.codec_context = form.decoder()
        self.time_base = form.time_base
        self.average_rate = self.guessed_rate = self.base_rate = form.rate


class PacketsInMemory:
    """Packets of one stream in decoding order, for :class:`~compressedvideo.CompressedVideo`.

    Args:
        packets: N, the first of a key picture.
        form: Their stream's. How a container turns its pictures is not in it.
        path: The source as messages name it.
        max_pixels: Larger pictures are not looked at.
    """

    format = "memory"
    matrix: Matrix | None = None
    tells_matrix = True
    num_missing = 0

    def __init__(
        self, packets: Sequence[MemoryPacket], form: StreamFormat, *, path: str, max_pixels: int
    ) -> None:
        self.path = path
        self._packets = packets
        self._data = [packet.data for packet in packets]
        self._max_pixels = max_pixels
        self.form = form
        if not (form.width and form.height):
            self.form = form.learned_from(self._data, max_pixels=max_pixels)
        self.stream = _Stream(self.form)
        self.first_packet = self._data[0] if self._data else b""

    def __len__(self) -> int:
        return len(self._data)

    def close(self) -> None:
        """Nothing: they are memory."""

    @property
    def codec(self) -> str:
        return codec_of(self.stream.codec_context)

    @property
    def sizes(self) -> np.ndarray:
        """[N] int64, bytes."""
        return np.array([len(data) for data in self._data], np.int64)

    @property
    def is_key(self) -> np.ndarray:
        """[N] bool: which packets their container took for key frames."""
        return np.array([packet.is_key for packet in self._packets], bool)

    @property
    def times(self) -> np.ndarray | None:
        """[N] int64: presentation times, the stream's time base. None if some packet has none."""
        times = [packet.pts for packet in self._packets]
        if not times or None in times:
            return None
        return np.array(times, np.int64)

    @property
    def arrived(self) -> np.ndarray:
        """[N] float64: wall-clock times, seconds since 1970."""
        return np.array([packet.arrived for packet in self._packets])

    def scan(self) -> Iterator[list[bytes]]:
        """The bytes of all packets."""
        if self._data:
            yield self._data

    def read(self, first: int, stop: int) -> list[bytes]:
        """The packets ``first`` to ``stop - 1``."""
        return self._data[first:stop]

    @property
    def knows_format(self) -> bool:
        """Whether size and format need no check against the pictures' own headers."""
        return self.codec not in SELF_DESCRIBING

    def learn_format(self) -> None:
        """Let a decoder look at the first pictures."""
        self.form = self.form.learned_from(self._data, max_pixels=self._max_pixels)
        self.renew()

    def renew(self) -> VideoCodecContext:
        """A decoder of which nobody made use yet."""
        self.stream = _Stream(self.form)
        return self.stream.codec_context
