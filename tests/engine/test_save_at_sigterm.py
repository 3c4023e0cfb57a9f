"""SIGTERM: a checkpoint, and the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from tests.engine.test_exact_resume import assert_equal, in_processes, train, weights_of


class TermAt(Hook):
    """What a scheduler sends, to one process or to its whole group."""

    def __init__(self, iteration: int, *, rank: int = 0, to_group: bool = False) -> None:
        self.iteration, self.rank, self.to_group = iteration, rank, to_group

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter == self.iteration and runner.rank == self.rank:
            told = [os.getpid()]
            if self.to_group:
                children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                assert len(children) == 2
                told += map(int, children)
            subprocess.run(["kill", "-TERM", *map(str, told)], check=True)


SAVE = dict(type="SaveAtSigtermHook")


@pytest.mark.parametrize("workers", [0, 2])
def test_saves_within_the_epoch_and_goes_on_to_the_same_weights(workers: int, tmp_path: Path):
    assert in_processes(1, tmp_path / "whole") == [0]
    cut = tmp_path / "cut"
    hooks = (SAVE, TermAt(7, to_group=workers > 0 and sys.platform == "linux"))
    assert in_processes(1, cut, workers=workers, hooks=hooks) == [128 + signal.SIGTERM]
    assert (cut / "last_checkpoint").read_text() == str(cut / "interrupted.pth")
    meta = torch.load(cut / "interrupted.pth", weights_only=True)["meta"]
    assert (meta["epoch"], meta["iter"]) == (1, 8)
    assert in_processes(1, cut, resume=True, hooks=(SAVE,)) == [0]
    assert_equal(weights_of(cut), weights_of(tmp_path / "whole"))
    assert not (cut / "interrupted.pth").exists()


def test_processes_stop_together_though_one_is_told(tmp_path: Path):
    assert in_processes(2, tmp_path / "whole") == [0, 0]
    cut = tmp_path / "cut"
    codes = in_processes(2, cut, hooks=(SAVE, TermAt(6, rank=1)))
    assert codes == [128 + signal.SIGTERM] * 2
    assert in_processes(2, cut, resume=True, hooks=(SAVE,)) == [0, 0]
    assert_equal(weights_of(cut), weights_of(tmp_path / "whole"))


def test_the_handler_of_before_is_back_afterwards(tmp_path: Path):
    before = signal.getsignal(signal.SIGTERM)
    train(tmp_path, hooks=(SAVE,))
    assert signal.getsignal(signal.SIGTERM) is before
