"""tools/dist_*.sh: real processes on the CPU; tools/slurm_*.sh: the command that srun would get."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

RANK_HOOK = """
import torch
from mmengine.dist import get_backend, get_rank, get_world_size
from mmengine.hooks import Hook
from mmaction.registry import HOOKS

@HOOKS.register_module()
class SaveRank(Hook):
    def __init__(self, folder):
        self.folder = folder
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append([sample.frame_dir for sample in data_batch['data_samples']])

    def after_train(self, runner):
        parameters = {name: p.detach() for name, p in runner.model.module.named_parameters()}
        torch.save(dict(parameters=parameters, seen=self.seen, world_size=get_world_size(),
                        backend=get_backend()), f'{self.folder}/rank{get_rank()}.pth')
"""


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def test_two_processes_end_with_the_same_weights(
    run_tool: Callable, write_config: Callable, tiny_frames: Path, tmp_path: Path
) -> None:
    hook_cfg = f"dict(type='SaveRank', folder='{tmp_path}')"
    config = write_config(tmp_path / "two_ranks.py", hook=RANK_HOOK, hook_cfg=hook_cfg)
    work_dir, env = tmp_path / "work", {"PYTHONPATH": str(tmp_path), "PORT": free_port()}
    run_tool("tools/dist_train.sh", config, "2", "--work-dir", work_dir, env=env)

    first, second = (torch.load(tmp_path / f"rank{rank}.pth") for rank in (0, 1))
    assert first["backend"] == second["backend"] == "gloo"
    assert first["world_size"] == 2
    for batch_0, batch_1 in zip(first["seen"], second["seen"], strict=True):
        assert not set(batch_0) & set(batch_1)  # so equal weights need exchanged gradients
    for name, value in first["parameters"].items():
        torch.testing.assert_close(second["parameters"][name], value, rtol=0, atol=0, msg=name)

    dump = tmp_path / "predictions.pkl"
    env["PORT"] = free_port()
    run_tool(
        *("tools/dist_test.sh", config, work_dir / "epoch_3.pth", "2"),
        *("--work-dir", work_dir, "--dump", dump),
        env=env,
    )
    predictions = pickle.loads(dump.read_bytes())
    assert sorted(sample["frame_dir"] for sample in predictions) == sorted(
        str(tiny_frames / f"val{index}") for index in range(8)
    )


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        ("slurm_train.sh", ["c.py", "--seed", "3"], "train.py c.py --launcher=slurm --seed 3"),
        ("slurm_test.sh", ["c.py", "e.pth"], "test.py c.py e.pth --launcher=slurm"),
    ],
)
def test_slurm_command(
    run_tool: Callable, tmp_path: Path, script: str, arguments: list[str], expected: str
) -> None:
    srun = tmp_path / "srun"
    srun.write_text('#!/usr/bin/env bash\necho "$@"\n')
    srun.chmod(0o755)
    result = run_tool(
        *("env", f"PATH={tmp_path}:/usr/bin:/bin", f"tools/{script}", "part", "job", *arguments),
        env={"GPUS": "4", "GPUS_PER_NODE": "2", "SRUN_ARGS": "--exclusive -x node1"},
    )
    command = result.stdout.strip()
    assert command.startswith("-p part --job-name=job --gres=gpu:2 --ntasks=4 --ntasks-per-node=2")
    assert "--exclusive -x node1 python -u" in command
    assert command.endswith(expected)
