"""What is known of the items of a folder of results: JSON lines.

While items are made, each run of each part appends to a log of its own in OUT/.preparation/NAME/, a
line an item, so that many may run at once and any be killed. Once every item is accounted for,

    OUT/NAME.jsonl            a line for each item that was made, in the order of the list
    OUT/NAME.failed.jsonl     a line for each that failed, why, and whether it is tried again

take the logs' place. These have neither times nor places in them, so that they are the same however
the work was cut.
"""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

from .aside import STATE, remove_if_empty, sweep
from .item import Item
from .locks import hold_left, open_held
from .making import Result, State
from .settings import write_aside

Next = Literal["retry", "quarantine"]
"""What the next call does with an item that failed: nothing, if it ended its process each time."""

_FIRST_LOG = 2  # of the files that are read


@dataclass(slots=True)
class _Place:
    """Where the last line of an item is; half a million of these are held in memory."""

    file: int
    offset: int
    size: int
    """Bytes of the item's output, if it is one file; else -1."""


class Manifest:
    """The results in a folder, as this process sees them.

    Args:
        out: Folder of results.
        name: Of the manifest: several lists may share a folder.
        looks: Whether to look if what was made is there still; not where that takes long.
    """

    def __init__(self, out: Path, name: str, *, looks: bool = True) -> None:
        self.out = out
        self._looks = looks
        self.path = out / f"{name}.jsonl"
        self.failed_path = out / f"{name}.failed.jsonl"
        self._logs = out / STATE / name
        self._files: list[Path] = []
        self._open: dict[int, BinaryIO] = {}
        """Of these the first, as they were when they were read: others may replace them."""
        self._made: dict[str, _Place] = {}
        self._failed: dict[str, _Place] = {}
        self.quarantined: set[str] = set()
        """Items that ended their process as often as they were tried."""

    def read(self) -> None:
        """Read everything, anew: other parts may have gone on. Logs are later than the rest.

        Raises:
            ValueError: If there is something else in one of the files.
        """
        self._files = [self.path, self.failed_path, *sorted(self._logs.glob("*.jsonl"))]
        self._made, self._failed, self.quarantined = {}, {}, set()
        for file in self._open.values():
            file.close()
        self._open.clear()
        for number, path in enumerate(self._files):
            try:
                file = open(path, "rb")  # noqa: SIM115 - closed by the next call, or with this
            except FileNotFoundError:
                continue
            if number < _FIRST_LOG:
                self._open[number] = file
            for offset, record in _lines(file, path):
                key = record["item"]
                if "error" not in record:
                    size = record.get("bytes", -1) if record.get("files") == 1 else -1
                    self._made[key] = _Place(number, offset, size)
                    continue
                self._failed[key] = _Place(number, offset, -1)
                if number >= _FIRST_LOG and key in self._made and self._made[key].file == 0:
                    del self._made[key]  # it was not there any more, and failed since
                if record["next"] == "quarantine":
                    self.quarantined.add(key)
            if number >= _FIRST_LOG:
                file.close()
        self.quarantined -= self._made.keys()

    def state(self, item: Item) -> State:
        """What to make of an item: see :data:`State`."""
        place = self._made.get(item.key)
        if place is None:
            return "unknown"
        if item.target is None or not self._looks:
            return "known"
        try:
            status = os.stat(self.out / item.target)
        except FileNotFoundError:
            return "damaged"
        return "known" if place.size in (-1, status.st_size) else "damaged"

    def log(self, part: str) -> Log:
        """A log to append to."""
        return Log(self._logs / f"{part.replace('/', '-of-')}-{uuid.uuid4().hex[:8]}.jsonl")

    def missing(self, items: Sequence[Item]) -> int:
        """How many items have no result yet, be it a failure."""
        return sum(item.key not in self._made and item.key not in self._failed for item in items)

    def records(self, items: Iterable[Item]) -> Iterator[dict[str, Any]]:
        """Lines of the items that were made, in their order; with ``costs``, while in a log."""
        with _Reader(self._files, self._open) as reader:
            for item in items:
                if item.key in self._made:
                    yield reader.record(self._made[item.key])

    def failures(self, items: Iterable[Item]) -> Iterator[dict[str, Any]]:
        """Lines of those that failed: ``item``, ``error``, ``next``."""
        with _Reader(self._files, self._open) as reader:
            for item in items:
                if item.key not in self._made and item.key in self._failed:
                    yield reader.record(self._failed[item.key])

    def finish(self, items: Sequence[Item]) -> None:
        """Read everything anew, and if every item has a result, write the two files.

        Then logs are removed, but those of processes that are at work still.
        """
        lock_path = self.out / STATE / f"{self.path.stem}.lock"
        with ExitStack() as held:
            held.enter_context(open_held(lock_path))  # one process at a time
            held.callback(lock_path.unlink, missing_ok=True)
            left = []
            for log in sorted(self._logs.glob("*.jsonl")):
                if (file := hold_left(log)) is not None:
                    left.append(log)
                    held.enter_context(file)
            self.read()
            if self.missing(items):
                return
            self._write(self.path, self.records(items))
            self._write(self.failed_path, self.failures(items))
            for log in left:
                log.unlink()
            self.read()  # from what has taken the logs' place

    def _write(self, path: Path, records: Iterable[dict[str, Any]]) -> None:
        text = io.BytesIO()
        for record in records:
            record.pop("costs", None)
            text.write(_line(record))
        data = text.getvalue()
        if not data and path == self.failed_path:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != data:
            write_aside(path, data)

    def clean(self) -> None:
        """Remove what dead processes have left."""
        sweep(self.out)
        for folder in (self._logs, self.out / STATE / "aside", self.out / STATE):
            remove_if_empty(folder)


class Log:
    """Lines of one run of one part, written as they come. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, result: Result) -> None:
        """Append a result, and have the system write it."""
        if result.status == "failed":
            upshot: Next = "quarantine" if result.ended_its_process else "retry"
            record: dict[str, Any] = dict(item=result.item.key, error=result.error, next=upshot)
        elif result.record:
            record = {**result.record, "costs": result.costs}
        else:
            return
        if self._file is None:
            self._file = open_held(self._path)
        self._file.write(_line(record))
        self._file.flush()


class _Reader:
    """Lines of several files by their places; files are opened once, at the first."""

    def __init__(self, paths: Sequence[Path], opened: Mapping[int, BinaryIO]) -> None:
        self._paths = paths
        self._open = dict(opened)
        self._stack = ExitStack()

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def record(self, place: _Place) -> dict[str, Any]:
        if place.file not in self._open:
            file = open(self._paths[place.file], "rb")  # noqa: SIM115 - __exit__ closes it
            self._open[place.file] = self._stack.enter_context(file)
        found = self._open[place.file]
        found.seek(place.offset)
        return json.loads(found.readline().decode("utf-8", "surrogateescape"))


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def _lines(file: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Offset and content of each line; one that a crash cut short is passed over."""
    offset = 0
    for number, line in enumerate(file, start=1):
        if line.endswith(b"\n"):
            try:
                record = json.loads(line.decode("utf-8", "surrogateescape"))
                if not isinstance(record["item"], str):
                    raise TypeError
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"{path}, line {number}: this is no manifest of prepared items; remove it, or "
                    "choose another folder"
                ) from error
            yield offset, record
        offset += len(line)
