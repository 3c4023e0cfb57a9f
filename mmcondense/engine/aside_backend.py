"""Files that are written aside and renamed: under their name they are whole, or not there."""

from __future__ import annotations

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


@register_backend("aside")
class AsideBackend(LocalBackend):
    """MMEngine's backend for local files, which a crash within ``put`` leaves as they were."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write to ``FILE.part``, wait for the disk, and rename it."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.part")
        try:
            with aside.open("wb") as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise


class LateRemoval(LocalBackend):
    """Notes what is to be removed, until what takes its place is there."""

    def __init__(self) -> None:
        self._condemned: dict[str, tuple[int, int]] = {}

    def remove(self, filepath: str | Path) -> None:
        """Note it: a file that is written in its place later stays."""
        self._condemned[str(filepath)] = _identity(filepath)

    def remove_now(self) -> None:
        """Remove what was noted."""
        for path, identity in self._condemned.items():
            if os.path.isfile(path) and _identity(path) == identity:
                super().remove(path)
        self._condemned.clear()


def _identity(path: str | Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns
