"""What can go wrong with a video: errors that carry its path, codec and frame number.

All of them survive pickling with every field, since they cross the process boundary between a
DataLoader worker and the training loop.
"""

from __future__ import annotations


class CodecError(Exception):
    """A video that cannot be read as asked.

    Args:
        message: What is wrong and what to do about it.
        path: The video, as the caller named it.
        codec: FFmpeg's name of the codec, where it is known.
        frame: Display index of the frame concerned, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        codec: str | None = None,
        frame: int | None = None,
    ) -> None:
        self.message = message
        self.path = path
        self.codec = codec
        self.frame = frame
        named = [("codec", codec), ("frame", frame)]
        details = ", ".join(f"{key} {value}" for key, value in named if value is not None)
        where = f"{path}: " if path is not None else ""
        super().__init__(f"{where}{message}{f' ({details})' if details else ''}")

    def __reduce__(self):
        return _rebuild, (type(self), self.message, self.path, self.codec, self.frame)


def _rebuild(kind, message, path, codec, frame):
    return kind(message, path=path, codec=codec, frame=frame)


class VideoOpenError(CodecError):
    """The source is missing, empty, no video, or has no video stream."""


class VideoNotFoundError(VideoOpenError, FileNotFoundError):
    """The file does not exist."""


class CorruptVideoError(CodecError):
    """The video opens, yet frames that it announces cannot be decoded."""


class LimitError(CodecError):
    """The video, or what is read of it at once, is larger than :class:`Limits` allow."""


class UnsupportedVideoError(CodecError):
    """The video is sound but of a kind that is refused, such as turned by 45 degrees."""


class NoMotionVectorsError(CodecError):
    """Motion, residuals or bits were asked of pictures that have none to be read."""


class FrameIndexError(CodecError, IndexError):
    """A frame index outside the video."""
