"""Trainings that are killed and resumed, in real processes, end with the very same weights."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

import mmcondense.engine  # noqa: F401 - registers the hooks

BATCHES, EPOCHS = 5, 3


class Noisy(torch.utils.data.Dataset):
    """Draws from all generators, as transforms do."""

    def __len__(self) -> int:
        return 4 * BATCHES

    def __getitem__(self, index: int) -> dict:
        noise = random.random() + np.random.rand() + torch.rand(1).item()  # noqa: NPY002
        return dict(inputs=torch.tensor([index / 10, noise, 1.0]))


class Small(BaseModel):
    """With dropout, and with running means, which differ from process to process."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1)
        )

    def forward(self, inputs, mode):
        x = torch.stack(inputs)
        return dict(loss=((self.layers(x) - x[:, :1]) ** 2).mean())


class KillAt(Hook):
    """End the process as a power cut would, before the checkpoint of this iteration."""

    def __init__(self, iteration: int | None) -> None:
        self.iteration = iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)


class NoteBatches(Hook):
    """What hooks are told of the place in an epoch."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.seen.append((runner.epoch, batch_idx))


def train(
    work_dir: Path,
    *,
    workers: int = 0,
    sampler: str = "DefaultSampler",
    kill_at: int | None = None,
    resume: bool = False,
    by_epoch: bool = True,
    checkpoint: dict | None = None,
    seed: int | None = 3,
    hooks: tuple[Hook, ...] = (),
    launcher: str = "none",
) -> Runner:
    epochs = dict(by_epoch=True, max_epochs=EPOCHS)
    iterations = dict(by_epoch=False, max_iters=EPOCHS * BATCHES, val_interval=1000)
    with DefaultScope.overwrite_default_scope("mmaction"):
        torch.manual_seed(0)
        runner = Runner(
            model=Small(),
            work_dir=str(work_dir),
            train_dataloader=dict(
                dataset=Noisy(),
                sampler=dict(type=sampler, shuffle=True),
                batch_size=2 if launcher == "pytorch" else 4,
                num_workers=workers,
                persistent_workers=workers > 0,
                collate_fn=dict(type="pseudo_collate"),
            ),
            train_cfg=epochs if by_epoch else iterations,
            optim_wrapper=dict(optimizer=dict(type="Adam", lr=0.05)),
            param_scheduler=dict(type="CosineAnnealingLR", T_max=EPOCHS * BATCHES, by_epoch=False),
            default_hooks=dict(
                checkpoint=dict(type="CheckpointHook", **(checkpoint or dict(interval=1))),
                sync_buffers=dict(type="SyncBuffersHook"),
            ),
            custom_hooks=[dict(type="ExactResumeHook"), KillAt(kill_at), *hooks],
            randomness=dict(seed=seed),
            default_scope="mmaction",
            experiment_name=f"{work_dir.parent.name}{work_dir.name}{resume}{workers}",
            resume=resume,
            launcher=launcher,
            env_cfg=dict(mp_cfg=dict(mp_start_method="fork")),
            log_level="WARNING",
        )
        runner.train()
    return runner


def weights_of(work_dir: Path) -> dict[str, torch.Tensor]:
    last = (work_dir / "last_checkpoint").read_text()
    return torch.load(last, weights_only=True)["state_dict"]


def assert_equal(weights: dict, others: dict) -> None:
    assert weights.keys() == others.keys()
    assert [name for name, value in weights.items() if not torch.equal(value, others[name])] == []


def in_processes(count: int, work_dir: Path, **arguments) -> list[int]:
    """Train in forked processes, together if there are several; their exit codes."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]

    def work(rank: int) -> None:
        if count > 1:
            os.environ |= dict(
                RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count),
                MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
            )  # fmt: skip
        torch.set_num_threads(1)
        train(work_dir, launcher="pytorch" if count > 1 else "none", **arguments)

    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=work, args=(rank,)) for rank in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
        process.join()
    return [process.exitcode for process in processes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, torch.Tensor]:
    """Weights of a training that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    assert in_processes(1, folder) == [0]
    return weights_of(folder)


EACH_ITERATION = dict(interval=1, by_epoch=False, max_keep_ckpts=2)


@pytest.mark.parametrize(
    ("workers", "kill_at"), [(0, BATCHES + 1), (1, 2 * BATCHES), (2, 3 * BATCHES - 1)]
)
def test_killed_and_resumed(workers: int, kill_at: int, whole: dict, tmp_path: Path) -> None:
    options = dict(workers=workers, checkpoint=EACH_ITERATION)
    assert in_processes(1, tmp_path, kill_at=kill_at, **options) == [-signal.SIGKILL]
    assert (tmp_path / "last_checkpoint").read_text().endswith(f"iter_{kill_at}.pth")
    assert in_processes(1, tmp_path, resume=True, **options) == [0]
    assert_equal(weights_of(tmp_path), whole)


def test_killed_between_checkpoints_of_epochs(whole: dict, tmp_path: Path) -> None:
    assert in_processes(1, tmp_path, kill_at=2 * BATCHES + 3) == [-signal.SIGKILL]
    assert in_processes(1, tmp_path, resume=True, workers=2) == [0]
    assert_equal(weights_of(tmp_path), whole)


def test_seed_that_nobody_chose_is_resumed(tmp_path: Path) -> None:
    checkpoint = dict(interval=1, by_epoch=False)
    train(tmp_path, seed=None, checkpoint=checkpoint)
    expected = weights_of(tmp_path)
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "iter_7.pth"))
    train(tmp_path, seed=None, checkpoint=checkpoint, resume=True)
    assert_equal(weights_of(tmp_path), expected)


def test_weights_depend_on_what_is_seeded(whole: dict, tmp_path: Path) -> None:
    train(tmp_path, seed=4)
    other = weights_of(tmp_path)
    assert not torch.equal(other["layers.0.weight"], whole["layers.0.weight"])


@pytest.mark.parametrize("sampler", ["DefaultSampler", "InfiniteSampler"])
def test_iteration_based_loop(sampler: str, tmp_path: Path) -> None:
    options = dict(by_epoch=False, sampler=sampler, checkpoint=EACH_ITERATION)
    train(tmp_path / "whole", **options)
    assert in_processes(1, tmp_path / "cut", kill_at=8, **options) == [-signal.SIGKILL]
    assert in_processes(1, tmp_path / "cut", resume=True, workers=2, **options) == [0]
    assert_equal(weights_of(tmp_path / "cut"), weights_of(tmp_path / "whole"))


def test_two_processes(tmp_path: Path) -> None:
    checkpoint = dict(interval=2, by_epoch=False)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert in_processes(2, whole, checkpoint=checkpoint) == [0, 0]
    assert in_processes(2, cut, checkpoint=checkpoint, kill_at=8) == [-signal.SIGKILL] * 2
    within = torch.load(cut / "iter_8.pth", weights_only=True)
    means = [buffers["layers.1.running_mean"] for buffers in within["rank_buffers"]]
    assert not torch.equal(*means)  # what only the first rank would save
    assert in_processes(2, cut, checkpoint=checkpoint, resume=True, workers=1) == [0, 0]
    assert_equal(weights_of(cut), weights_of(whole))


def test_hooks_are_told_the_place_in_the_epoch(tmp_path: Path) -> None:
    train(tmp_path, checkpoint=dict(interval=1, by_epoch=False))
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "iter_8.pth"))
    notes = NoteBatches()
    train(tmp_path, resume=True, hooks=(notes,))
    assert notes.seen == [(1, 3), (1, 4), *((2, n) for n in range(BATCHES))]


def test_other_batches_begin_the_epoch_anew(tmp_path: Path, capfd) -> None:
    train(tmp_path, checkpoint=dict(interval=1, by_epoch=False))
    path = tmp_path / "iter_8.pth"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["meta"]["place"]["batches"] = 7
    torch.save(checkpoint, path)
    (tmp_path / "last_checkpoint").write_text(str(path))
    notes = NoteBatches()
    train(tmp_path, resume=True, hooks=(notes,))
    assert notes.seen[0] == (1, 0)
    assert "7 batches an epoch on 1 processes, now there are 5 on 1" in capfd.readouterr().out
