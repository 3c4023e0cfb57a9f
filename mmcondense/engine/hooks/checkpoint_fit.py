"""Training and testing start from checkpoints that fit the model."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcondense.models.checkpoint_fit import check_fits


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """End a run whose checkpoint leaves parameters random: stock loading only warns.

    Every config here has it, as ``default_hooks.checkpoint_fit``; ``tools/train.py`` and
    ``tools/test.py`` add it to others.

    Args:
        loosely: ``load_from`` may fill a part of the model, as in fine-tuning with other classes;
            what fits nowhere is still refused. Tests and resumed trainings are always strict.
    """

    priority = "VERY_HIGH"

    def __init__(self, *, loosely: bool = False) -> None:
        self.loosely = loosely
        self._is_training = False

    def before_run(self, runner: Runner) -> None:
        self._is_training = not isinstance(runner._train_loop, dict | None)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        loosely = self.loosely and self._is_training and not runner._resume
        path = str(runner._load_from or "the last checkpoint")
        try:
            check_fits(runner.model, checkpoint, path=path, loosely=loosely)
        except ValueError as error:
            hint = (
                ". To fine-tune from a part of it, set default_hooks.checkpoint_fit.loosely=True"
                if self._is_training and not runner._resume
                else ""
            )
            raise SystemExit(f"error: {error}{hint}" if is_main_process() else 1) from None
