"""Predictions of a live stream as they come: lines, or a table that a terminal keeps up to date."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_ROWS = 12
_BAR = 20


class Lines:
    """A line for each window, for files and pipes."""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing: lines stay."""

    def add(self, prediction: dict[str, Any]) -> None:
        print(line_of(prediction), flush=True)


class LiveTable:
    """The last windows, newest first, with bars, and counts of the stream below.

    Args:
        console: A terminal.
        source: The stream's name, for the title.
    """

    def __init__(self, console: Console, *, source: str) -> None:
        from rich.live import Live

        self._rows: deque[dict[str, Any]] = deque(maxlen=_ROWS)
        self._source = source
        self._count = 0
        self._live = Live(self._render(), console=console, refresh_per_second=4)

    def __enter__(self) -> LiveTable:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.__exit__(error_type, error, traceback)

    def add(self, prediction: dict[str, Any]) -> None:
        self._rows.appendleft(prediction)
        self._count += 1
        self._live.update(self._render(), refresh=True)

    def _render(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table(
            *("time", "prediction", "score", "", "next", "latency"),
            title=Text(f"{self._source}  (Ctrl-C ends it)"),
            title_justify="left",
            box=None,
            pad_edge=False,
        )
        table.columns[-1].justify = "right"
        for one in self._rows:
            clock = _clock(one)
            if "error" in one:
                table.add_row(clock, Text(f"error: {one['error']}", style="red"))
                continue
            best, *others = one["top_k"]
            following = "  ".join(f"{other['name']} {other['score']:.2f}" for other in others)
            note = "  damaged" if one["damaged"] else ""
            table.add_row(
                clock,
                Text(best["name"], style="bold"),
                f"{best['score']:.2f}",
                "█" * round(_BAR * best["score"]),
                Text(following + note, overflow="ellipsis", no_wrap=True),
                f"{1000 * one['latency_seconds']:.0f} ms",
            )
        if self._rows:
            dropped = self._rows[0]["dropped_windows"]
            table.caption = f"{self._count} windows, {dropped} dropped"
            table.caption_justify = "left"
        else:
            table.caption = "waiting for the first window"
        return table


def display_for(console: Console, *, source: str, as_lines: bool) -> Lines | LiveTable:
    """The table on a terminal, lines elsewhere or where they are asked for."""
    if as_lines or not console.is_terminal:
        return Lines()
    return LiveTable(console, source=source)


def line_of(prediction: dict) -> str:
    """Time of day, best classes, latency and drops of one window."""
    clock = _clock(prediction)
    if "error" in prediction:
        return f"{clock}  error: {prediction['error']}"
    best = "  ".join(f"{one['name']} {one['score']:.2f}" for one in prediction["top_k"])
    notes = [f"{1000 * prediction['latency_seconds']:.0f} ms"]
    if prediction["damaged"]:
        notes.append("damaged")
    if prediction["dropped_windows"]:
        notes.append(f"{prediction['dropped_windows']} windows dropped so far")
    return f"{clock}  {best}  ({', '.join(notes)})"


def _clock(prediction: dict) -> str:
    return time.strftime("%H:%M:%S", time.localtime(prediction["end_time"]))
