"""Every distinct training recipe under DDP: two forked processes take two steps together.

DDP notices in the second step which parameters had no gradient in the first; equal weights on
unequal clips need exchanged gradients.
"""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import socket
import traceback
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from tests.test_configs import CONFIGS, NAMES, load_batch, make_teachers, shrink
from tests.test_configs import tiny_videos as tiny_videos  # a fixture

NUM_STEPS = 2
NUM_PARTS = 8
LEFT_OUT = (  # sizes, names and what has no part in training
    *("average_clips", "data_preprocessor", "dropout_ratio", "init_cfg", "test_cfg", "topk"),
    *("train_cfg", "base_channels", "channels", "num_blocks", "kernel_size", "frozen_stages"),
    *("image_size", "extractor_size", "freeze_bn", "data_bn", "out_indices", "conv_cfg"),
)
fork = multiprocessing.get_context("fork")


def recipe(value: Any) -> Any:
    """What decides which parameters learn: types, switches, and which weights are 0; no sizes."""
    if isinstance(value, dict):
        return {
            key: recipe(item)
            for key, item in sorted(value.items())
            if key not in LEFT_OUT and item is not None and (key == "type" or type(item) is not str)
        }
    if isinstance(value, list | tuple):
        return [recipe(item) for item in value if isinstance(item, dict)]
    return bool(value) if isinstance(value, int | float) else value


def all_recipes() -> dict[str, list[str]]:
    """The configs of each recipe."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        cfg = Config.fromfile(CONFIGS / name)
        parts = [recipe(shrink(cfg.model.to_dict())), cfg.get("find_unused_parameters")]
        found.setdefault(json.dumps(parts), []).append(name)
    return found


def train(rank: int, cfg: Config, model: torch.nn.Module, batch: dict) -> dict[str, int]:
    """A sum of each weight after a few steps, wrapped and trained as the Runner does."""
    runner = SimpleNamespace(distributed=True, cfg=cfg)
    wrapped = Runner.wrap_model(runner, cfg.get("model_wrapper_cfg"), model)
    optim_wrapper = build_optim_wrapper(wrapped, cfg.optim_wrapper)
    wrapped.train()
    if rank:  # other clips than rank 0's
        batch = dict(batch, data_samples=batch["data_samples"][::-1])
    for _ in range(NUM_STEPS):
        wrapped.train_step(copy.deepcopy(batch), optim_wrapper)
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    assert all(weight.isfinite().all() for weight in weights.values())
    return {name: zlib.crc32(weight.numpy().tobytes()) for name, weight in weights.items()}


@torch.no_grad()
def settle_batch_norm(model: torch.nn.Module, batch: dict) -> None:
    """Give BatchNorm that is about to be frozen statistics that fit the random weights."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    model(**model.data_preprocessor(copy.deepcopy(batch), True), mode="loss")
    for norm in norms:
        norm.running_var.clamp_(min=0.1)  # of channels that are the same everywhere


def prepare(name: str, videos: Path, folder: Path) -> tuple[Config, torch.nn.Module, dict]:
    """Config, model and batch of a recipe; both ranks start from them."""
    torch.manual_seed(0)
    cfg = Config.fromfile(CONFIGS / name)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model_cfg = shrink(cfg.model.to_dict())
        make_teachers(model_cfg, folder)
        model = MODELS.build(model_cfg)
        model.init_weights()
        cfg.optim_wrapper.type = "OptimWrapper"  # AmpOptimWrapper asks for a GPU
        batch = load_batch(cfg, "train_dataloader", videos)
        if any(getattr(module, "partial_bn", False) for module in model.modules()):
            settle_batch_norm(model, batch)
            cfg.optim_wrapper.optimizer.lr *= 0.01  # which frozen statistics would not bear
        return cfg, model, batch


def run_rank(rank: int, port: str, recipes: list[tuple], folder: Path) -> None:
    torch.set_num_threads(1)  # the parent's threads do not survive a fork
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port, LOCAL_RANK=str(rank))
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    for number, (cfg, model, batch) in enumerate(recipes):
        torch.manual_seed(0)
        try:
            with DefaultScope.overwrite_default_scope(cfg.default_scope):
                result: dict[str, int] | str = train(rank, cfg, model, batch)
        except Exception:
            result = "".join(traceback.format_exc().splitlines()[-1:])
        (folder / f"{number}_{rank}.json").write_text(json.dumps(result))
        torch.distributed.barrier()
    os._exit(0)


@pytest.fixture(scope="module")
def recipes() -> list[str]:
    return [names[0] for names in all_recipes().values()]


@pytest.mark.parametrize("part", range(NUM_PARTS))
def test_two_processes_take_two_steps_together(
    part: int, recipes: list[str], tiny_videos: Path, tmp_path: Path
) -> None:
    names = recipes[part::NUM_PARTS]
    assert len(names) > 3
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = str(server.getsockname()[1])
    prepared = [prepare(name, tiny_videos, tmp_path) for name in names]
    arguments = (port, prepared, tmp_path)
    processes = [fork.Process(target=run_rank, args=(rank, *arguments)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    wrong = []
    for number, name in enumerate(names):
        files = [tmp_path / f"{number}_{rank}.json" for rank in (0, 1)]
        first, second = (json.loads(file.read_text()) for file in files)
        failures = [result for result in (first, second) if isinstance(result, str)]
        if failures:
            wrong.append(f"{name}: {failures[0]}")
        else:
            differ = [key for key, value in first.items() if second[key] != value]
            wrong += [f"{name}: ranks differ in {differ}"] if differ else []
    assert not wrong, "\n".join(wrong)
