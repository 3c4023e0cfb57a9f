"""tools/train.py: its flags, and resuming after SIGKILL."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import mmcondense  # noqa: F401  -- lets torch.load read checkpoints of mmengine

# Ends its own process as a power cut would, in the middle of the second epoch.
KILL_HOOK = """
import os, pathlib, signal
from mmengine.hooks import Hook
from mmaction.registry import HOOKS

@HOOKS.register_module()
class KillOnce(Hook):
    def __init__(self, marker):
        self.marker = pathlib.Path(marker)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.epoch == 1 and batch_idx == 1 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
"""


def val_accuracy(work_dir: Path) -> float:
    """Top-1 of the last validation that was logged under ``work_dir``."""
    last_run = max(work_dir.glob("*/vis_data/scalars.json"))
    records = [json.loads(line) for line in last_run.read_text().splitlines()]
    return [record["acc/top1"] for record in records if "acc/top1" in record][-1]


def test_trains(tiny_config: Path, trained: Path) -> None:
    assert (trained / "last_checkpoint").read_text() == str(trained / "epoch_3.pth")
    assert (trained / tiny_config.name).is_file()
    assert val_accuracy(trained) == 1.0


def test_killed_training_resumes_to_the_same_weights(
    run_tool: Callable, write_config: Callable, trained: Path, tmp_path: Path
) -> None:
    hook_cfg = f"dict(type='KillOnce', marker='{tmp_path}/killed')"
    config = write_config(tmp_path / "killed.py", hook=KILL_HOOK, hook_cfg=hook_cfg)
    work_dir = tmp_path / "work"
    command = ("python", "tools/train.py", config, "--work-dir", work_dir, "--seed", "0")
    env = {"PYTHONPATH": str(tmp_path)}
    run_tool(*command, status=-signal.SIGKILL, env=env)
    assert (work_dir / "last_checkpoint").read_text() == str(work_dir / "epoch_1.pth")

    resumed = run_tool(*command, "--resume", env=env)
    assert "resumed epoch: 1" in resumed.stdout
    assert_same_weights(work_dir, trained)


def test_damaged_checkpoint_is_named_and_the_one_before_it_taken(
    run_tool: Callable, tiny_config: Path, trained: Path, tmp_path: Path
) -> None:
    for path in trained.glob("*.pth"):
        shutil.copy2(path, tmp_path)
    last = tmp_path / "epoch_3.pth"
    data = bytearray(last.read_bytes())
    data[len(data) // 2] ^= 1  # within the weights
    last.write_bytes(data)
    (tmp_path / "last_checkpoint").write_text(str(last))
    command = ("python", "tools/train.py", tiny_config, "--work-dir", tmp_path, "--seed", "0")

    refused = run_tool(*command, "--resume", last, status=2)
    assert f"{last} is damaged: the checksum of its part" in refused.stderr

    resumed = run_tool(*command, "--resume")
    said = resumed.stdout + resumed.stderr
    assert f"{last} is damaged" in said
    assert f"resuming from {tmp_path / 'epoch_2.pth'}" in said
    assert_same_weights(tmp_path, trained)


def test_flags_reach_the_config(
    run_tool: Callable, tiny_config: Path, trained: Path, tmp_path: Path
) -> None:
    config = tmp_path / "finetune.py"
    config.write_text(f"_base_ = '{tiny_config}'\nload_from = '{trained}/epoch_3.pth'\n")
    run_tool(
        *("python", "tools/train.py", config, "--work-dir", tmp_path, "--resume"),
        *("--no-validate", "--auto-scale-lr", "--seed", "7", "--deterministic"),
        *("--cfg-options", "train_cfg.max_epochs=1", "train_dataloader.batch_size=8"),
    )
    log = next(tmp_path.glob("*/*.log")).read_text()
    assert "seed: 7" in log
    assert "deterministic: True" in log
    assert "Scaling the original LR by 2.0" in log
    assert "Epoch(val)" not in log
    assert f"Load checkpoint from {trained}/epoch_3.pth" in log  # nothing to resume from yet
    assert [path.name for path in tmp_path.glob("*.pth")] == ["epoch_1.pth"]


def assert_same_weights(work_dir: Path, other: Path) -> None:
    weights, others = (
        torch.load(folder / "epoch_3.pth")["state_dict"] for folder in (work_dir, other)
    )
    assert [name for name in weights if not torch.equal(weights[name], others[name])] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--amp"], "--amp needs a CUDA device"),
        (["--resume", "missing.pth"], "no checkpoint at missing.pth"),
    ],
)
def test_refuses_clearly(
    run_tool: Callable, tiny_config: Path, arguments: list[str], message: str
) -> None:
    result = run_tool("python", "tools/train.py", tiny_config, *arguments, status=2)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
