"""The weights of a finished training, and only of a finished one, are in final.pth."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

import mmcondense.engine  # noqa: F401 - registers the hook


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


class Line(BaseModel):
    """Fits y = 2 x."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Linear(1, 1, bias=False)

    def forward(self, inputs, mode):
        x = torch.stack(inputs)
        return dict(loss=((self.slope(x) - 2 * x) ** 2).mean())


class StopAt(Hook):
    """As a kill would."""

    def __init__(self, epoch: int | None) -> None:
        self.epoch = epoch

    def before_train_epoch(self, runner) -> None:
        if runner.epoch == self.epoch:
            raise KeyboardInterrupt


def train(work_dir: Path, *, stop_at: int | None = None, resume: bool = False) -> Runner:
    torch.manual_seed(0)
    runner = Runner(
        model=Line(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=[dict(inputs=torch.full((1,), float(n))) for n in range(8)],
            sampler=dict(type="DefaultSampler", shuffle=False),
            batch_size=4,
            collate_fn=dict(type="pseudo_collate"),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.01)),
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=1)),
        custom_hooks=[
            dict(type="EMAHook", momentum=0.5),
            dict(type="FinalCheckpointHook"),
            StopAt(stop_at),
        ],
        default_scope="mmaction",
        experiment_name=work_dir.name,
        resume=resume,
    )
    runner.train()
    return runner


def test_final_checkpoint_holds_the_weights_of_the_last_epoch(tmp_path):
    runner = train(tmp_path / "run")
    names = ("final.pth", "epoch_3.pth")
    final, last = (torch.load(tmp_path / "run" / name, weights_only=True) for name in names)
    assert "optimizer" in last
    assert set(final) & {"optimizer", "param_schedulers"} == set()
    torch.testing.assert_close(final["state_dict"], last["state_dict"], rtol=0, atol=0)
    # what is saved and tested is the moving average, as in every other checkpoint
    assert final["state_dict"]["slope.weight"] != runner.model.slope.weight
    assert final["meta"]["epoch"] == 3
    assert not (tmp_path / "run" / "final.pth.part").exists()


def test_cut_training_has_none_until_it_is_resumed(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", stop_at=2)
    assert not (tmp_path / "cut" / "final.pth").exists()
    train(tmp_path / "cut", resume=True)
    train(tmp_path / "whole")
    weights = [
        torch.load(tmp_path / name / "final.pth", weights_only=True)["state_dict"]["slope.weight"]
        for name in ("cut", "whole")
    ]
    torch.testing.assert_close(*weights)
