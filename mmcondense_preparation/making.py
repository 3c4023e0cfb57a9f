"""An item in, its result out: what every executor does, in whichever process on whichever machine.

Read and make it aside, rename it, describe it. What went wrong with the item is a result, too.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from compressedvideo.errors import CodecError

from .aside import Aside, publish, remove
from .item import Item, Made, Preparation
from .places import fetch, is_address, send

_BLOCK = 1 << 20
_FAILURES = (CodecError, OSError, ValueError)
"""Of an item. Anything else is a bug, and ends the run."""


State = Literal["unknown", "known", "damaged"]
"""What the manifest knows of an item: nothing, so that a target that is there is described; that it
was made and is there; or that it was made and is gone, or of another size."""
Work = tuple[Item, State]


@dataclass
class Result:
    """What became of an item."""

    item: Item
    status: Literal["made", "there", "failed"]
    record: dict[str, Any] = field(default_factory=dict)
    """Its line in the manifest, unless it failed; empty if it is ``there`` and known already."""
    costs: dict[str, float] = field(default_factory=dict)
    """What adds up: ``seconds``, ``cpu_seconds`` of the process that made it, the tool's own."""
    error: str = ""
    may_pass: bool = False
    """Trying again may help: a disk or a network failed, or the process or machine ended."""
    ended_its_process: bool = False


class Maker:
    """A preparation at work in this process; close it at the end.

    Args:
        preparation: Whose ``begin`` is called.
        out: Folder of results.
    """

    def __init__(self, preparation: Preparation, out: Path) -> None:
        self.preparation, self.out = preparation, out
        self._aside = Aside(out)
        preparation.begin()

    def __call__(self, items: Iterable[Work]) -> Iterator[Result]:
        """Make items, in their order; what is there already may come later."""
        there: deque[Result] = deque()
        started, cpu_started = time.perf_counter(), time.process_time()
        for item, loaded in self.preparation.load(self._missing(items, there)):
            yield from _drain(there)
            result = self._make(item, loaded)
            result.costs["seconds"] = time.perf_counter() - started
            result.costs["cpu_seconds"] = time.process_time() - cpu_started
            yield result
            started, cpu_started = time.perf_counter(), time.process_time()
        yield from _drain(there)

    def _missing(self, items: Iterable[Work], there: deque[Result]) -> Iterator[Item]:
        """The items that are to be read and made; results of the others are added to ``there``."""
        for item, state in items:
            try:
                target = self._local_target(item)
                if target and state != "damaged" and self._is_there(item, target):
                    record = {} if state == "known" else _record(item, target)
                    there.append(Result(item, "there", record))
                else:
                    yield item
            except _FAILURES as error:
                there.append(_failed(item, error))

    def _local_target(self, item: Item) -> Path | None:
        if item.target is None or self.preparation.store is not None:
            return None
        return self.out / item.target

    def _is_there(self, item: Item, target: Path) -> bool:
        return target.exists() and self.preparation.is_whole(item, target)

    def _make(self, item: Item, loaded: Any) -> Result:
        source = item
        try:
            if isinstance(loaded, Exception):
                raise loaded
            if self.preparation.fetches and is_address(item.source):
                source = item._replace(source=str(self._aside.path(f"of_{Path(item.key).name}")))
                fetch(item.source, Path(source.source))
            if item.target is None:
                made = self.preparation.make(source, None, loaded) or Made()
                return Result(item, "made", dict(item=item.key, **made.facts), made.costs)
            path = self._aside.path(PurePosixPath(item.target).name)
            made = self.preparation.make(source, path, loaded) or Made()
            record = _record(item, path)
            self._publish(item, path)
            return Result(item, "made", record, made.costs)
        except _FAILURES as error:
            return _failed(item, error, called=source.source)
        finally:
            if source is not item:
                remove(Path(source.source))

    def _publish(self, item: Item, path: Path) -> None:
        assert item.target is not None
        if self.preparation.store is not None:
            self.preparation.is_whole(item, path)
            for ending in (*self.preparation.beside, ""):  # the target last
                part = path.with_name(f"{path.name}{ending}")
                send(part, f"{self.preparation.store}/{item.target}{ending}")
                remove(part)
            return
        target = self.out / item.target
        publish(path, target)
        self.preparation.is_whole(item, target)

    def close(self) -> None:
        """Leave nothing aside."""
        self._aside.close()


def _record(item: Item, path: Path) -> dict[str, Any]:
    return dict(item=item.key, output=item.target, **describe(path))


def _failed(item: Item, error: Exception, *, called: str = "") -> Result:
    """``called`` is the source's name meanwhile."""
    text = str(error).replace(called or item.source, item.source)
    named = "" if item.source in text else f"{item.source}: "
    may_pass = isinstance(error, OSError) and not isinstance(error, CodecError)
    return Result(item, "failed", error=f"{named}{text}", may_pass=may_pass)


def _drain(results: deque[Result]) -> Iterator[Result]:
    while results:
        yield results.popleft()


def describe(target: Path) -> dict[str, Any]:
    """A file or folder of results, so that two can be compared without being there.

    Returns:
        ``files``, ``bytes``, and ``sha256`` of the file; of a folder, that
        of the names and sums of its files, sorted.
    """
    if not target.is_dir():
        sha256, size = _digest(target)
        return dict(files=1, bytes=size, sha256=sha256)
    total, count, digest = 0, 0, hashlib.sha256()
    for entry in sorted(os.scandir(target), key=lambda entry: entry.name):
        sha256, size = _digest(Path(entry.path))
        digest.update(f"{entry.name}\0{sha256}\n".encode())
        total, count = total + size, count + 1
    return dict(files=count, bytes=total, sha256=digest.hexdigest())


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
