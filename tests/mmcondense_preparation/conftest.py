"""A preparation that needs no video, and ways to look at what it leaves."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compressedvideo import CodecError
from mmcondense_preparation import Execution, Item, Outcome, Preparation, prepare


class Writing(Preparation):
    """A file of 1,000 lines, or a folder of two; the data of an item say what goes wrong."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def make(self, item: Item, path: Path | None, loaded: Any) -> None:
        assert path is not None
        if item.data == "broken":
            raise CodecError("is broken", path=item.source)
        if item.data == "disk":
            raise OSError("the disk is away")
        if item.data == "end":
            os.kill(os.getpid(), signal.SIGKILL)
        if item.data == "bug":
            raise KeyError("of ours")
        if not path.suffix:
            path.mkdir()
        for file in [path] if path.suffix else [path / "a", path / "b"]:
            with file.open("w") as stream:
                for line in range(1000):
                    print(file.name, item.key, line, file=stream)
                    if line == 500 and self.seconds:
                        stream.flush()
                        time.sleep(self.seconds)


def make_items(count: int, **faults: str) -> list[Item]:
    """``k0`` and so on; every third becomes a folder. ``k3='disk'`` says what goes wrong."""
    return [
        Item(
            f"k{number}",
            f"sources/{number}",
            f"{number % 2}/{number}" + (".txt" if number % 3 else ""),
            faults.get(f"k{number}"),
        )
        for number in range(count)
    ]


def tree(folder: Path, *, hidden: bool = True) -> dict[str, bytes]:
    """Every file; without the hidden ones, hidden folders are not even looked into."""
    found = {}
    for parent, folders, names in os.walk(folder):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(parent, name) for name in names):
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


@pytest.fixture
def run() -> Callable[..., Outcome]:
    """``run(items, out, workers=2)``: keywords are those of Execution, and ``seconds``."""

    def run(items: list[Item], out: Path, *, seconds: float = 0.0, **settings: Any) -> Outcome:
        execution = Execution(**{"workers": 0, **settings})
        return prepare(Writing(seconds=seconds), items, out=out, execution=execution, title="write")

    return run
