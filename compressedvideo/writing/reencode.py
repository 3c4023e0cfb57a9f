"""Any readable video in, the same pictures in a codec and GOP of our choice out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..container.mp4 import read_tracks
from ..container.opening import Source, choose_stream, codec_of, name_of, open_container, raw_file
from ..container.orientation import Orientation, orientation_of
from ..container.riff import check_riff
from ..decoding.decoder import display_matrix
from ..errors import CorruptVideoError, LimitError, UnsupportedVideoError, VideoOpenError
from ..limits import Limits
from .encode import FrameRate, VideoWriter, check_encoder, check_fps, check_size


def reencode(
    src: Source,
    dst: str | os.PathLike[str] | BinaryIO,
    *,
    codec: str = "mpeg4",
    gop_size: int = 12,
    b_frames: int = 0,
    size: tuple[int, int] | None = None,
    quality: int | None = None,
    fps: FrameRate | None = None,
    options: Mapping[str, str] | None = None,
    stream: int | None = None,
    limits: Limits | None = None,
    max_bytes: int | None = None,
) -> int:
    """Re-encode a video: fixed GOP, constant frame rate, upright, without audio.

    Args:
        src: the video to read: a path, bytes, or a seekable binary file object. What the metadata
            of its first frame say about turning and mirroring is applied to the pixels.
        dst: the video to write; see :class:`~compressedvideo.VideoWriter` for this and for the
            other arguments.
        size: (width, height) as displayed; CoViAR uses (340, 256). ``None`` keeps the source's,
            rounded down to what the codec allows.
        fps: ``None`` keeps every frame once, at the source's average rate, even where the source's
            rate varies. A number resamples in time: frames are repeated or dropped, and the
            duration stays.
        stream: index of the stream to read. ``None``: the first video that is no cover art.
        limits: how large the source's pictures may be, and the like. ``None``: the defaults.
        max_bytes: give up once the packets written are more than this.

    Returns:
        The number of frames written.

    Raises:
        ValueError: for an argument outside its range.
        CodecError: if the source cannot be read to its end (``VideoOpenError``,
            ``CorruptVideoError``) or is of a size, frame rate or rotation that cannot be written
            (``UnsupportedVideoError``), or becomes too large (``LimitError``), each with its path,
            or if the encoder refuses the settings.
            No file is left at ``dst`` then.
    """
    encoder = check_encoder(codec, gop_size=gop_size, b_frames=b_frames, quality=quality)
    if size is not None:
        check_size(*size, codec)
    if fps is not None:
        check_fps(fps, codec)
    path = name_of(src)
    names = [file for file in (src, dst) if isinstance(file, (str, os.PathLike))]
    if len(names) == 2 and Path(names[0]).resolve() == Path(names[1]).resolve():
        raise ValueError(f"{path}: source and destination are the same file")
    limits = limits or Limits()
    with raw_file(src, path) as file:  # before FFmpeg believes it
        read_tracks(file, path=path, limits=limits)
        check_riff(file, path=path)
    with open_container(src, path, max_pixels=limits.pixels) as container:
        video = choose_stream(container, stream, path)
        video.codec_context.thread_count = 1
        frames = _decode_upright(container, video, path)
        source_fps = video.average_rate or video.guessed_rate
        if not source_fps:
            raise VideoOpenError(
                "names no frame rate", path=path, codec=codec_of(video.codec_context)
            )
        if fps is not None:
            frames = _resample(frames, fps=Fraction(fps), source_fps=source_fps)
        first = next(frames, None)
        if first is None:
            raise CorruptVideoError("not one frame could be decoded", path=path)
        if size is None:
            step = encoder.size_multiple
            size = (first.width // step * step, first.height // step * step)
        try:
            writer = VideoWriter(
                dst,
                width=size[0],
                height=size[1],
                fps=source_fps if fps is None else fps,
                codec=codec,
                gop_size=gop_size,
                b_frames=b_frames,
                quality=quality,
                options=options,
            )
        except ValueError as error:  # what was asked for is checked: it is the source's own
            raise UnsupportedVideoError(
                f"cannot be re-encoded as it is: {error}; choose another size or fps", path=path
            ) from error
        with writer:
            writer.write_av(first)
            for frame in frames:
                writer.write_av(frame)
                if max_bytes is not None and writer.num_bytes > max_bytes:
                    raise LimitError(
                        f"is more than {max_bytes} bytes after {writer.num_frames} re-encoded "
                        "frames",
                        path=path,
                    )
    return writer.num_frames


def _decode_upright(
    container: InputContainer, stream: VideoStream, path: str
) -> Iterator[VideoFrame]:
    codec = codec_of(stream.codec_context)
    orientation: Orientation | None = None  # that of the first frame is that of all
    num_frames = 0
    try:
        for frame in container.decode(stream):
            if orientation is None:
                orientation = orientation_of(display_matrix(frame), path=path, codec=codec)
            yield _upright(frame, orientation)
            num_frames += 1
    except FFmpegError as error:
        raise CorruptVideoError(
            f"decoding failed ({error})", path=path, codec=codec, frame=num_frames
        ) from error


def _upright(frame: VideoFrame, orientation: Orientation) -> VideoFrame:
    if orientation is Orientation.UPRIGHT:
        return frame
    picture = orientation.picture(frame.to_ndarray(format="rgb24"))
    upright = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
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
