"""Files that a process holds until it ends, however that ends; on network disks, too.

Who removes a file holds it first; who opens one to hold it looks whether it is there still.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: nothing is held, and what dead processes left stays
    fcntl = None  # type: ignore[assignment]

_TRIES = 1000


def open_held(path: Path) -> BinaryIO:
    """Open a file to append to, made if it is not there with its folders, and hold it.

    Waits for who holds it. Where the file system knows no locks, it is just opened.

    Raises:
        OSError: If it cannot be made.
    """
    for tries_left in range(_TRIES, -1, -1):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open(path, "ab")  # noqa: SIM115 - the caller closes it
        except FileNotFoundError:  # another process has just removed the folder, which was empty
            if not tries_left:
                raise
            continue
        if not _lock(file, waits=True) or _is_at(path, file):
            return file
        file.close()
    raise OSError(f"{path}: others remove it each time")


def hold_left(path: Path) -> BinaryIO | None:
    """Hold a file that its process has left; None if one holds it, or it is gone."""
    try:
        file = open(path, "rb+")  # noqa: SIM115 - the caller closes it
    except FileNotFoundError:
        return None
    if _lock(file, waits=False) and _is_at(path, file):
        return file
    file.close()
    return None


def _lock(file: BinaryIO, *, waits: bool) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:  # held, or this file system has no locks
        return False
    return True


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
