"""Where videos are and results go: folders, or addresses that fsspec knows: s3://, gs://, http://.

What is at an address is fetched whole before it is read, and written aside before it is sent.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from functools import partial
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
    for name in sorted(_listed(root)):
        yield name, f"{root}/{name}"


def sizes_below(root: str) -> dict[str, int]:
    """Bytes of each file below an address, by its name from there on.

    Raises:
        ValueError: If the address cannot be listed, or tells no sizes.
    """
    sizes: dict[str, int] = {}
    for name, found in _listed(root).items():
        if found.get("size") is None:
            raise ValueError(f"{root} does not tell how large its files are")
        sizes[name] = found["size"]
    return sizes


def _listed(root: str) -> dict[str, dict[str, Any]]:
    files, folder = open_address(root)
    try:
        found = files.find(folder, detail=True)
    except Exception as error:  # each kind of file system has its own
        raise ValueError(f"{root} cannot be listed ({_say(error)})") from error
    return {os.path.relpath(path, folder).replace(os.sep, "/"): found[path] for path in found}


def read(
    address: str, *, start: int | None = None, stop: int | None = None, **options: Any
) -> bytes:
    """What is at an address, or the bytes from ``start`` to before ``stop`` of it.

    Args:
        options: Of :func:`open_address`.

    Raises:
        FileNotFoundError: If nothing is.
        OSError: If it cannot be read.
    """
    files, source = open_address(address, **options)
    try:
        return files.cat_file(source, start=start, end=stop)
    except FileNotFoundError:
        raise
    except Exception as error:  # of botocore, aiohttp, ...
        raise OSError(f"{address} cannot be read ({_say(error)})") from error


def size_of(address: str) -> int:
    """Bytes of what is at an address; raises as :func:`read`."""
    files, source = open_address(address)
    try:
        return files.size(source)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise OSError(f"{address} cannot be found ({_say(error)})") from error


def write(data: bytes, address: str) -> None:
    """Put a small file to an address, where it is whole, or not there.

    Raises:
        OSError: If that fails.
    """
    files, target = open_address(address)
    try:
        _put(files, target, lambda name: files.pipe_file(name, data))
    except Exception as error:
        raise OSError(f"{address} cannot be written ({_say(error)})") from error


def fetch(address: str, path: Path) -> None:
    """Copy what is at an address into a file.

    Raises:
        OSError: If that fails.
    """
    files, source = open_address(address)
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
    files, target = open_address(address)
    parts = sorted(path.iterdir()) if path.is_dir() else [path]
    try:
        for part in parts:
            to = f"{target}/{part.name}" if path.is_dir() else target
            _put(files, to, partial(files.put_file, str(part)))
    except Exception as error:
        raise OSError(f"{address} cannot be written ({_say(error)})") from error


def _put(files: Any, to: str, write_to: Callable[[str], None]) -> None:
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    if not protocols & _RENAMED_LATER:
        write_to(to)
        return
    files.makedirs(str(PurePosixPath(to).parent), exist_ok=True)
    part = f"{to}.{uuid.uuid4().hex[:8]}.part"
    write_to(part)
    files.mv(part, to)


def open_address(address: str, **options: Any) -> tuple[Any, str]:
    """fsspec's file system of an address, for this process, and what the address is called there.

    Args:
        options: Of the file system, beside those of fsspec's own configuration.

    Raises:
        ValueError: If fsspec does not know it, or what it needs for it is not installed.
    """
    try:
        import fsspec

        return fsspec.core.url_to_fs(address, **options)
    except ImportError as error:  # fsspec itself, or what this scheme needs
        raise ValueError(f"{address}: {error}; pip install fsspec and what it names") from error
    except ValueError as error:
        raise ValueError(f"{address}: {error}") from error


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
