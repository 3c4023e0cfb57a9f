"""SIGTERM, with which schedulers of clusters announce the end, saves a checkpoint first."""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..aside_backend import AsideBackend
from .exact_resume import ExactResumeHook
from .safe_checkpoint import not_finite

INTERRUPTED = "interrupted.pth"


@HOOKS.register_module()
class SaveAtSigtermHook(Hook):
    """After the iteration in which SIGTERM comes, save ``interrupted.pth`` and exit with 143.

    ``--resume`` goes on from there, within the epoch if ExactResumeHook is there as well. Several
    processes agree on the iteration, whichever of them is told. Gradients that are accumulated
    over iterations are waited for. Workers leave signals to the whole process group to their
    parent.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._is_told = False
        self._before: Any = None
        self._group: Any = None

    def before_run(self, runner: Runner) -> None:
        for loop in (runner._train_loop, runner._val_loop):
            loader = getattr(loop, "dataloader", None)
            if loader is not None:
                loader.worker_init_fn = functools.partial(_init_worker, init=loader.worker_init_fn)

    def before_train(self, runner: Runner) -> None:
        if dist.is_distributed():
            self._group = torch.distributed.new_group(backend="gloo")
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)

    def _note(self, number: int, frame: Any) -> None:
        self._is_told = True

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        if self._any_told() and (runner.iter + 1) % _accumulated(runner.optim_wrapper) == 0:
            for hook in runner.hooks:
                if isinstance(hook, ExactResumeHook):
                    hook.gather_buffers(runner)
            self._end(runner, epoch=runner.epoch, iteration=runner.iter + 1)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        if self._is_told and self._before is not None and not dist.is_distributed():
            self._end(runner, epoch=runner.epoch, iteration=runner.iter)

    def after_train(self, runner: Runner) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
            self._before = None
        last = Path(_last(runner).read_text().strip()) if _last(runner).is_file() else Path()
        if dist.is_main_process() and last.name != INTERRUPTED:
            Path(runner.work_dir, INTERRUPTED).unlink(missing_ok=True)

    def _any_told(self) -> bool:
        if self._group is None:
            return self._is_told
        told = torch.tensor(int(self._is_told))
        torch.distributed.all_reduce(told, torch.distributed.ReduceOp.MAX, group=self._group)
        return bool(told)

    def _end(self, runner: Runner, *, epoch: int, iteration: int) -> None:
        bad = not_finite(runner.model)
        if bad:
            runner.logger.warning(f"SIGTERM: saved no checkpoint, not finite are {bad}")
            raise SystemExit(128 + signal.SIGTERM)
        runner.save_checkpoint(
            runner.work_dir,
            INTERRUPTED,
            meta=dict(epoch=epoch, iter=iteration),
            by_epoch=False,
            backend_args=dict(backend="aside"),
        )
        path = Path(runner.work_dir, INTERRUPTED)
        if dist.is_main_process():
            AsideBackend().put(str(path).encode(), _last(runner))
        runner.logger.warning(
            f"SIGTERM: saved {path} after iteration {iteration}; --resume goes on"
        )
        raise SystemExit(128 + signal.SIGTERM)


def _last(runner: Runner) -> Path:
    return Path(runner.work_dir, "last_checkpoint")


def _accumulated(wrapper: Any) -> int:
    return getattr(wrapper, "_accumulative_counts", 1)


def _init_worker(worker: int, *, init: Callable[[int], None] | None) -> None:
    if hasattr(signal, "sigwaitinfo"):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_obey_parent, args=(os.getppid(),), daemon=True).start()
    if init is not None:
        init(worker)


def _obey_parent(parent: int) -> None:
    """What torch's handler does, which would also obey others."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
