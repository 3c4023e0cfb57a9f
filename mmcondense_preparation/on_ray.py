"""Items made on a Ray cluster: an actor for each core, or GPU, each of which begins once.

The driver holds what it has handed out, and no more. What a lost machine had in hand is made again;
machines that join get their share.
"""

from __future__ import annotations

import logging
import math
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayActorError

from .item import Preparation
from .local import ended
from .making import Maker, Result, Work

_SECONDS_PER_LOOK = 10.0
_SECONDS_TO_CLOSE = 5.0
_SECONDS_TO_ANSWER = 10.0


class _Actor:
    """A maker in a process of its own, somewhere in the cluster."""

    def __init__(self) -> None:
        self._maker: Maker | None = None

    def begin(self, preparation: Preparation, out: str, folder: str) -> list[Result]:
        os.chdir(folder)  # where the driver is, whose paths may start from there
        self._maker = Maker(preparation, Path(out))
        return []

    def make(self, works: list[Work]) -> list[Result]:
        assert self._maker is not None
        return list(self._maker(works))

    def close(self) -> None:
        if self._maker is not None:
            self._maker.close()


class _Crew:
    """The actors, and what each has in hand.

    Args:
        workers: How many; None: as many as the cluster has room for, now and later.
    """

    def __init__(self, preparation: Preparation, out: Path, *, workers: int | None) -> None:
        self._preparation = ray.put(preparation)
        self._cpus, self._gpus = preparation.cpus, preparation.gpus
        self._out = str(out.resolve())
        self._workers = workers
        self._class = ray.remote(_Actor).options(
            num_cpus=self._cpus, num_gpus=self._gpus, max_restarts=0, max_task_retries=0
        )
        self.calls: dict[ray.ObjectRef, tuple[ActorHandle, list[Work]]] = {}
        """What each actor does now; without works: it begins."""
        self.resting: list[ActorHandle] = []
        self._looked = -math.inf

    def fill(self) -> None:
        """Start actors for machines that have joined, or in the place of lost ones."""
        here = len(self.calls) + len(self.resting)
        if here and time.monotonic() - self._looked < _SECONDS_PER_LOOK:
            return
        self._looked = time.monotonic()
        wanted = self._workers or self._room()
        for _ in range(wanted - here):
            actor: Any = self._class.remote()
            self.calls[actor.begin.remote(self._preparation, self._out, os.getcwd())] = (actor, [])

    def hand_out(self, works: list[Work]) -> None:
        """Give an actor at rest something to make."""
        actor = self.resting.pop()
        self.calls[actor.make.remote(works)] = (actor, works)

    @property
    def is_busy(self) -> bool:
        """Whether anything is being made."""
        return any(works for _, works in self.calls.values())

    def results(self) -> Iterator[Result]:
        """Wait for an actor, and take what all that are done have made."""
        ray.wait(list(self.calls), num_returns=1, timeout=_SECONDS_PER_LOOK)
        done, _ = ray.wait(list(self.calls), num_returns=len(self.calls), timeout=0)
        for call in done:
            actor, works = self.calls.pop(call)
            try:
                results = ray.get(call)
            except RayActorError:
                results = [ended(item) for item, _ in works]
                self._looked = -math.inf
            else:
                self.resting.append(actor)
            yield from results

    def _room(self) -> int:
        resources = ray.cluster_resources()
        room = resources.get("CPU", 0) / self._cpus
        if self._gpus:
            room = min(room, resources.get("GPU", 0) / self._gpus)
        return max(1, int(room))

    def close(self) -> None:
        """End all actors; those at rest leave nothing aside."""
        closing: list[ray.ObjectRef] = [actor.close.remote() for actor in self.resting]
        if closing:
            ray.wait(closing, num_returns=len(closing), timeout=_SECONDS_TO_CLOSE)
        for actor in [*self.resting, *(actor for actor, _ in self.calls.values())]:
            ray.kill(actor)


def make_on_ray(
    preparation: Preparation,
    items: Iterable[Work],
    out: Path,
    *,
    workers: int | None,
    address: str | None,
) -> Iterator[Result]:
    """Make the items on a cluster whose machines all see the folder ``out``.

    Args:
        workers: How many actors; None: one for each core, or each GPU if the preparation takes one.
        address: ``auto`` or HOST:PORT; None: ``$RAY_ADDRESS``, or a cluster on this machine, which
            is started if there is none.

    Raises:
        ValueError: If there is no cluster at the address.
    """
    if not ray.is_initialized():
        try:
            _knock(address or os.environ.get("RAY_ADDRESS", ""))
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        except (OSError, RuntimeError, ValueError) as error:
            reason = (str(error).splitlines() or [""])[0]
            raise ValueError(f"no Ray cluster at {address or 'RAY_ADDRESS'}: {reason}") from error
    waiting, is_exhausted = iter(items), False
    crew = _Crew(preparation, out, workers=workers)
    try:
        while crew.is_busy or not is_exhausted:
            crew.fill()
            while crew.resting and not is_exhausted:
                if works := list(islice(waiting, preparation.items_per_call)):
                    crew.hand_out(works)
                else:
                    is_exhausted = True
            if crew.calls:
                yield from crew.results()
    finally:
        crew.close()


def _knock(address: str) -> None:
    """Raise OSError at once where nobody answers, for which Ray takes minutes."""
    if found := re.fullmatch(r"(?:ray://)?\[?([^\]/]+)\]?:(\d+)", address):
        socket.create_connection((found[1], int(found[2])), timeout=_SECONDS_TO_ANSWER).close()
