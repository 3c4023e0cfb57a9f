"""A loss that is not finite ends the training, and the videos that gave it are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Raise FloatingPointError when losses are NaN or infinite, with the files of the batches.

    It comes before anything is logged or saved, so the last checkpoint is one from before. Files
    are known of CompressedVideoDataset, and of every data set beside ExactResumeHook.

    Args:
        max_in_a_row: Such iterations in a row that end the training; None: 1, or 5 where
            AmpOptimWrapper scales the loss, and leaves out an iteration whose gradients overflow.
    """

    priority = "VERY_HIGH"

    def __init__(self, *, max_in_a_row: int | None = None) -> None:
        if max_in_a_row is not None and max_in_a_row < 1:
            raise ValueError(f"max_in_a_row is {max_in_a_row}, must be at least 1")
        self.max_in_a_row = max_in_a_row
        self._batches: list[list[str]] = []

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        bad = {
            name: float(torch.as_tensor(value).detach())
            for name, value in (outputs or {}).items()
            if "loss" in name and not torch.isfinite(torch.as_tensor(value)).all()
        }
        if not bad:
            self._batches.clear()
            return
        self._batches.append(_files(data_batch))
        losses = ", ".join(f"{name}={value}" for name, value in bad.items())
        allowed = self.max_in_a_row or (5 if _scales_loss(runner.optim_wrapper) else 1)
        if len(self._batches) < allowed:
            runner.logger.warning(f"{losses} in iteration {runner.iter + 1}")
            return
        times = f", the {allowed}th in a row," if allowed > 1 else ""
        listed = "".join(f"\n  {name}" for batch in self._batches for name in batch)
        raise FloatingPointError(
            f"{losses} in iteration {runner.iter + 1}{times} of epoch {runner.epoch + 1}, on"
            f"{listed}\n"
            "Nothing was saved since. If these files are in order: a lower learning rate, or "
            "optim_wrapper.clip_grad"
        )


def _scales_loss(wrapper: Any) -> bool:
    return isinstance(wrapper, AmpOptimWrapper) and wrapper.loss_scaler.is_enabled()


def _files(data_batch: Any) -> list[str]:
    samples = data_batch.get("data_samples") if isinstance(data_batch, dict) else None
    if not isinstance(samples, Sequence) or not samples:
        return ["files that are not known"]
    unknown = "a file that is not known (ExactResumeHook tells)"
    return [str(getattr(sample, "filename", unknown)) for sample in samples]
