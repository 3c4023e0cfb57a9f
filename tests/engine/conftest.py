"""A training of a second, for hooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

import mmcondense.engine  # noqa: F401 - registers the hooks


class Line(BaseModel):
    """Fits y = 2 x."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Linear(1, 1, bias=False)

    def forward(self, inputs, data_samples, mode):
        x = torch.stack(inputs)
        return dict(loss=((self.slope(x) - 2 * x) ** 2).mean())


@pytest.fixture
def train_line(tmp_path: Path) -> Callable[..., Runner]:
    """``train_line(hooks, ...)`` trains 3 epochs of 4 batches of 2 in ``tmp_path``; sample ``i`` is
    ``i / 8`` and comes from ``i.mp4``. Keywords are the Runner's, others beside.
    """

    def train(
        hooks: list, *, bad: tuple[int, ...] = (), checkpoint: dict | None = None, **arguments
    ) -> Runner:
        samples = []
        for i in range(8):
            sample = ActionDataSample(metainfo=dict(filename=f"{i}.mp4"))
            value = float("nan") if i in bad else i / 8
            samples.append(dict(inputs=torch.tensor([value]), data_samples=sample))
        with DefaultScope.overwrite_default_scope("mmaction"):
            torch.manual_seed(0)
            runner = Runner(
                model=Line(),
                work_dir=str(tmp_path),
                train_dataloader=dict(
                    dataset=samples,
                    sampler=dict(type="DefaultSampler", shuffle=False),
                    batch_size=2,
                    collate_fn=dict(type="pseudo_collate"),
                ),
                train_cfg=dict(by_epoch=True, max_epochs=3),
                default_hooks=dict(
                    checkpoint=checkpoint or dict(type="SafeCheckpointHook", interval=1)
                ),
                custom_hooks=hooks,
                default_scope="mmaction",
                experiment_name=f"{tmp_path.name}{len(list(tmp_path.iterdir()))}",
                **{
                    "optim_wrapper": dict(optimizer=dict(type="SGD", lr=0.01, momentum=0.9)),
                    **arguments,
                },
            )
            runner.train()
        return runner

    return train
