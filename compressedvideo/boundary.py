"""The one place where whatever bad data cause becomes a :class:`CodecError`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from av.error import FFmpegError

from .errors import CodecError, CorruptVideoError

_FROM_DATA = (
    FFmpegError,
    OSError,
    ArithmeticError,
    LookupError,
    MemoryError,  # headers announce sizes; what a clip takes is allocated outside
    RuntimeError,
    ValueError,
    struct.error,
)
"""What reading bad data may raise. Not TypeError, AttributeError or AssertionError: these are our
own bugs, whatever the data."""


@contextmanager
def bad_data(
    path: str, codec: str | None = None, *, kind: type[CodecError] = CorruptVideoError
) -> Iterator[None]:
    """Within it, only data can be at fault: arguments were checked before.

    Args:
        path: The video, for errors.
        codec: FFmpeg's name.
        kind: What errors become that are no CodecError yet.

    Raises:
        CodecError: With the error that it stands for as its cause.
    """
    try:
        yield
    except CodecError:
        raise
    except _FROM_DATA as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        message = f"cannot be read ({reason}); re-encode or drop the file"
        raise kind(message, path=path, codec=codec) from error
