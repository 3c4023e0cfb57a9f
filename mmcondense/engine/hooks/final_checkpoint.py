"""When training has ended, leave the weights under a name that does not depend on its length."""

from __future__ import annotations

import os
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class FinalCheckpointHook(Hook):
    """Write ``final.pth``, without optimizer, to the work dir at the end of training.

    The stages of a recipe find the weights of the one before there, and its existence says that
    this stage is done: it is written aside and renamed, so a killed training leaves none.

    Args:
        filename: The file's name.
    """

    priority = "VERY_LOW"

    def __init__(self, filename: str = "final.pth") -> None:
        self.filename = filename

    def after_train(self, runner: Runner) -> None:
        aside = f"{self.filename}.part"
        runner.save_checkpoint(
            runner.work_dir,
            aside,
            save_optimizer=False,
            save_param_scheduler=False,
            meta=dict(epoch=runner.epoch, iter=runner.iter),
        )
        if is_main_process():
            work_dir = Path(runner.work_dir)
            os.replace(work_dir / aside, work_dir / self.filename)
