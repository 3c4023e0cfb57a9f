"""How far it is, how fast, how long still; and at the end a table. All of it on stderr."""

from __future__ import annotations

import time
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from .making import Result
from .parts import Part

if TYPE_CHECKING:
    from .run import Outcome

_SECONDS_PER_LINE = 60


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.fields['rate']:.1f}/s, {task.fields['failed']} failed")


class Display:
    """A bar in a terminal, a line a minute in a log file. Use as a context manager.

    Args:
        title: What is done, such as ``re-encode``.
        total: Items.
        done: Of these before.
    """

    def __init__(self, title: str, *, total: int, done: int) -> None:
        self._title, self._total, self._before, self._done = title, total, done, done
        self._console = Console(stderr=True)
        self._progress = Progress(
            *Progress.get_default_columns()[:2],
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            speed_estimate_period=600,
            disable=not self._console.is_terminal,
        )
        self._failed = 0
        self._started = self._last_line = time.monotonic()

    def __enter__(self) -> Display:
        self._progress.start()
        fields: dict = dict(rate=0.0, failed=0)
        self._bar = self._progress.add_task(
            self._title, total=self._total, completed=self._before, **fields
        )
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    @property
    def rate(self) -> float:
        """Items a second, since the beginning."""
        return (self._done - self._before) / max(time.monotonic() - self._started, 1e-3)

    def add(self, result: Result) -> None:
        """Count an item."""
        self._done += 1
        self._failed += result.status == "failed"
        self._progress.update(self._bar, advance=1, rate=self.rate, failed=self._failed)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line > _SECONDS_PER_LINE:
            self._last_line = now
            left = timedelta(seconds=round((self._total - self._done) / self.rate))
            self._console.print(
                f"{self._title}: {self._done} of {self._total}, {self.rate:.1f}/s, "
                f"{self._failed} failed, {left} to go",
                soft_wrap=True,
                highlight=False,
            )

    def summary(self, outcome: Outcome, *, part: Part) -> None:
        """The table at the end."""
        table = Table(title=self._title + (f", part {part}" if part.count > 1 else ""))
        for column in ("made", "there", "failed", "MB", "s", "items/s", "CPU s/item"):
            table.add_column(column, justify="right")
        per_second = outcome.made / max(outcome.seconds, 1e-3)
        per_item = outcome.costs["cpu_seconds"] / outcome.made if outcome.made else 0.0
        table.add_row(
            *map(str, (outcome.made, outcome.there, len(outcome.errors))),
            f"{outcome.bytes_made / 1e6:.1f}",
            f"{outcome.seconds:.1f}",
            f"{per_second:.2f}",
            f"{per_item:.3f}",
        )
        self._console.print(table)
        if outcome.missing:
            say = f"{outcome.missing} items are left to other parts; the last writes "
        else:
            say = "every item has its line in "
        self._console.print(f"{say}{outcome.manifest.path}", soft_wrap=True, highlight=False)
