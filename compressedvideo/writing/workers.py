"""Processes that write videos side by side, and end with the one that began them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context

_SECONDS = 0.5


def worker_pool(
    workers: int, *, initializer: Callable[..., object] | None = None, initargs: tuple = ()
) -> ProcessPoolExecutor:
    """A pool whose workers end within a second of their parent, however that ends.

    A parent that is killed tells its workers nothing: they would work off what they were given, and
    then wait for more for ever.

    Args:
        workers: How many processes.
        initializer: Called in each of them with ``initargs``.
    """
    # forked workers need not import everything again; not every system has fork
    method = "fork" if "fork" in get_all_start_methods() else None
    return ProcessPoolExecutor(
        workers,
        mp_context=get_context(method),
        initializer=_begin,
        initargs=(os.getpid(), initializer, initargs),
    )


def _begin(parent: int, initializer: Callable[..., object] | None, initargs: tuple) -> None:
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS)
    os._exit(1)
