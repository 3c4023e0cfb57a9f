"""A video whose codec gives no vectors in, the same pictures as MPEG-4 in memory out: once."""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from io import BytesIO
from threading import Lock

from .container.opening import Source
from .errors import LimitError
from .limits import Limits
from .writing.reencode import reencode

ON_MISSING_MOTION = ("raise", "transcode")

_ADVICE = (
    "re-encode it to a file: compressedvideo.reencode(SOURCE, TARGET); a folder by "
    "python tools/data/reencode.py SOURCE TARGET"
)

_MAX_KEPT = 1 << 28
"""Bytes of re-encoded videos that a process keeps, for whoever opens them again."""

_Key = tuple[str, int | None, int, int]

_kept: OrderedDict[_Key, bytes] = OrderedDict()
_lock = Lock()
_has_warned = False


def transcode(
    source: Source, *, path: str, codec: str, num_frames: int, stream: int | None, limits: Limits
) -> bytes:
    """Re-encode a video in memory, as ``reencode(source, "target.mp4")`` writes it.

    Those of files are kept until 256 MiB of others came after them, so that training, windows and
    drawings do not encode them anew; a file that changed since is not taken for what it was.

    Args:
        source, path, stream, limits: Of the video, see :class:`~compressedvideo.CompressedVideo`.
        codec: FFmpeg's name, for messages.
        num_frames: Its number of pictures.

    Returns:
        An MP4 file.

    Raises:
        LimitError: For more than ``transcoded_frames``, before it is begun, or more than
            ``transcoded_bytes``.
        CodecError: As :func:`~compressedvideo.reencode`.
    """
    key = _key_of(source, stream)
    with _lock:
        if key is not None and key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    if num_frames > limits.transcoded_frames:
        raise LimitError(
            f"has {num_frames} frames, and at most {limits.transcoded_frames} are re-encoded in "
            f"memory; {_ADVICE}. Or raise limits=Limits(transcoded_frames={num_frames})",
            path=path,
            codec=codec,
        )
    _warn(path, codec)
    target = BytesIO()
    try:
        reencode(source, target, stream=stream, limits=limits, max_bytes=limits.transcoded_bytes)
    except LimitError as error:
        raise LimitError(
            f"{error.message}, too many to be kept in memory; {_ADVICE}. Or raise "
            "limits=Limits(transcoded_bytes=...)",
            path=path,
            codec=codec,
        ) from error
    video = target.getvalue()
    if key is not None:
        _keep(key, video)
    return video


def check_on_missing_motion(on_missing_motion: str) -> None:
    """Raises ValueError for what is none of :data:`ON_MISSING_MOTION`."""
    if on_missing_motion not in ON_MISSING_MOTION:
        allowed = ", ".join(map(repr, ON_MISSING_MOTION))
        raise ValueError(f"on_missing_motion={on_missing_motion!r} is not one of {allowed}")


def _key_of(source: Source, stream: int | None) -> _Key | None:
    """What tells a file from others, and from what it was; None of what is no file."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    found = os.stat(source)
    return os.path.abspath(source), stream, found.st_mtime_ns, found.st_size


def _keep(key: _Key, video: bytes) -> None:
    if len(video) > _MAX_KEPT:
        return
    with _lock:
        _kept[key] = video
        while sum(map(len, _kept.values())) > _MAX_KEPT:
            _kept.popitem(last=False)


def _warn(path: str, codec: str) -> None:
    """Once in a process: where there is one such video, there often are thousands."""
    global _has_warned
    if not _has_warned:
        _has_warned = True
        warnings.warn(
            f"{path}: {codec} gives no motion vectors; it is re-encoded in memory, as all such "
            f"videos from now on. To read them faster, {_ADVICE}",
            stacklevel=5,
        )
