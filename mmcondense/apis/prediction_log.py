"""Predictions as JSON lines, written as they come; a run that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from .inference_inputs import UsageError

MADE_WITH = "made_with"


class PredictionLog:
    """A file with a line for each window of each video. Use as a context manager.

    Only places in the file are kept in memory. A line that a crash cut short is removed. Lines with
    an ``error`` do not count as done: what could not be read is tried again.

    Args:
        path: File to append to; made if it is not there.
        made_with: What predictions depend on, such as the checkpoint. It is in every line.

    Raises:
        UsageError: If the file holds anything else, or predictions that were made with something
            else.
        FileNotFoundError: If its folder is not there.
    """

    def __init__(self, path: str | os.PathLike, *, made_with: dict[str, Any]) -> None:
        self.path = Path(path)
        self._made_with = made_with
        self._places: dict[tuple[str, int], int] = {}
        self._num_windows: dict[str, int] = {}
        self._file = open(self.path, "a+b")  # noqa: SIM115 - __exit__ closes it
        try:
            self._read_places()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> PredictionLog:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _read_places(self) -> None:
        self._file.seek(0)
        place = 0
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                self._file.truncate(place)
                break
            self._remember(line, place, number)
            place += len(line)
        self._file.seek(0, os.SEEK_END)

    def _remember(self, line: bytes, place: int, number: int) -> None:
        try:
            record = json.loads(line)
            made_with = record[MADE_WITH]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{self.path}, line {number}: this is no log of predictions"
            ) from error
        other = [
            key
            for key in {**made_with, **self._made_with}
            if made_with.get(key) != self._made_with.get(key)
        ]
        if other:
            theirs = ", ".join(f"{key}={made_with.get(key)!r}" for key in other)
            ours = ", ".join(f"{key}={self._made_with.get(key)!r}" for key in other)
            raise UsageError(
                f"{self.path} holds predictions made with {theirs}, and these are made with "
                f"{ours}: remove it, or name another file"
            )
        if "error" not in record:
            self._places[record["input"], record["window"]] = place
            self._num_windows[record["input"]] = record["num_windows"]

    @property
    def num_done(self) -> int:
        """Windows that were in the file when it was opened, or were added since."""
        return len(self._places)

    def windows_of(self, video: str) -> int | None:
        """How many windows a video has, if all of them are done."""
        count = self._num_windows.get(video, 0)
        done = count and all((video, window) in self._places for window in range(count))
        return count if done else None

    def find(self, video: str, window: int) -> dict[str, Any] | None:
        """The prediction for a window, if it is there."""
        place = self._places.get((video, window))
        if place is None:
            return None
        self._file.seek(place)
        record = json.loads(self._file.readline())
        del record[MADE_WITH]
        return record

    def add(self, record: dict[str, Any]) -> None:
        """Append a prediction or an error, and have the system write it."""
        place = self._file.seek(0, os.SEEK_END)
        line = json.dumps({**record, MADE_WITH: self._made_with}, ensure_ascii=False)
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        if "error" not in record:
            self._places[record["input"], record["window"]] = place
            self._num_windows[record["input"]] = record["num_windows"]
