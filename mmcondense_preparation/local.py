"""Items made on this machine: in this process, or in several beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import islice
from pathlib import Path

from compressedvideo.writing.workers import worker_pool

from .item import Item, Preparation
from .making import Maker, Result, Work

_PER_WORKER = 2
"""Items that are handed out: one is made, one waits."""
_given: tuple[Preparation, Path] | None = None
_maker: Maker | None = None  # both of a worker


def make_here(preparation: Preparation, items: Iterable[Work], out: Path) -> Iterator[Result]:
    """Make the items in this process; ``preparation.load`` may have others read ahead."""
    with closing(Maker(preparation, out)) as maker:
        yield from maker(items)


def make_in_processes(
    preparation: Preparation, items: Iterable[Work], out: Path, *, workers: int
) -> Iterator[Result]:
    """Make the items in a pool of processes, as they are done.

    A process that ends (killed by the system for want of memory, say) takes the pool with it: what
    was in the pool then is made again one by one, which shows the item that does it.
    """
    waiting, suspects = iter(items), deque[Work]()
    while True:
        lost = yield from _pooled(preparation, waiting, out, workers, room=_PER_WORKER * workers)
        if not lost:
            return
        suspects.extend(lost)
        while suspects:
            one_by_one = _popped(suspects)
            for item, _ in (yield from _pooled(preparation, one_by_one, out, 1, room=1)):
                yield ended(item)


def _pooled(
    preparation: Preparation, queue: Iterator[Work], out: Path, workers: int, *, room: int
) -> Generator[Result, None, list[Work]]:
    """Make what is in the queue; returns what was in the pool when that broke, if it did."""
    in_flight: dict[Future, Work] = {}
    with worker_pool(workers, initializer=_remember, initargs=(preparation, out)) as pool:
        try:
            while True:
                for work in islice(queue, room - len(in_flight)):
                    try:
                        in_flight[pool.submit(_make_one, work)] = work
                    except BrokenProcessPool:
                        return [work, *in_flight.values()]
                if not in_flight:
                    return []
                for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        return list(in_flight.values())
                    del in_flight[future]
                    yield result
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _popped(works: deque[Work]) -> Iterator[Work]:
    while works:
        yield works.popleft()


def ended(item: Item) -> Result:
    """The result of an item whose process has no more to say."""
    return Result(
        item,
        "failed",
        error=f"{item.source}: its process or machine ended meanwhile (for want of memory?)",
        may_pass=True,
        ended_its_process=True,
    )


def _remember(preparation: Preparation, out: Path) -> None:
    global _given
    _given = (preparation, out)


def _make_one(work: Work) -> Result:
    global _maker
    if _maker is None:  # not before: what goes wrong in an initializer is told to nobody
        assert _given is not None
        _maker = Maker(*_given)
    (result,) = _maker([work])
    return result
