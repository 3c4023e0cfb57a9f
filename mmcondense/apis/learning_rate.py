"""``--auto-scale-lr`` for schedules that set rates of their own."""

from __future__ import annotations

from typing import Any

from mmengine.logging import print_log
from mmengine.runner import Runner


def scale_peaks(runner: Runner) -> float:
    """Scale the peaks of one-cycle schedules by actual over original batch size.

    MMEngine's ``auto_scale_lr`` scales the optimizer's rates alone, which OneCycleLR overwrites
    with its ``eta_max``: the log says that rates were scaled, and they are not. Call it before
    training.

    Args:
        runner: Whose schedulers are not built yet; with ``auto_scale_lr`` enabled, or nothing
            happens.

    Returns:
        The ratio.
    """
    scaling = runner.auto_scale_lr or {}
    if not scaling.get("enable", False):
        return 1.0
    batch_size = runner.world_size * runner._train_dataloader["batch_size"]
    ratio = batch_size / scaling["base_batch_size"]
    num_scaled = _scale(runner.param_schedulers, ratio)
    if num_scaled:
        print_log(f"eta_max of {num_scaled} one-cycle schedule(s) scaled by {ratio}", "current")
    return ratio


def _scale(schedulers: Any, ratio: float) -> int:
    """Scale in place the ``eta_max`` of all one-cycle schedules in nested configs."""
    if isinstance(schedulers, dict) and "type" not in schedulers:
        return sum(_scale(scheduler, ratio) for scheduler in schedulers.values())
    if isinstance(schedulers, list | tuple):
        return sum(_scale(scheduler, ratio) for scheduler in schedulers)
    if not isinstance(schedulers, dict):
        return 0
    name = schedulers["type"] if isinstance(schedulers["type"], str) else ""
    of_rate = name.endswith("OneCycleLR") or schedulers.get("param_name") == "lr"
    if not (name.split(".")[-1].startswith("OneCycle") and of_rate):
        return 0
    peak = schedulers["eta_max"]
    scaled = [value * ratio for value in peak] if isinstance(peak, list) else peak * ratio
    schedulers["eta_max"] = scaled
    return 1
