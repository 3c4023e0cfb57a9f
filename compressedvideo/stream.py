"""A video stream, ready to be read: its pictures, its decoder, and where its vectors come from."""

from __future__ import annotations

import numpy as np
from av.video.codeccontext import VideoCodecContext

from .bitstream.parsers import header_parser
from .bitstream.sei import has_display_orientation, old_x264_message
from .boundary import bad_data
from .container.in_memory import PacketsInMemory
from .container.orientation import Orientation, orientation_of
from .container.packets import PacketReader
from .damage import Damage
from .decoding.decoder import Decoder
from .errors import CorruptVideoError
from .indexing import read_index
from .limits import Limits
from .motion.source import MotionSources
from .pipeline import GopPipeline


class VideoStream:
    """What reading from a stream's packets needs, made once they are opened.

    Args:
        packets: Opened; :meth:`close` closes them.
        path: As messages name the source.
        limits: How large the video may be.
        on_damage: See :class:`~compressedvideo.CompressedVideo`.

    Raises:
        CorruptVideoError: If it has no key frame, names no size, or cannot be read to its end.
        LimitError: If it is larger than the limits allow.
    """

    def __init__(
        self,
        packets: PacketReader | PacketsInMemory,
        *,
        path: str,
        limits: Limits,
        on_damage: str,
    ) -> None:
        context = packets.stream.codec_context
        self.packets = packets
        self.codec: str = packets.codec
        """FFmpeg's name."""
        self._path, self._limits = path, limits
        if packets.knows_format:
            self._check_size(context)
        self.damage = Damage(on_damage, path=path, codec=self.codec)
        extradata = context.extradata or b""
        parser = header_parser(self.codec, extradata, width=context.width, height=context.height)
        self.index = read_index(packets, parser, path=path)
        if not packets.knows_format:
            if not self.index.is_all_of_size(context.width, context.height):
                packets.learn_format()  # the container says something else
                context = packets.stream.codec_context
            self._check_size(context)
        self.size = (context.height, context.width)
        """Height and width of the stored pictures."""
        stream = packets.stream
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate
        self.fps = float(rate or 0)  # decoded pictures may change FFmpeg's guess
        turned_by_messages = has_display_orientation(self.codec, extradata, packets.first_packet)
        self._orientation: Orientation | None = None  # until it is asked for
        self._tells_orientation = packets.tells_matrix and not turned_by_messages
        self.decoder = Decoder(
            context,
            delay=self.index.delay,
            damage=self.damage,
            max_pixels=limits.pixels,
            renew=packets.renew,
        )
        if self.index.is_damaged:
            self.decoder.stain(for_good=True)
        # Without our parser the decoder has looked at the pictures, and tells their format.
        # Not pix_fmt, at which PyAV 17.1 crashes where no format is known.
        pixel_format = context.format.name if context.format is not None else ""
        is_full = any(chroma in pixel_format for chroma in ("444", "gbr"))
        if self.codec == "h264" and (is_full or self.index.has_full_chroma):
            self.decoder.preamble = old_x264_message(extradata, packets.first_packet)
        self.motion = MotionSources(
            self.codec,
            extradata,
            first_packet=packets.first_packet,
            index=self.index,
            path=path,
        )
        self.pipeline = GopPipeline(
            packets,
            self.index,
            decoder=self.decoder,
            sources=self.motion,
            damage=self.damage,
            size=self.size,
            any_frame_tells=not turned_by_messages,
        )

    def close(self) -> None:
        """Release the file. Closing twice is harmless."""
        self.packets.close()

    @property
    def knows_orientation(self) -> bool:
        """Whether :meth:`orientation` can do without the file."""
        return self._tells_orientation or self._orientation is not None

    def orientation(self) -> Orientation:
        """How stored pictures are to be displayed; may decode one."""
        if self._orientation is None:
            matrix = self.packets.matrix
            if not self._tells_orientation:  # only a decoded frame does
                with bad_data(self._path, self.codec):
                    matrix = self.pipeline.matrix()
            self._orientation = orientation_of(matrix, path=self._path, codec=self.codec)
        return self._orientation

    def seconds(self, frames: np.ndarray) -> np.ndarray:
        """[S] float64: times of frames, given as display indices."""
        ticks = self.index.ticks
        if ticks is None:  # unknown, or in another order than the pictures
            return frames / (self.fps or float("nan"))
        return ticks[frames] * float(self.packets.stream.time_base or 0)

    def _check_size(self, context: VideoCodecContext) -> None:
        width, height = context.width, context.height
        if not height or not width:
            raise CorruptVideoError(
                "names no size of its pictures that can be, or one above "
                f"Limits(pixels={self._limits.pixels}); re-encode or drop the file",
                path=self._path,
                codec=self.codec,
            )
        self._limits.check("pixels", height * width, path=self._path, codec=self.codec)
