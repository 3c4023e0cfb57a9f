"""Small encoded streams, their packets, and what a plain decode makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Disposition

from compressedvideo.bitstream.parsers import header_parser
from compressedvideo.bitstream.record import Flags, as_arrays

START = b"\x00\x00\x01"


@dataclass
class Stream:
    """What a decoder is given."""

    codec: str
    extradata: bytes
    packets: list[bytes]
    width: int
    height: int

    def records(self, run: int = 1 << 30) -> tuple[np.ndarray, np.ndarray]:
        """Records and references, asked for in runs of so many packets."""
        parser = header_parser(self.codec, self.extradata, width=self.width, height=self.height)
        assert parser is not None
        parts = [
            parser.headers(self.packets[i : i + run]) for i in range(0, len(self.packets), run)
        ]
        records, references = zip(*parts, strict=True)
        return as_arrays(b"".join(records), b"".join(references))

    def frames(self) -> list[av.VideoFrame]:
        """What FFmpeg shows; packets that it refuses show nothing."""
        context = av.CodecContext.create(self.codec, "r")
        context.extradata, context.thread_count = self.extradata, 1
        context.width, context.height = self.width, self.height
        frames = []
        for data in [*self.packets, None]:
            packet = None
            if data is not None:
                packet = av.Packet(len(data))
                packet.update(data)
            try:
                frames += context.decode(packet)
            except FFmpegError:
                continue
        return frames

    def kinds(self) -> str:
        """Their types."""
        return "".join("?IPBS"[frame.pict_type] for frame in self.frames())


def shown(records: np.ndarray) -> np.ndarray:
    """Records of the frames, in display order, that can be decoded from the first key picture on.

    This is all that an index has to do.
    """
    flags = records["flags"]
    keys = np.flatnonzero(flags & Flags.KEY)
    if not len(keys):
        return records[:0]
    is_leading = flags & Flags.LEADING != 0
    is_leading[keys[1] if len(keys) > 1 else len(records) :] = False
    hidden = Flags.SECOND_FIELD | Flags.HIDDEN
    pictures = records[(flags & hidden == 0) & ~is_leading & (np.arange(len(records)) >= keys[0])]
    return pictures[np.argsort(pictures["order"], kind="stable")]


def shown_kinds(records: np.ndarray) -> str:
    return b"".join(shown(records)["kind"]).decode()


def read_stream(path: Path | str) -> Stream:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        stream = next(
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        )
        context = stream.codec_context
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
        return Stream(
            context.name, context.extradata or b"", packets, context.width, context.height
        )


def plain_kinds(path: Path | str) -> str:
    """Types of all frames that a plain decode of the file shows."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        stream = next(
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        )
        stream.codec_context.thread_count = 1
        return "".join("?IPBS"[frame.pict_type] for frame in container.decode(stream))


def encode(
    path: Path,
    codec: str,
    *,
    size: tuple[int, int] = (128, 96),
    num_frames: int = 30,
    gop: int = 12,
    b_frames: int = 0,
    options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    container: str | None = None,
) -> Path:
    """A texture that moves 2 pixels right and 1 down a frame, so that B-pictures pay."""
    width, height = size
    rng = np.random.default_rng(0)
    shape = (height + num_frames) // 8 + 1, (width + 2 * num_frames) // 8 + 1, 3
    texture = rng.integers(0, 256, shape)
    texture = texture.astype(np.uint8).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        context = stream.codec_context
        context.time_base = Fraction(1, 25)
        context.gop_size, context.max_b_frames, context.thread_count = gop, b_frames, 1
        for t in range(num_frames):
            image = np.ascontiguousarray(
                texture[num_frames - t :, 2 * (num_frames - t) :][:height, :width]
            )
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
            frame.pts = t
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def pack(bits: str) -> bytes:
    """Bits, padded with zeros to whole bytes."""
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def unpack(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)
