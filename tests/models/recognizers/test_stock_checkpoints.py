"""Checkpoints of MMAction2's model zoo, made up here from stock configs, through ``load_from``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import mmcondense

MIXING = Path(mmcondense.__file__).resolve().parents[1] / "configs" / "mixing"
TSN = "mmaction::recognition/tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb.py"
SMALL = {"depth": 18, "pretrained": None}


def stock_model(tmp_path: Path) -> tuple[torch.nn.Module, dict]:
    """A stock TSN of other random weights than its wrapper's, and its config's ``model``."""
    (tmp_path / "stock.py").write_text(f"_base_ = {TSN!r}\n")
    cfg = Config.fromfile(tmp_path / "stock.py").model.to_dict()
    cfg["backbone"].update(SMALL)
    cfg["cls_head"]["in_channels"] = 512
    init_default_scope("mmaction")
    return MODELS.build(cfg), cfg


def wrapped(stock_cfg: dict, tmp_path: Path, checkpoint: Path, **changes) -> Runner:
    """The recipe's runner around the same small network, after ``load_from``."""
    cfg = Config.fromfile(MIXING / "dynamic_image_tsn_kinetics400.py")
    cfg.model.recognizer = stock_cfg
    cfg.model.update(changes)
    runner = Runner(
        model=cfg.model.to_dict(),
        work_dir=str(tmp_path),
        default_scope="mmaction",
        load_from=str(checkpoint),
        experiment_name=checkpoint.stem + tmp_path.name,
    )
    runner.load_or_resume()
    return runner


def save(weights: dict, path: Path) -> Path:
    torch.save(dict(meta={}, state_dict=weights), path)
    return path


def test_a_stock_checkpoint_fills_the_recognizer(tmp_path: Path, capsys) -> None:
    stock, cfg = stock_model(tmp_path)
    weights = stock.state_dict()
    assert {name.split(".")[0] for name in weights} == {"backbone", "cls_head"}
    checkpoint = save(weights, tmp_path / "stock.pth")
    model = wrapped(cfg, tmp_path, checkpoint).model
    loaded = model.recognizer.state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name].cpu(), weights[name]) for name in weights)
    assert "do not match exactly" not in capsys.readouterr().out

    again = save(model.state_dict(), tmp_path / "wrapped.pth")  # under its own names
    loaded = wrapped(cfg, tmp_path, again).model.recognizer.state_dict()
    assert all(torch.equal(loaded[name].cpu(), weights[name]) for name in weights)


def test_what_stays_random_is_listed(tmp_path: Path, capsys) -> None:
    stock, cfg = stock_model(tmp_path)
    weights = stock.state_dict()
    del weights["backbone.conv1.conv.weight"]
    weights["neck.weight"] = torch.zeros(1)
    checkpoint = save(weights, tmp_path / "partial.pth")
    cfg["cls_head"]["num_classes"] = 7
    condenser = dict(
        type="TemporalAttention",
        num_kept=2,
        extractor=dict(type="ResNet", depth=18),
        extractor_channels=512,
    )
    runner = wrapped(cfg, tmp_path, checkpoint, condenser=condenser)
    printed = capsys.readouterr().out
    report = printed[printed.index("do not match exactly") :]
    missing = report.split("missing keys in source state_dict: ")[1].split("\n")[0].split(", ")
    own = [
        name
        for name in runner.model.state_dict()
        if name.startswith("condenser.") and not name.endswith("num_batches_tracked")
    ]
    assert sorted(missing) == sorted([*own, "recognizer.backbone.conv1.conv.weight"])
    assert "unexpected key in source state_dict: recognizer.neck.weight" in report
    assert "size mismatch for recognizer.cls_head.fc_cls.weight" in report


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    _, cfg = stock_model(tmp_path)
    checkpoint = save({"layer1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="plain Recognizer2D like this one"):
        wrapped(cfg, tmp_path, checkpoint)


def test_a_distilled_recognizer_has_the_stock_names(tmp_path: Path) -> None:
    stock, cfg = stock_model(tmp_path)
    student = dict(
        cfg,
        type="DistilledRecognizer2D",
        teacher=dict(recognizer=cfg, checkpoint="none"),
        soft_label_loss=dict(type="SoftLabelLoss"),
    )
    assert MODELS.build(student).state_dict().keys() == stock.state_dict().keys()
