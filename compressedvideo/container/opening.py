"""Paths, bytes and file objects in; an opened container, or a clear error, out.

FFmpeg knows formats that name other files or addresses, which it then opens: playlists, lists of
files, session descriptions. None of them is let in, under whatever name and from wherever it comes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO, TypeAlias

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ..errors import VideoNotFoundError, VideoOpenError

Source: TypeAlias = "str | os.PathLike | bytes | BinaryIO"

CONTAINERS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "asf", "flv"),
    *("live_flv", "nut", "ivf", "ogg", "rm", "mxf", "gxf", "dv", "yuv4mpegpipe"),
    *("h261", "h263", "h264", "hevc", "m4v", "mpegvideo", "vc1", "av1", "obu", "mjpeg", "dnxhd"),
)
"""FFmpeg's names of the formats that are read: each a single file that holds its video."""

_ENDINGS = {
    *(".mp4", ".m4a", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".divx", ".ts", ".mts"),
    *(".m2ts", ".mpg", ".mpeg", ".vob", ".asf", ".wmv", ".flv", ".f4v", ".nut", ".ogg", ".ogv"),
    *(".rm", ".rmvb", ".mxf", ".gxf", ".dv", ".y4m"),
    *(".h261", ".h263", ".h264", ".264", ".avc", ".h265", ".265", ".hevc", ".m4v", ".mpv"),
    *(".m1v", ".m2v", ".mjpeg", ".mjpg", ".vc1", ".obu", ".ivf"),
}
"""Of files in these formats."""

_REFUSED = (
    (rb"\s*#EXTM3U", "a playlist (HLS)"),
    (rb"\s*ffconcat version", "a list of other files (ffconcat)"),
    (rb"v=0\r?\n", "a description of a session (SDP)"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<MPD\b", "a manifest (DASH)"),
    (rb"\s*(<\?xml[^>]*>\s*)?<(asx|smil|SmoothStreamingMedia|manifest)\b", "a playlist"),
    (rb"\s*\[(playlist|Reference)\]", "a playlist"),
    (rb"\s*(rtsp|rtmp|https?|file|concat|mms)://", "an address"),
    (rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|BM....\0\0\0\0|RIFF....WEBP|II\*\0|MM\0\*", "an image"),
)
"""How what is refused begins, and how messages name it. That it is refused does not rest on this:
whatever is none of ``CONTAINERS`` is."""

_OPTIONS = {
    "ignore_editlist": "1",
    "enable_drefs": "0",  # tracks of MOV that lie in other files
    "format_whitelist": ",".join(CONTAINERS),
}

SELF_DESCRIBING = ("h264", "vp9")
"""Codecs whose headers we read ourselves: size and format of their pictures."""

_OTHER_DECODERS = ",".join(
    name for name in sorted(av.codecs_available) if not name.endswith(SELF_DESCRIBING)
)

# Bytes that are no UTF-8 in a file's metadata do not concern us; PyAV 19 never minds them.
_PYAV = int(av.__version__.split(".")[0])
LENIENT_METADATA: dict = {"metadata_errors": "replace"} if _PYAV < 19 else {}


def name_of(source: Source) -> str:
    """The source as messages name it."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"<{len(source)} bytes>"
    return str(getattr(source, "name", None) or f"<{type(source).__name__}>")


_FILE_SYSTEM_ENDS = 1 << 44
"""Bytes. A file system refuses to seek behind what it can hold (this is ext4), memory does not."""


class _Nameless:
    """A file object without its name, from which FFmpeg would guess formats and folders.

    The ending of a video stays: if the file is damaged, little else may tell what it is.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell = file.read, file.tell
        self._seek = file.seek
        ending = os.path.splitext(str(getattr(file, "name", "")))[1].lower()
        if ending in _ENDINGS:
            self.name = f"video{ending}"

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Returns -1, which tells FFmpeg, where a file's own seek would fail."""
        return -1 if offset > _FILE_SYSTEM_ENDS else self._seek(offset, whence)

    def seekable(self) -> bool:
        return True


def open_container(
    source: Source, path: str, *, max_pixels: int | None = None, decodes: bool = True
) -> InputContainer:
    """Open a source for demuxing.

    Args:
        source: Path, bytes, or a seekable binary file object.
        path: The source as messages name it.
        max_pixels: Larger pictures are not looked at. None: of any size.
        decodes: FFmpeg decodes the first pictures to learn their size and format. False: not those
            of ``SELF_DESCRIBING`` codecs, which takes five times longer than all the rest.

    Raises:
        VideoOpenError: If it is missing, empty, unseekable or no video.
        TypeError: If it is no source at all.
    """
    _check_source(source, path)
    file: Any
    options = dict(_OPTIONS)
    if max_pixels is not None:
        options["max_pixels"] = str(max_pixels)
    if not decodes:
        options["codec_whitelist"] = _OTHER_DECODERS
    if isinstance(source, (str, os.PathLike)):
        file = f"file:{path}"  # what stands before a colon would else be taken for a protocol
        options["protocol_whitelist"] = "file"
    else:
        if isinstance(source, (bytes, bytearray, memoryview)):
            source = BytesIO(source)
        file = _Nameless(source)
        options["protocol_whitelist"] = ""
    try:
        return av.open(file, "r", options=options, **LENIENT_METADATA)
    except (FFmpegError, UnicodeDecodeError) as error:
        kind = _refused_kind(source, path)
        if kind is not None:
            raise VideoOpenError(
                f"is {kind}, which is not read: no video may open other files or addresses, and "
                "each must be a file of its own",
                path=path,
            ) from error
        raise VideoOpenError(
            "is no video that FFmpeg can open, or of a format that is not read "
            f"({error}); download it again or drop it",
            path=path,
        ) from error


def _refused_kind(source: Source, path: str) -> str | None:
    """What a source is that is refused, if its beginning tells."""
    with raw_file(source, path) as file:
        file.seek(0)
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf")
    for beginning, kind in _REFUSED:
        if re.match(beginning, head, re.DOTALL):
            return kind
    return None


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


def codec_of(context: VideoCodecContext) -> str:
    """FFmpeg's name of a decoder's codec, also where another library decodes: av1 by libdav1d."""
    return context.codec.canonical_name if context.name.startswith("lib") else context.name


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


def _position(source: Source) -> int:
    """Where a file object stands."""
    if isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)):
        return 0
    return source.tell() if hasattr(source, "seekable") and source.seekable() else 0


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
