"""A config in, a training of it, or the rest of one, and a test by its last weights out."""

from __future__ import annotations

import copy
import re
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from compressedvideo import CodecError
from mmcondense.datasets.annotations import AnnotationError
from mmcondense.engine.sound_checkpoint import newest_sound_checkpoint

from .inference_inputs import UsageError


def train_and_test(cfg: Config) -> Path:
    """Train from the newest sound checkpoint in the work dir on, if there is one; then test.

    Args:
        cfg: Whole, with ``work_dir``; it stays as it is. Who wants the predictions has a dump among
            its ``test_evaluator``.

    Returns:
        The checkpoint of the last epoch.

    Raises:
        UsageError: if videos cannot be read, or no checkpoint; if the loss is no number any more.
    """
    run = copy.deepcopy(cfg)
    try:
        newest = newest_sound_checkpoint(cfg.work_dir)
    except ValueError as error:
        raise UsageError(str(error)) from error
    run.resume, run.load_from = newest is not None, newest
    runner = Runner.from_cfg(run)
    try:
        runner.train()
        runner.test()
    except (AnnotationError, CodecError, FloatingPointError) as error:  # the last: FiniteLossHook
        raise UsageError(one_line(error)) from error
    return Path(Path(cfg.work_dir, "last_checkpoint").read_text().strip())


def one_line(error: Exception) -> str:
    """What an error says; of one from a loader's worker without the traceback that is in it."""
    last = str(error).strip().splitlines()[-1]
    return re.sub(r"^[\w.]+Error: ", "", last)
