"""Paths, bytes and file objects in; an opened container, or a clear error, out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO, TypeAlias

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from ..errors import VideoNotFoundError, VideoOpenError

Source: TypeAlias = "str | os.PathLike | bytes | BinaryIO"

# Bytes that are no UTF-8 in a file's metadata do not concern us; PyAV 19 never minds them.
_PYAV = int(av.__version__.split(".")[0])
_LENIENT_METADATA: dict = {"metadata_errors": "replace"} if _PYAV < 19 else {}


def name_of(source: Source) -> str:
    """The source as messages name it."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"<{len(source)} bytes>"
    return str(getattr(source, "name", None) or f"<{type(source).__name__}>")


def open_container(source: Source, path: str) -> InputContainer:
    """Open a source for demuxing.

    Raises:
        VideoOpenError: If it is missing, empty, unseekable or no video.
        TypeError: If it is no source at all.
    """
    _check_source(source, path)
    file: str | BinaryIO
    if isinstance(source, (str, os.PathLike)):
        file = f"file:{path}"  # what stands before a colon would else be taken for a protocol
    else:
        file = BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source
    try:
        return av.open(file, "r", options={"ignore_editlist": "1"}, **_LENIENT_METADATA)
    except (FFmpegError, UnicodeDecodeError) as error:
        raise VideoOpenError(
            f"is no video that FFmpeg can open ({error}); download it again or drop it", path=path
        ) from error


def choose_stream(container: InputContainer, wanted: int | None, path: str) -> VideoStream:
    """A stream of an opened file.

    Args:
        wanted: Its index in the file. None: the first video that is no attached picture.
        path: For errors.

    Raises:
        VideoOpenError: If it is no video, there is none, or FFmpeg cannot decode it.
    """
    videos = container.streams.video
    if not videos:
        kinds = sorted({stream.type for stream in container.streams})
        raise VideoOpenError(
            f"has no video stream, only {', '.join(kinds) or 'nothing'}", path=path
        )
    if wanted is None:
        moving = [s for s in videos if not s.disposition & Disposition.attached_pic]
        stream = (moving or videos)[0]
    else:
        found = [stream for stream in videos if stream.index == wanted]
        if not found:
            raise VideoOpenError(
                f"stream {wanted} is no video; these are: {[s.index for s in videos]}", path=path
            )
        stream = found[0]
    if stream.codec_context is None:
        raise VideoOpenError("FFmpeg has no decoder for its codec", path=path)
    return stream


def _check_source(source: Source, path: str) -> None:
    if isinstance(source, (str, os.PathLike)):
        if not os.path.exists(path):
            raise VideoNotFoundError("no such file", path=path)
        if os.path.isdir(path):
            raise VideoOpenError("is a folder, not a video", path=path)
        size = os.path.getsize(path)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        size = len(source)
    else:
        if not hasattr(source, "read"):
            raise TypeError(
                f"source must be a path, bytes or a binary file object, not {type(source).__name__}"
            )
        if not (hasattr(source, "seekable") and source.seekable()):
            raise VideoOpenError(
                "the file object cannot seek; read it to its end and pass the bytes", path=path
            )
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
    if not size:
        raise VideoOpenError("is empty (0 bytes)", path=path)


@contextmanager
def raw_file(source: Source, path: str) -> Iterator[BinaryIO]:
    """The source's bytes, past the demuxer, which finds a file object as it was.

    Raises:
        VideoOpenError, TypeError: As :func:`open_container`.
    """
    position = _position(source)
    _check_source(source, path)
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb", buffering=0) as file:
            yield file
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield BytesIO(source)
    else:
        try:
            yield source
        finally:
            source.seek(position)


def _position(source: Any) -> int:
    """Where a file object stands, before its size is looked up."""
    return source.tell() if hasattr(source, "seekable") and source.seekable() else 0
