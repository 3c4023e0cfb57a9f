"""Small models on a handful of generated clips, to try the tools on in seconds.

``tiny_config`` is a stock MMAction2 recognizer on raw frames; ``synthetic_options`` turn the
synthetic configs to a small set.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmcondense.datasets.synthetic import make_synthetic

ROOT = Path(__file__).resolve().parents[2]
SIDE, NUM_FRAMES = 32, 4

CONFIG = """
custom_imports = dict(imports=['mmcondense', {extra_imports}], allow_failed_imports=False)
default_scope = 'mmaction'
model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18, norm_eval=False,
                  norm_cfg=dict(type='BN', momentum=0.5, requires_grad=True)),
    cls_head=dict(type='TSNHead', num_classes=2, in_channels=512, dropout_ratio=0.0,
                  consensus=dict(type='AvgConsensus', dim=1), average_clips='prob'),
    data_preprocessor=dict(type='ActionDataPreprocessor', mean=[127.5] * 3, std=[64.0] * 3,
                           format_shape='NCHW'))
pipeline = [
    dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=2, test_mode=True),
    dict(type='RawFrameDecode'),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('frame_dir',))]
dataset = dict(type='RawframeDataset', pipeline=pipeline, data_prefix=dict(img='{data}'),
               filename_tmpl='img_{{:05}}.jpg')
train_dataloader = dict(batch_size=4, num_workers=0,
                        sampler=dict(type='DefaultSampler', shuffle=True),
                        dataset=dict(ann_file='{data}/train.txt', **dataset))
val_dataloader = dict(batch_size=4, num_workers=0,
                      sampler=dict(type='DefaultSampler', shuffle=False),
                      dataset=dict(ann_file='{data}/val.txt', test_mode=True, **dataset))
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(type='AccMetric')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3, val_interval=3)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.002, momentum=0.9))
auto_scale_lr = dict(enable=False, base_batch_size=4)
default_hooks = dict(logger=dict(type='LoggerHook', interval=1),
                     checkpoint=dict(type='CheckpointHook', interval=1))
custom_hooks = [dict(type='ExactResumeHook'), {extra_hooks}]
env_cfg = dict(dist_cfg=dict(backend='nccl'))
"""

# Stands in for python: notes its arguments and what configs read from the environment, and leaves
# what a training or a test leaves, or dies after the first checkpoint of a training in $DIE_IN.
FAKE_PYTHON = """#!/usr/bin/env bash
echo "$*" >> "$CALLS"
for name in SPLIT CONDENSED PRETRAINED IFS_TERMS IFS_CHECKPOINT; do
    printf "$name=%s " "${!name:-}"
done >> "$CALLS.environment"
echo >> "$CALLS.environment"
arguments=("$@")
for i in "${!arguments[@]}"; do
    [[ ${arguments[i]} != --work-dir ]] || work_dir=${arguments[i + 1]}
    [[ ${arguments[i]} != --dump ]] || dump=${arguments[i + 1]}
    [[ ${arguments[i]} != --check ]] || exit 0
done
[[ -n ${work_dir:-} ]] || exit 0
if [[ -n ${dump:-} ]]; then
    touch "$dump"
    exit 0
fi
mkdir -p "$work_dir/20260101_000000/vis_data"
touch "$work_dir/epoch_1.pth"
echo "$work_dir/epoch_1.pth" > "$work_dir/last_checkpoint"
[[ $(basename "$work_dir") != "${DIE_IN:-}" ]] || kill -9 $$
printf '{"loss": 1.5}\\n{"acc/top1": 0.5}\\n' > "$work_dir/20260101_000000/vis_data/scalars.json"
touch "$work_dir/final.pth"
"""


@pytest.fixture
def calls_of(tmp_path: Path) -> Callable[..., list[list[str]]]:
    """``calls_of("train_ip_tsn.sh", ...)``: the words of each python command a script starts.

    Nothing is trained. The script runs in ``tmp_path``; keywords other than ``status`` are its
    environment. ``calls_of.environments`` then has what configs read from each command's.
    """
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    calls, environment = tmp_path / "calls", tmp_path / "calls.environment"

    def run(script: str, *arguments: str, status: int = 0, **env: str) -> list[list[str]]:
        calls.write_text("")
        environment.write_text("")
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        result = subprocess.run(
            ["bash", str(ROOT / "tools" / script), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "CALLS": str(calls), **env},
            capture_output=True,
            text=True,
            timeout=300,
        )
        run.environments = [
            dict(word.split("=", 1) for word in line.split())
            for line in environment.read_text().splitlines()
        ]
        assert result.returncode == status, result.stdout + result.stderr
        return [line.split() for line in calls.read_text().splitlines()]

    return run


@pytest.fixture(scope="session")
def tiny_frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with raw frames of 16 training and 8 validation clips; class 0 is dark, 1 bright."""
    folder = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(0)
    for split, num_clips in (("train", 16), ("val", 8)):
        lines = []
        for index in range(num_clips):
            label, name = index % 2, f"{split}{index}"
            (folder / name).mkdir()
            for frame in range(1, NUM_FRAMES + 1):
                image = rng.integers(0, 80, (SIDE, SIDE, 3)) + 120 * label
                cv2.imwrite(str(folder / name / f"img_{frame:05}.jpg"), image.astype(np.uint8))
            lines.append(f"{name} {NUM_FRAMES} {label}\n")
        (folder / f"{split}.txt").write_text("".join(lines))
    return folder


@pytest.fixture(scope="session")
def write_config(tiny_frames: Path) -> Callable[..., Path]:
    """``write_config(path)`` writes a config of 3 epochs of 4 iterations on ``tiny_frames``.

    A hook comes as source text: ``write_config(path, hook=source, hook_cfg="dict(type=...)")``
    puts it beside the config as module ``config_hook``, which needs the folder in PYTHONPATH.
    """

    def write(path: Path, *, hook: str = "", hook_cfg: str = "") -> Path:
        if hook:
            (path.parent / "config_hook.py").write_text(hook)
        imports = "'config_hook'" if hook else ""
        path.write_text(
            CONFIG.format(data=tiny_frames, extra_imports=imports, extra_hooks=hook_cfg)
        )
        return path

    return write


@pytest.fixture(scope="session")
def tiny_config(
    write_config: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Config file of a ResNet-18 on ``tiny_frames``."""
    return write_config(tmp_path_factory.mktemp("config") / "tiny.py")


def run_forked(command: list[str], **kwargs: Any) -> SimpleNamespace:
    """Stands in for ``subprocess.run`` of a Python script, or of git."""

    def call() -> None:
        sys.stdout, sys.stderr = kwargs["stdout"], kwargs["stderr"]  # not pytest's
        os.dup2(sys.stdout.fileno(), 1)
        os.dup2(sys.stderr.fileno(), 2)
        os.environ.update(kwargs["env"])
        torch.set_num_threads(1)  # the threads of a pool are not forked with it
        sys.argv = command[1:]
        runpy.run_path(command[1], run_name="__main__")

    if command[0] == "git":
        return SimpleNamespace(stdout="a commit\n")
    process = multiprocessing.get_context("fork").Process(target=call)
    process.start()
    process.join()
    return SimpleNamespace(returncode=process.exitcode)


@pytest.fixture(scope="session")
def killed() -> Callable[[Callable[[], object]], None]:
    """``killed(call)``: in a forked process and a session of its own, whose whole group somebody
    in it kills (``os.killpg(0, signal.SIGKILL)``) before the call is done."""

    def run(call: Callable[[], object]) -> None:
        def in_its_own_session() -> None:
            os.setsid()
            call()

        process = multiprocessing.get_context("fork").Process(target=in_its_own_session)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL

    return run


@pytest.fixture(scope="module")
def forked_tools(load_tool: Callable[[str], ModuleType]) -> Iterator[None]:
    """Benchmarks run their tools in forked processes, where importing everything anew takes longer
    than all of it."""
    load_tool("benchmarks/compare_condensers.py")  # so that it finds its neighbours
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["trainings"], "subprocess", SimpleNamespace(run=run_forked))
        yield


@pytest.fixture(scope="session")
def run_tool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``run_tool(*command)`` runs a command from the repository's root, on the CPU.

    ``python`` stands for the running interpreter. Expects exit status ``status`` (0 by default).
    """

    def run(
        *command: str | Path, status: int = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        binaries = Path(sys.executable).parent
        env = dict(env or {})
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), str(ROOT)]))
        result = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env={
                **os.environ,
                "CUDA_VISIBLE_DEVICES": "-1",
                "OMP_NUM_THREADS": "1",
                "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
                **env,
            },
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert result.returncode == status, result.stdout + result.stderr
        return result

    return run


@pytest.fixture(scope="session")
def load_tool() -> Callable[[str], ModuleType]:
    """``load_tool("data/extract_flow.py")`` imports a script of ``tools/`` without running it."""

    def load(path: str) -> ModuleType:
        name = f"tool_{Path(path).stem}"
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # worker processes look their functions up here
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def trained(
    run_tool: Callable, tiny_config: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Work dir of ``tiny_config`` after ``tools/train.py --seed 0``."""
    work_dir = tmp_path_factory.mktemp("trained")
    run_tool("python", "tools/train.py", tiny_config, "--work-dir", work_dir, "--seed", "0")
    return work_dir


@pytest.fixture(scope="session")
def synthetic_options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """``--cfg-options`` for the synthetic configs: one epoch on 16 clips, validation on 8."""
    folder = tmp_path_factory.mktemp("synthetic")
    make_synthetic(folder, num_train=16, num_val=8, num_frames=24, size=64, show_progress=False)
    options = ["--cfg-options", "train_cfg.max_epochs=1"]
    for split in ("train", "val", "test"):
        loader = f"{split}_dataloader"
        options += [
            *(f"{loader}.dataset.data_root={folder}", f"{loader}.batch_size=4"),
            *(f"{loader}.num_workers=0", f"{loader}.persistent_workers=False"),
        ]
    return options
