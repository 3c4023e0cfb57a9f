"""MMEngine's file backend for what fsspec knows: S3, Google's and Azure's stores, WebDAV, ..."""

from __future__ import annotations

import importlib.util
import os
import posixpath
from collections.abc import Iterable
from typing import Any

from fsspec import available_protocols
from mmengine.fileio import BaseStorageBackend, FileClient, register_backend
from mmengine.fileio.backends import prefix_to_backends

from mmcondense_preparation.places import open_address, read

_PETREL = "petrel_client"  # on no index: MMEngine's s3:// works where somebody has installed it


def free_prefixes(taken: Iterable[str], *, has_petrel: bool) -> list[str]:
    """fsspec's prefixes that MMEngine has no backend for, or none that can be made."""
    unusable = set() if has_petrel else {"s3"}
    return sorted(set(available_protocols()) - (set(taken) - unusable))


class FsspecBackend(BaseStorageBackend):
    """``backend_args=dict(backend='fsspec')``, or an address with one of fsspec's prefixes.

    Of these, MMEngine's own stay its own: ``http://``, ``https://``, and ``s3://`` where
    ``petrel_client`` is installed. fsspec keeps a file system for each process, and makes none of
    another's after a fork. In pipelines, ``RawFrameDecode(io_backend='fsspec')``.

    Args:
        options: Of the file system, such as ``anon=True``; else fsspec's configuration counts, and
            what the store's own library reads, such as ``AWS_ENDPOINT_URL``.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options

    def get(self, filepath: str | os.PathLike) -> bytes:
        """The bytes at an address.

        Raises:
            FileNotFoundError: If nothing is there.
            OSError: If it cannot be read.
            ValueError: If what fsspec needs for it is not installed.
        """
        return read(os.fspath(filepath), **self._options)

    def get_text(self, filepath: str | os.PathLike, encoding: str = "utf-8") -> str:
        return self.get(filepath).decode(encoding)

    def exists(self, filepath: str | os.PathLike) -> bool:
        """Whether a file or folder is there."""
        files, path = open_address(os.fspath(filepath), **self._options)
        return files.exists(path)

    def join_path(self, filepath: str | os.PathLike, *filepaths: str | os.PathLike) -> str:
        """Names below an address, with slashes."""
        return posixpath.join(os.fspath(filepath), *(os.fspath(path) for path in filepaths))


_FREE = free_prefixes(prefix_to_backends, has_petrel=importlib.util.find_spec(_PETREL) is not None)
register_backend("fsspec", FsspecBackend, prefixes=_FREE, force=True)
FileClient.register_backend("fsspec", FsspecBackend, force=True)  # which RawFrameDecode asks
