"""Fine-tuning alone may start from what fits in part, where that is asked for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from mmcondense.engine.hooks import CheckpointFitHook


def network(*, classes: int) -> nn.Module:
    return nn.ModuleDict(dict(backbone=nn.Linear(3, 3), head=nn.Linear(3, classes)))


@pytest.mark.parametrize(
    ("loosely", "training", "resuming", "refused"),
    [
        (False, True, False, True),
        (True, True, False, False),
        (True, True, True, True),
        (True, False, False, True),
    ],
)
def test_only_fine_tuning_may_be_loose(loosely, training, resuming, refused):
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop) if training else dict(type="x")
    runner = SimpleNamespace(
        model=network(classes=2), _train_loop=loop, _resume=resuming, _load_from="kinetics.pth"
    )
    hook = CheckpointFitHook(loosely=loosely)
    hook.before_run(runner)
    weights = dict(state_dict=network(classes=400).state_dict())
    if refused:
        with pytest.raises(SystemExit, match=r"kinetics.pth is no checkpoint of this model"):
            hook.after_load_checkpoint(runner, weights)
    else:
        hook.after_load_checkpoint(runner, weights)
    torch.testing.assert_close(weights["state_dict"]["head.bias"].shape, torch.Size([400]))
