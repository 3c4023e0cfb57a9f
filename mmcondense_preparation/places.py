"""Where videos are and results go: folders, or addresses that fsspec knows: s3://, gs://, http://.

What is at an address is fetched whole before it is read, and written aside before it is sent.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from compressedvideo.container.folders import files_below

Place = Path | str
"""A folder or file; or an address, as it was given."""
_RENAMED_LATER = {"file", "local", "sftp", "ssh", "smb", "hdfs"}
"""Where a file is there before it is whole; in stores of objects it is there once it is."""


def as_place(text: str) -> Place:
    """A path, unless it is an address: a type for argparse."""
    return text.rstrip("/") if is_address(text) else Path(text)


def is_address(place: Place) -> bool:
    """Whether it has a scheme, such as ``s3://``."""
    return "://" in str(place) and isinstance(place, str)


def files_of(root: Place) -> Iterator[tuple[str, str]]:
    """All files below a folder: name from there on, with slashes, and path or address; sorted.

    Raises:
        ValueError: If the address cannot be listed.
    """
    if isinstance(root, Path):
        for path in files_below(root):
            yield path.relative_to(root).as_posix(), str(path)
        return
    files, folder = _open(root)
    try:
        found = sorted(files.find(folder))
    except Exception as error:  # each kind of file system has its own
        raise ValueError(f"{root} cannot be listed ({_say(error)})") from error
    for path in found:
        name = os.path.relpath(path, folder).replace(os.sep, "/")
        yield name, f"{root}/{name}"


def fetch(address: str, path: Path) -> None:
    """Copy what is at an address into a file.

    Raises:
        OSError: If that fails.
    """
    files, source = _open(address)
    try:
        with files.open(source, "rb") as remote, open(path, "wb") as local:
            shutil.copyfileobj(remote, local, 1 << 20)
    except Exception as error:  # of botocore, aiohttp, ...
        raise OSError(f"{address} cannot be fetched ({_say(error)})") from error


def send(path: Path, address: str) -> None:
    """Put a file, or the files of a folder, to an address; a file is whole there, or not there.

    Raises:
        OSError: If that fails.
    """
    files, target = _open(address)
    parts = sorted(path.iterdir()) if path.is_dir() else [path]
    try:
        for part in parts:
            to = f"{target}/{part.name}" if path.is_dir() else target
            _put(files, part, to)
    except Exception as error:
        raise OSError(f"{address} cannot be written ({_say(error)})") from error


def _put(files: Any, path: Path, to: str) -> None:
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    if not protocols & _RENAMED_LATER:
        files.put_file(str(path), to)
        return
    files.makedirs(str(PurePosixPath(to).parent), exist_ok=True)
    part = f"{to}.{uuid.uuid4().hex[:8]}.part"
    files.put_file(str(path), part)
    files.mv(part, to)


def _open(address: str) -> tuple[Any, str]:
    """The file system of an address, and what it is called there."""
    try:
        import fsspec

        return fsspec.core.url_to_fs(address)
    except ImportError as error:  # fsspec itself, or what this scheme needs
        raise ValueError(f"{address}: {error}; pip install fsspec and what it names") from error
    except ValueError as error:
        raise ValueError(f"{address}: {error}") from error


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
