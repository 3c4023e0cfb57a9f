"""The report at the end of training: counts, paths, several ranks, wrapped data sets."""

from __future__ import annotations

import logging
import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmaction.registry import MODELS
from mmengine import dist
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from compressedvideo import encode_frames
from mmcondense.datasets import CompressedVideoDataset
from mmcondense.engine import ReportSkippedVideosHook

PIPELINE = [
    dict(type="SampleCompressedFrames", num_segments=1),
    dict(type="LoadCompressedVideo"),
    dict(type="FormatCompressedShape"),
    dict(type="PackActionInputs", collect_keys=("iframe", "motion", "residual")),
]


def build(folder: Path, *names: str) -> CompressedVideoDataset:
    ann_file = folder / f"{'_'.join(names)}.txt"
    ann_file.write_text("".join(f"{name} 0\n" for name in names))
    prefix = dict(video=str(folder))
    return CompressedVideoDataset(str(ann_file), PIPELINE, data_prefix=prefix)


@pytest.fixture(autouse=True)
def _mmaction_scope() -> None:
    init_default_scope("mmaction")


@pytest.fixture
def folder(tmp_path) -> Path:
    frames = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    encode_frames(tmp_path / "good.mp4", frames)
    return tmp_path


def report(dataset, **arguments) -> str:
    logger = logging.getLogger("report")
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    runner = SimpleNamespace(train_dataloader=SimpleNamespace(dataset=dataset), logger=logger)
    ReportSkippedVideosHook(**arguments).after_train(runner)
    return "\n".join(record.getMessage() for record in records)


def test_says_how_many_and_which(folder):
    dataset = build(folder, "b.mp4", "good.mp4", "a.mp4")
    for i in range(3):
        dataset[i]
    assert report(dataset) == (
        "Skipped 2 of 3 training videos that could not be read:"
        f"\n  {folder / 'a.mp4'}\n  {folder / 'b.mp4'}"
    )
    assert report(dataset, max_listed=1).endswith(f"\n  {folder / 'a.mp4'}\n  and 1 more")


def test_says_so_when_all_could_be_read(folder):
    dataset = build(folder, "good.mp4")
    dataset[0]
    assert report(dataset) == "Skipped none of 1 training videos."


def test_looks_through_wrappers(folder):
    one, other = build(folder, "good.mp4", "a.mp4"), build(folder, "good.mp4", "b.mp4", "c.mp4")
    both, repeated = ConcatDataset([one, other]), RepeatDataset(one, times=3)
    for i in range(len(both)):
        both[i]
    assert report(both).startswith("Skipped 3 of 5 training videos")
    assert report(repeated).startswith("Skipped 1 of 2 training videos")


def test_is_silent_about_other_data_sets():
    assert report([1, 2, 3]) == ""


class Tiny(BaseModel):
    """As much of a model as a Runner needs."""

    def __init__(self) -> None:
        super().__init__(MODELS.build(dict(type="MultiModalDataPreprocessor", preprocessors=FRAME)))
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        pooled = inputs["iframe"].mean(dim=(-2, -1)).flatten(0, -2)  # [B * S, 3]
        return dict(loss=self.layer(pooled).square().mean())


FRAME = {key: dict(type="ActionDataPreprocessor") for key in ("iframe", "motion", "residual")}


def test_a_run_with_workers_trains_on_and_reports_at_its_end(folder):
    for number in range(5):
        shutil.copy(folder / "good.mp4", folder / f"good{number}.mp4")
    names = [*(f"good{number}.mp4" for number in range(5)), "broken.mp4"]
    (folder / "broken.mp4").write_bytes(b"broken")
    (folder / "train.txt").write_text("".join(f"{name} 0\n" for name in names))
    dataset = dict(
        type="CompressedVideoDataset",
        ann_file=str(folder / "train.txt"),
        data_prefix=dict(video=str(folder)),
        pipeline=PIPELINE,
    )
    runner = Runner(
        model=Tiny(),
        work_dir=str(folder / "run"),
        train_dataloader=dict(
            batch_size=2,
            num_workers=2,
            persistent_workers=True,
            sampler=dict(type="DefaultSampler", shuffle=True),
            dataset=dataset,
        ),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
        default_hooks=dict(checkpoint=None),
        custom_hooks=[dict(type="ReportSkippedVideosHook")],
        default_scope="mmaction",
        experiment_name=f"report_{folder.name}",
    )
    runner.train()
    [log] = (folder / "run").glob("*/*.log")
    lines = log.read_text()
    assert runner.iter == 3 * 3
    assert lines.count(f"Skipping a video: {folder / 'broken.mp4'}") == 1
    report = f"Skipped 1 of 6 training videos that could not be read:\n  {folder / 'broken.mp4'}"
    assert lines.count(report) == 1
    assert lines.rindex("Epoch(train) [3][3/3]") < lines.index(report)


def _rank(rank: int, port: int, folder: Path) -> None:
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )  # fmt: skip
    dist.init_dist("pytorch", backend="gloo")
    dataset = build(folder, "good.mp4", "a.mp4", "b.mp4", "c.mp4")
    for i in ((1, 2), (2, 3))[rank]:  # b.mp4 fails on both ranks
        dataset[i]
    (folder / f"rank{rank}.log").write_text(report(dataset))


def test_ranks_are_counted_together(folder, unused_port):
    mp.start_processes(_rank, args=(unused_port, folder), nprocs=2, start_method="fork")
    reports = [(folder / f"rank{rank}.log").read_text() for rank in (0, 1)]
    assert reports[0].startswith("Skipped 3 of 4 training videos")
    assert reports[0] == reports[1]


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
