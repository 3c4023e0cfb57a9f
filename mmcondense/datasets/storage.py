"""Where videos lie: on a disk, in an archive, or behind another of MMEngine's file backends."""

from __future__ import annotations

import functools
import http.client
import json
import os
from collections.abc import Mapping
from io import BytesIO

from mmengine.fileio import BaseStorageBackend, LocalBackend, get_file_backend
from mmengine.fileio.backends import backends, prefix_to_backends

from compressedvideo import CodecError, CompressedVideo, VideoNotFoundError, VideoOpenError

from . import fsspec_backend, shards  # noqa: F401 - register their backends
from .video_window import ReadableVideo


class FetchedVideo(BytesIO):
    """A video in memory that error messages name as the place it was fetched from."""

    def __init__(self, data: bytes, *, name: str) -> None:
        super().__init__(data)
        self.name = name


def open_video(
    results: Mapping, *, virtual_gop: int | None = None, for_rgb: bool = False
) -> ReadableVideo:
    """Open the video of a sample, wherever it lies; or the window of one that is open.

    A file on a disk is read in place. From other backends the video is fetched whole, into memory.

    Args:
        results: With ``filename``, and ``backend_args`` unless that is a path or begins with a
            prefix that MMEngine knows, such as ``s3://`` or ``http://``. ``limits``,
            ``on_damage`` and ``on_missing_motion``, if there, are those of CompressedVideo, for all
            that is read of it. With
            ``window``, a :class:`~mmcondense.datasets.opened_video.Window`, that is asked instead.
        virtual_gop: Of :class:`CompressedVideo`.
        for_rgb: Only RGB is wanted, so that a window needs no I-frame before it, and no video is
            re-encoded for its vectors.

    Raises:
        CodecError: If it cannot be fetched, or as CompressedVideo does.
        ValueError: If there is no such backend.
    """
    if "window" in results:
        return results["window"].open(virtual_gop=virtual_gop, with_iframe=not for_rgb)
    source = fetch_video(results["filename"], backend_args=results.get("backend_args"))
    return CompressedVideo(
        source,
        virtual_gop=virtual_gop,
        limits=results.get("limits"),
        on_damage=results.get("on_damage", "raise"),
        on_missing_motion="raise" if for_rgb else results.get("on_missing_motion", "raise"),
    )


def fetch_video(filename: str, *, backend_args: Mapping | None = None) -> str | FetchedVideo:
    """A path that can be opened, or else the video itself; see :func:`open_video`."""
    backend = get_backend(filename, backend_args=backend_args)
    if isinstance(backend, LocalBackend):
        return filename
    name = type(backend).__name__
    try:
        data = backend.get(filename)
    except CodecError:
        raise
    except FileNotFoundError as error:
        raise VideoNotFoundError(f"{name} finds no such file", path=filename) from error
    except (OSError, http.client.HTTPException) as error:
        reason = f"{name} cannot fetch it ({type(error).__name__}: {error})"
        raise VideoOpenError(reason, path=filename) from error
    if data is None:  # what databases answer for a missing key
        raise VideoNotFoundError(f"{name} has nothing of this name", path=filename)
    return FetchedVideo(bytes(data), name=filename)


def get_backend(filename: str, *, backend_args: Mapping | None = None) -> BaseStorageBackend:
    """The file backend of an address, made once by each process.

    MMEngine's own singletons survive a fork, and with them connections and handles that two
    processes must not share.

    Raises:
        ValueError: If no backend is registered under its prefix or name.
    """
    prefix = filename.split("://")[0] if "://" in filename else ""
    return _make_backend(os.getpid(), prefix, json.dumps(dict(backend_args or {}), sort_keys=True))


@functools.cache
def _make_backend(_process: int, prefix: str, arguments: str) -> BaseStorageBackend:
    backend_args = json.loads(arguments)
    if "backend" in backend_args:
        if backend_args["backend"] not in backends:
            raise ValueError(
                f"backend_args={backend_args}: there is no such backend, only {sorted(backends)}"
            )
    elif prefix.split(":")[-1] not in prefix_to_backends:
        known = sorted(filter(None, prefix_to_backends))
        raise ValueError(f"{prefix}:// is no prefix of a file backend, these are: {known}")
    uri = f"{prefix}://" if prefix else "local path"
    return get_file_backend(uri, backend_args=backend_args)
