"""What records of headers promise, tried out with FFmpeg's decoder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from compressedvideo.bitstream.record import Flags, as_arrays

KINDS = "?IPBSip"  # by number of FFmpeg's AVPictureType


def moving_texture(
    count: int, *, width: int = 176, height: int = 144, speed: tuple[int, int] = (3, 1)
) -> list[np.ndarray]:
    """[height, width, 3] frames of a smooth texture; speed: pixels right and down a frame."""
    rng = np.random.default_rng(0)
    big = av.VideoFrame.from_ndarray(
        rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8), format="rgb24"
    ).reformat(width=2 * width, height=2 * height)
    texture = np.tile(big.to_ndarray(format="rgb24"), (2, 2, 1))
    left = speed[0] * np.arange(count) % (2 * width)
    top = speed[1] * np.arange(count) % (2 * height)
    return [
        texture[2 * height - y :, 2 * width - x :][:height, :width]
        for y, x in zip(top, left, strict=True)
    ]


def encode(
    path: Path,
    encoder: str,
    options: dict[str, str],
    *,
    frames: Sequence[np.ndarray],
    gop_size: int = 12,
) -> Path:
    """Write the frames with one of FFmpeg's encoders, on one thread."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop_size
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def read_packets(path: Path) -> tuple[str, bytes, list[bytes]]:
    """Decoder, global headers and packets of a file."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        context = container.streams.video[0].codec_context
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
        return context.name, context.extradata or b"", packets


def decode(decoder: str, extradata: bytes, packets: Sequence[bytes]) -> list[tuple[str, str]]:
    """Type and digest of each picture that comes out."""
    context = av.CodecContext.create(decoder, "r")
    context.thread_count = 1
    if extradata:
        context.extradata = extradata
    frames = []
    for packet in [*map(av.Packet, packets), None]:
        frames += context.decode(packet)
    return [(KINDS[int(frame.pict_type)], _digest(frame)) for frame in frames]


def _digest(frame: av.VideoFrame) -> str:
    digest = hashlib.sha256()
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        digest.update(rows[:, : plane.width * -(-frame.format.components[0].bits // 8)].tobytes())
    return digest.hexdigest()


def check_records(parser_type: type, decoder: str, extradata: bytes, packets: list[bytes]) -> None:
    """Hold the records of a stream's packets against what the decoder makes of them.

    Number, order and types of what is shown; each record's bytes as a packet of their own; half of
    the pictures that are not REFERENCED left out; decoding from each KEY picture on.
    """
    records, references = as_arrays(*parser_type(extradata).headers(packets))
    assert not np.any(records["flags"] & Flags.DAMAGED)
    assert records["num_references"].sum() == len(references)
    assert np.all(references < np.repeat(records["picture"] + 1, records["num_references"]))
    shown = records["flags"] & Flags.HIDDEN == 0
    frames = decode(decoder, extradata, packets)
    assert "".join(kind for kind, _ in frames) == b"".join(records["kind"][shown]).decode()

    numbers = np.cumsum(shown) - 1  # of the frame that a record shows
    pieces = [packets[r["packet"]][r["start"] : r["stop"]] for r in records]
    assert decode(decoder, extradata, pieces) == frames
    kept = np.ones(len(records), bool)
    kept[np.flatnonzero(records["flags"] & Flags.REFERENCED == 0)[::2]] = False
    starts = [
        np.arange(len(records)) >= key for key in np.flatnonzero(records["flags"] & Flags.KEY)
    ]
    for chosen in [kept, *starts]:
        some = [piece for piece, choose in zip(pieces, chosen, strict=True) if choose]
        assert decode(decoder, extradata, some) == [frames[i] for i in numbers[chosen & shown]]
