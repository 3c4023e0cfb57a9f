"""--auto-scale-lr: what rates a training really has."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from mmcondense.apis.learning_rate import scale_peaks


class Line(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Linear(1, 1, bias=False)

    def forward(self, inputs, mode):
        return dict(loss=self.slope(torch.stack(inputs)).square().mean())


class Rates(Hook):
    def __init__(self) -> None:
        self.seen: list[float] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.seen.append(runner.optim_wrapper.get_lr()["lr"][0])


def rates_of(work_dir: Path, schedule: dict, *, enable: bool) -> list[float]:
    """Of a training with batches of 4 whose rates are meant for batches of 2."""
    rates = Rates()
    with DefaultScope.overwrite_default_scope("mmengine"):
        runner = Runner(
            model=Line(),
            work_dir=str(work_dir),
            train_dataloader=dict(
                dataset=[dict(inputs=torch.ones(1)) for _ in range(16)],
                sampler=dict(type="DefaultSampler", shuffle=False),
                batch_size=4,
                collate_fn=dict(type="pseudo_collate"),
            ),
            train_cfg=dict(by_epoch=True, max_epochs=3),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
            param_scheduler=[schedule],
            auto_scale_lr=dict(enable=enable, base_batch_size=2),
            default_hooks=dict(checkpoint=None),
            custom_hooks=[rates],
            experiment_name=f"{work_dir.name}{enable}{schedule['type']}",
        )
        assert scale_peaks(runner) == (2.0 if enable else 1.0)
        runner.train()
    return rates.seen


@pytest.mark.parametrize(
    "schedule",
    [
        dict(
            type="OneCycleLR",
            eta_max=0.1,
            total_steps=3,
            by_epoch=True,
            convert_to_iter_based=True,
        ),
        dict(
            type="OneCycleParamScheduler",
            param_name="lr",
            eta_max=0.1,
            total_steps=12,
            by_epoch=False,
        ),
        dict(type="MultiStepLR", milestones=[1], by_epoch=True),
    ],
    ids=lambda schedule: schedule["type"],
)
def test_twice_the_batch_has_twice_the_rate_all_along(tmp_path, schedule):
    plain = rates_of(tmp_path, dict(schedule), enable=False)
    scaled = rates_of(tmp_path, dict(schedule), enable=True)
    assert max(plain) == pytest.approx(0.1, rel=0.1)
    assert scaled == pytest.approx([2 * rate for rate in plain])
