"""Any readable video in, the same pictures in a codec and GOP of our choice out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame

from ..container.mp4 import read_tracks
from ..container.opening import open_container, raw_file
from ..container.riff import check_riff
from ..errors import CorruptVideoError, UnsupportedVideoError, VideoOpenError
from ..limits import Limits
from .encode import FrameRate, VideoWriter, check_encoder, check_size


def reencode(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    codec: str = "mpeg4",
    gop_size: int = 12,
    b_frames: int = 0,
    size: tuple[int, int] | None = None,
    quality: int | None = None,
    fps: FrameRate | None = None,
    options: Mapping[str, str] | None = None,
) -> int:
    """Re-encode a video: fixed GOP, constant frame rate, upright, without audio.

    Args:
        src: the video to read. Rotation metadata is applied to the pixels.
        dst: the video to write; see :class:`~compressedvideo.VideoWriter` for this and for the
            other arguments.
        size: (width, height) as displayed; CoViAR uses (340, 256). ``None`` keeps the source's,
            rounded down to what the codec allows.
        fps: ``None`` keeps every frame once, at the source's average rate, even where the source's
            rate varies. A number resamples in time: frames are repeated or dropped, and the
            duration stays.

    Returns:
        The number of frames written.

    Raises:
        ValueError: for an argument outside its range.
        CodecError: if the source cannot be read to its end (``VideoOpenError``,
            ``CorruptVideoError``, ``UnsupportedVideoError``: with its path), or if the encoder
            refuses the settings. No file is left at ``dst`` then.
    """
    encoder = check_encoder(codec, gop_size=gop_size, b_frames=b_frames, quality=quality)
    if size is not None:
        check_size(*size, codec)
    src = Path(src)
    if src.resolve() == Path(dst).resolve():
        raise ValueError(f"{src}: source and destination are the same file")
    with _open(src) as container:
        source_fps = _average_rate(container, src)
        frames = _decode_upright(container, src)
        if fps is not None:
            frames = _resample(frames, fps=Fraction(fps), source_fps=source_fps)
        first = next(frames, None)
        if first is None:
            raise CorruptVideoError("not one frame could be decoded", path=str(src))
        if size is None:
            step = encoder.size_multiple
            size = (first.width // step * step, first.height // step * step)
        with VideoWriter(
            dst,
            width=size[0],
            height=size[1],
            fps=source_fps if fps is None else fps,
            codec=codec,
            gop_size=gop_size,
            b_frames=b_frames,
            quality=quality,
            options=options,
        ) as writer:
            writer.write_av(first)
            for frame in frames:
                writer.write_av(frame)
    return writer.num_frames


def _open(path: Path) -> av.container.InputContainer:
    with raw_file(path, str(path)) as file:  # before FFmpeg believes it
        read_tracks(file, path=str(path), limits=Limits())
        check_riff(file, path=str(path))
    container = open_container(path, str(path), max_pixels=Limits().pixels)
    if not container.streams.video or container.streams.video[0].codec_context is None:
        container.close()
        raise VideoOpenError("has no video stream that can be decoded", path=str(path))
    container.streams.video[0].codec_context.thread_count = 1
    return container


def _average_rate(container: av.container.InputContainer, path: Path) -> Fraction:
    stream = container.streams.video[0]
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise VideoOpenError("names no frame rate", path=str(path))
    return Fraction(rate)


def _decode_upright(container: av.container.InputContainer, path: Path) -> Iterator[VideoFrame]:
    codec = container.streams.video[0].codec_context.name
    num_frames = 0
    try:
        for frame in container.decode(video=0):
            yield _upright(frame, path)
            num_frames += 1
    except FFmpegError as error:
        raise CorruptVideoError(
            f"decoding failed ({error})", path=str(path), codec=codec, frame=num_frames
        ) from error


def _upright(frame: VideoFrame, path: Path) -> VideoFrame:
    quarter_turns, rest = divmod(frame.rotation, 90)  # counter-clockwise
    if rest:
        raise UnsupportedVideoError(
            f"the metadata rotates by {frame.rotation} degrees, no multiple of 90", path=str(path)
        )
    if quarter_turns == 0:
        return frame
    rotated = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), k=quarter_turns))
    upright = VideoFrame.from_ndarray(rotated.astype(np.uint8, copy=False), format="rgb24")
    upright.pts, upright.time_base = frame.pts, frame.time_base
    return upright


def _resample(
    frames: Iterator[VideoFrame], *, fps: Fraction, source_fps: Fraction
) -> Iterator[VideoFrame]:
    """Put each frame into the slot nearest in time: gaps repeat, of colliding frames one stays."""
    start: float | None = None
    held: VideoFrame | None = None
    num_filled = 0
    for index, frame in enumerate(frames):
        seconds = float(index / source_fps) if frame.time is None else frame.time
        start = seconds if start is None else start
        slot = round((seconds - start) * fps)
        while held is not None and num_filled < slot:
            yield held
            num_filled += 1
        held = frame
    if held is not None:
        yield held
