"""All items of a list, made once each: what is there is passed over, the rest handed out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .arguments import Execution
from .display import Display
from .item import Item, Preparation
from .local import make_here, make_in_processes
from .making import Result, Work
from .manifest import Manifest


@dataclass
class Outcome:
    """What one run made of its part of a list."""

    manifest: Manifest
    made: int = 0
    there: int = 0
    """Made before."""
    errors: list[str] = field(default_factory=list)
    """A line for each item that failed, sorted."""
    bytes_made: int = 0
    costs: Counter[str] = field(default_factory=Counter)
    """Sums of what this run's items took."""
    seconds: float = 0.0
    missing: int = 0
    """Items of the whole list that have no result yet: other parts'."""

    @property
    def is_complete(self) -> bool:
        """Whether every item of the list has a result; then the manifest is written."""
        return not self.missing

    def report(self, items: Sequence[Item], *, together: bool) -> list[str]:
        """Errors for this process to report, and fail for.

        Args:
            items: The list.
            together: Of :class:`Execution`: then all errors are the last process's.
        """
        if not together:
            return self.errors
        return [line["error"] for line in self.manifest.failures(items)] if self.is_complete else []


def prepare(
    preparation: Preparation,
    items: Sequence[Item],
    *,
    out: Path,
    execution: Execution,
    title: str,
    name: str = "manifest",
) -> Outcome:
    """Make what is not there yet of the list, or of this process's part of it.

    Args:
        items: All of the list, in an order that is the same each time, whichever part is made.
        out: Folder of results.
        execution: Where.
        title: Of the progress bar, such as ``re-encode``.
        name: Of the manifest in ``out``, which becomes ``NAME.jsonl``.

    Raises:
        ValueError: If two items have one key, or there is another file of the manifest's name.
    """
    twice = [key for key, count in Counter(item.key for item in items).items() if count > 1]
    if twice:
        raise ValueError(f"{len(twice)} items are in the list twice, such as {twice[0]}")
    started = time.perf_counter()
    manifest = Manifest(out, name, looks=preparation.store is None)
    manifest.clean()
    manifest.read()
    part = execution.part
    mine = items[part.index :: part.count]
    outcome = Outcome(manifest)
    passed_over = set() if execution.again else manifest.quarantined
    rechecks = preparation.rechecks and preparation.store is None
    todo: list[Work] = []
    skipped: list[Item] = []
    for item in mine:
        if item.key in passed_over:
            skipped.append(item)
        elif (state := manifest.state(item)) != "known" or rechecks:
            todo.append((item, state))
    outcome.there = len(mine) - len(todo) - len(skipped)
    outcome.errors = [f"{failure['error']}" for failure in manifest.failures(skipped)]
    with (
        manifest.log(str(part)) as log,
        Display(title, total=len(mine), done=len(mine) - len(todo)) as display,
    ):
        for result in _until_it_passes(preparation, todo, out, execution):
            log.add(result)
            _count(outcome, result)
            display.add(result)
    outcome.errors.sort()
    outcome.seconds = time.perf_counter() - started
    manifest.finish(items)
    manifest.clean()
    outcome.missing = manifest.missing(items)
    display.summary(outcome, part=part)
    return outcome


def _until_it_passes(
    preparation: Preparation, todo: list[Work], out: Path, execution: Execution
) -> Iterator[Result]:
    """Results, once they are final: what may pass is tried again after all others."""
    for tries_left in range(execution.retries, -1, -1):
        if not todo:
            return
        states = {item.key: state for item, state in todo} if tries_left else {}
        again: list[Work] = []
        for result in _execute(preparation, todo, out, execution):
            if result.may_pass and tries_left:
                again.append((result.item, states[result.item.key]))
            else:
                yield result
        todo = again


def _execute(
    preparation: Preparation, todo: Iterable[Work], out: Path, execution: Execution
) -> Iterator[Result]:
    if execution.executor == "ray":
        from .on_ray import make_on_ray  # the extra "cluster"

        return make_on_ray(
            preparation, todo, out, workers=execution.workers, address=execution.address
        )
    if execution.workers:
        return make_in_processes(preparation, todo, out, workers=execution.workers)
    return make_here(preparation, todo, out)


def _count(outcome: Outcome, result: Result) -> None:
    if result.status == "failed":
        outcome.errors.append(result.error)
        return
    outcome.costs.update(result.costs)
    if result.status == "there":
        outcome.there += 1
    else:
        outcome.made += 1
        outcome.bytes_made += result.record.get("bytes", 0)
