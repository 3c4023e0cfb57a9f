"""Checkpoints that neither a crash nor a NaN can take away."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from torch import nn

from ..aside_backend import LateRemoval
from ..sound_checkpoint import newest_sound_checkpoint


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook, with its arguments, which

    - writes a checkpoint aside and renames it, and only then removes the one before
      (MMEngine removes first: killed in between, ``max_keep_ckpts=1`` leaves nothing);
    - resumes from the newest checkpoint that is whole, and says which are not;
    - saves no weights that are not finite, neither as the last nor as the best, and takes no
      metric for the best that is not finite.

    Checkpoints that do not lie on a local disk are left to their backend.
    """

    file_backend: Any

    def before_run(self, runner: Runner) -> None:
        if not runner._resume or runner._load_from is not None:
            return
        found: list = [None, None]
        if dist.is_main_process():
            try:
                found[0] = newest_sound_checkpoint(runner.work_dir)
            except ValueError as error:
                found[1] = str(error)
        dist.broadcast_object_list(found)
        if found[1] is not None:
            raise SystemExit(f"error: {found[1]}" if dist.is_main_process() else 1)
        runner._load_from = found[0]

    def before_train(self, runner: Runner) -> None:
        super().before_train(runner)
        if self.file_client_args is None and type(self.file_backend) is LocalBackend:
            self.backend_args = dict(backend="aside")
            self.file_backend = LateRemoval()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        bad = not_finite(runner.model)
        if bad:
            runner.logger.warning(f"Saved no checkpoint: not finite are {bad}")
            return
        super()._save_checkpoint_with_step(runner, step, meta)
        self._remove_now()

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        bad = not_finite(runner.model)
        if bad:
            runner.logger.warning(f"Not taken for the best: not finite are {bad}")
            return
        finite = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in metrics.items()
        }
        super()._save_best_checkpoint(runner, finite)
        self._remove_now()

    def _remove_now(self) -> None:
        if isinstance(self.file_backend, LateRemoval) and dist.is_main_process():
            self.file_backend.remove_now()


def not_finite(model: nn.Module) -> str:
    """The first parameters that are not finite, and buffers that are NaN, by name."""
    names = [n for n, p in model.named_parameters() if not torch.isfinite(p).all()]
    names += [n for n, b in model.named_buffers() if b.is_floating_point() and b.isnan().any()]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
