"""What configs/tsd promises: learning rates, stages, and three lines in front of a stock config."""

from __future__ import annotations

import re
from pathlib import Path

import mmaction
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

import mmcondense

CONFIGS = Path(mmcondense.__file__).resolve().parents[1] / "configs" / "tsd"
STOCK = (  # configs travel in MMAction2's wheel
    Path(mmaction.__file__).parent
    / ".mim/configs/recognition/i3d/i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_kinetics400-rgb.py"
)


def without_weights(cfg: dict) -> dict:
    for key, value in cfg.items():
        if isinstance(value, dict):
            without_weights(value)
        elif key in ("pretrained", "pretrained2d"):
            cfg[key] = None
    return cfg


def test_readmes_three_lines_put_tsd_before_a_stock_config(tmp_path):
    readme = (CONFIGS / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```text\n(_base_ = .*?)```", readme, re.DOTALL)
    base, *added = block.splitlines()
    assert len(added) == 3
    assert STOCK.name in base
    path = tmp_path / "tsd_before_stock.py"
    path.write_text(f"_base_ = {str(STOCK)!r}\n" + "\n".join(added))
    cfg = Config.fromfile(path)
    assert cfg.custom_imports.imports == ["mmcondense"]

    cfg.model.condenser.extractor_size = 64  # a quarter of the time
    init_default_scope("mmaction")
    model = MODELS.build(without_weights(cfg.model.to_dict()))
    model.init_weights()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    clip_len = cfg.train_pipeline[1].clip_len
    images = torch.randint(0, 256, (1, 3, clip_len, 64, 64), dtype=torch.uint8)
    batch = dict(inputs=[images], data_samples=[ActionDataSample().set_gt_label(3)])
    gamma = model.condenser.block.gamma.weight
    before = gamma.detach().clone()
    logs = model.train().train_step(batch, optim_wrapper)
    assert torch.isfinite(logs["loss"])
    assert not torch.equal(gamma, before)
    assert model.condense(torch.zeros(1, 1, 3, clip_len, 32, 32)).shape == (1, 1, 3, 8, 32, 32)
    assert model.frame_mean.flatten().tolist() == pytest.approx([123.675, 116.28, 103.53])


@pytest.fixture
def cell(monkeypatch):
    """``cell(config, T=20, TS=5, ...)``: a config of Tables 2 to 4 under TSD_T=20, TSD_TS=5, ..."""

    def load(name: str, **env: object) -> Config:
        for key in ("T", "TS", "METHOD", "STAGE", "Q"):
            monkeypatch.delenv(f"TSD_{key}", raising=False)
        for key, value in env.items():
            monkeypatch.setenv(f"TSD_{key}", str(value))
        return Config.fromfile(CONFIGS / f"{name}.py")

    return load


TABLE = "i3d_table2_kinetics400"


@pytest.mark.parametrize("lengths", ["80to40", "80to20"])
@pytest.mark.parametrize("stage", [1, 2])
def test_a_cell_of_the_environment_is_the_config_of_that_name(cell, lengths, stage):
    num_frames, num_distilled = map(int, lengths.split("to"))
    found = cell(TABLE, T=num_frames, TS=num_distilled, STAGE=stage)
    name = f"tsd_i3d_{lengths}_{'stage1_' if stage == 1 else ''}kinetics400"
    named = Config.fromfile(CONFIGS / f"{name}.py")
    assert found.work_dir == f"work_dirs/{name}"  # that one's by default
    assert {"freeze_recognizer": False, **named.model.to_dict()} == found.model.to_dict()
    for key in ("load_from", "optim_wrapper", "param_scheduler", "train_cfg", "val_dataloader"):
        assert named.get(key) == found.get(key)
    assert named.train_dataloader == found.train_dataloader


@pytest.mark.parametrize("method", ["tsd", "uniform", "random", "attention"])
def test_a_row_on_ucf101_starts_from_its_own_training_on_kinetics(cell, method):
    env = dict(METHOD=method, T=40, TS=10)
    before, after = cell(TABLE, **env), cell("tsd_i3d_80to20_ucf101", **env)
    assert after.model.condenser.type == before.model.condenser.type
    assert after.test_dataloader.dataset.pipeline[1].num_clips == 1
    assert after.train_dataloader.dataset.pipeline[1].clip_len == 40
    if method in ("tsd", "attention"):
        assert after.load_from == f"{before.work_dir}/final.pth"
        assert after.model.recognizer.backbone.pretrained is None
    else:  # what learns is I3D alone, whose weights are public
        assert after.load_from is None
        assert after.model.recognizer.backbone.pretrained == "checkpoints/rgb_imagenet.pt"


@pytest.mark.parametrize("lengths", ["80to40", "80to20", "40to10", "20to5", "10to5"])
def test_the_two_stages_follow_section_4_2(cell, lengths):
    num_frames, num_distilled = map(int, lengths.split("to"))
    first, second = (cell(TABLE, T=num_frames, TS=num_distilled, STAGE=s) for s in (1, 2))
    for cfg in (first, second):
        assert cfg.model.condenser.num_frames == num_frames
        assert cfg.model.condenser.num_distilled == num_distilled
        for loader in (cfg.train_dataloader, cfg.test_dataloader):
            assert loader.dataset.pipeline[1].clip_len == num_frames
        assert cfg.test_dataloader.dataset.pipeline[1].num_clips == 3
    assert first.model.freeze_recognizer
    assert not second.model.get("freeze_recognizer")
    assert second.load_from == f"{first.work_dir}/final.pth"
    assert first.work_dir != second.work_dir
    assert (first.train_cfg.max_iters, first.optim_wrapper.optimizer.lr) == (50000, 0.1)
    (steps,) = first.param_scheduler
    assert (steps.milestones, steps.gamma) == ([10000, 20000, 30000, 40000], 0.1)
    (steps,) = second.param_scheduler
    assert (second.optim_wrapper.optimizer.lr, steps.step_size, steps.gamma) == (0.01, 30000, 0.3)


def test_the_last_layer_learns_ten_times_as_fast_on_ucf101():
    cfg = Config.fromfile(CONFIGS / "tsd_i3d_80to20_ucf101.py")
    init_default_scope("mmaction")
    model = MODELS.build(without_weights(cfg.model.to_dict()))
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rates = {names[id(group["params"][0])]: group["lr"] for group in groups}
    logits = {f"recognizer.cls_head.logits.conv3d.{kind}" for kind in ("weight", "bias")}
    assert {name for name, rate in rates.items() if rate == pytest.approx(0.01)} == logits
    assert {rate for name, rate in rates.items() if name not in logits} == {0.001}
