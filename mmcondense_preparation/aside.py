"""A folder of each process for what is not whole yet, and how those of dead processes are told.

OUT/.preparation/aside/NAME is on the file system of the results, so that renaming is one step. Its
process holds a file in it for as long as it lives.
"""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .locks import hold_left, open_held

STATE = ".preparation"
"""Folder, below that of the results, for what is there only until all of them are."""
_LOCK = "lock"


class Aside:
    """This process's folder below ``out``. It is made when it is first written to.

    Args:
        out: Folder of results.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out / STATE / "aside" / uuid.uuid4().hex[:16]
        self._process = os.getpid()
        self._lock: BinaryIO | None = None

    def path(self, name: str) -> Path:
        """Where to write what will be called ``name``; nothing is there."""
        assert self._process == os.getpid(), "a process writes to its own folder only"
        if self._lock is None:
            self._lock = open_held(self.folder / _LOCK)
        path = self.folder / name
        remove(path)
        return path

    def close(self) -> None:
        """Remove the folder, with what is in it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            remove(self.folder)


def publish(path: Path, target: Path) -> None:
    """Give a file or folder its name, in the place of what has it now.

    Another process may do the same with the same content, at the same time.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        while True:
            remove(target)
            try:
                os.replace(path, target)
            except OSError:
                if not target.is_dir():  # else another was faster
                    raise
            else:
                return
    os.replace(path, target)


def sweep(out: Path) -> None:
    """Remove what dead processes have left aside below ``out``."""
    for folder in (out / STATE / "aside").glob("*"):
        lock = hold_left(folder / _LOCK)
        if lock is not None:
            remove(folder)
            lock.close()


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing."""
    with suppress(OSError):
        folder.rmdir()
