"""tools/dist_*.sh: real processes on the CPU; tools/slurm_*.sh: the command that srun would get."""

from __future__ import annotations

import pickle
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]

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
        self.seen += [int(frames.sum()) for frames in data_batch['inputs']['iframe']]

    def after_train(self, runner):
        parameters = {name: p.detach() for name, p in runner.model.module.named_parameters()}
        torch.save(dict(parameters=parameters, seen=self.seen, world_size=get_world_size(),
                        backend=get_backend()), f'{self.folder}/rank{get_rank()}.pth')
"""


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def test_two_hosts_end_with_the_same_weights(
    run_tool: Callable, synthetic_options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "rank_hook.py").write_text(RANK_HOOK)
    config = tmp_path / "two_ranks.py"
    config.write_text(
        f"_base_ = '{ROOT}/configs/ipts/ip_tsn_synthetic.py'\n"
        "custom_imports = dict(imports=['mmcondense', 'rank_hook'], allow_failed_imports=False)\n"
        f"custom_hooks = [dict(type='SaveRank', folder='{tmp_path}')]\n"
    )
    work_dir, dump = tmp_path / "work", tmp_path / "predictions.pkl"
    env = {"PYTHONPATH": str(tmp_path), "PORT": free_port(), "NNODES": "2"}
    arguments = ("--work-dir", work_dir, *synthetic_options)

    def host(number: int) -> None:  # a torchrun of its own, with one process
        here = {**env, "NODE_RANK": str(number)}
        run_tool("tools/dist_train.sh", config, "1", *arguments, env=here)

    with ThreadPoolExecutor(2) as hosts:
        list(hosts.map(host, range(2)))

    first, second = (torch.load(tmp_path / f"rank{rank}.pth") for rank in (0, 1))
    assert first["backend"] == second["backend"] == "gloo"
    assert first["world_size"] == 2
    # different clips on each rank: equal weights need exchanged gradients
    assert len(first["seen"]) == len(second["seen"]) == 8
    assert not set(first["seen"]) & set(second["seen"])
    assert first["parameters"].keys() == second["parameters"].keys()
    for name, value in first["parameters"].items():
        torch.testing.assert_close(second["parameters"][name], value, rtol=0, atol=0, msg=name)

    run_tool(
        *("tools/dist_test.sh", config, work_dir / "epoch_1.pth", "2"),
        *("--dump", dump, *arguments),
        env={**env, "PORT": free_port(), "NNODES": "1"},
    )
    predictions = pickle.loads(dump.read_bytes())
    assert [int(sample["gt_label"]) for sample in predictions] == list(range(8))


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


def test_what_is_missing_is_said_once_and_soon(run_tool: Callable, tmp_path: Path) -> None:
    """The README's command on a machine without data: no process group, no traceback."""
    config = ROOT / "configs/ipts/ip_tsn_hmdb51.py"
    data = f"train_dataloader.dataset.data_root={tmp_path}"
    command = ("bash", "tools/dist_train.sh", config, "8", "--cfg-options", data)
    result = run_tool(*command, status=1, env={"PORT": free_port()})
    assert result.stderr.count("error:") == 1
    assert f"annotation file: {tmp_path}/hmdb51_train_split_1_videos.txt" in result.stderr
    assert "made by: bash tools/data/hmdb51/prepare.sh" in result.stderr
    assert "made by: bash tools/train_ip_tsn.sh hmdb51 1" in result.stderr
    for noise in ("elastic", "Traceback", "exitcode"):
        assert noise not in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("dist_train.sh", []),
        ("dist_train.sh", ["c.py"]),
        ("dist_train.sh", ["c.py", "all"]),
        ("dist_test.sh", []),
        ("dist_test.sh", ["c.py", "e.pth"]),
    ],
)
def test_without_arguments_there_is_a_usage(tmp_path: Path, script, arguments) -> None:
    command = ["bash", str(ROOT / "tools" / script), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode != 0
    assert f"usage: bash tools/{script} CONFIG" in result.stderr
