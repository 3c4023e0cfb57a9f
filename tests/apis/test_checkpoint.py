"""Scripts and inferencers on a checkpoint of another model, and on one that fits."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.apis import ActionRecogInferencer
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import encode_frames
from mmcondense.apis.checkpoint import load_recognizer

ROOT = Path(__file__).resolve().parents[2]


def checkpoint_of(config: str, path: Path) -> Path:
    cfg = Config.fromfile(ROOT / "configs" / config)
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(cfg.model)
    torch.save(dict(meta={}, state_dict=model.state_dict()), path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> SimpleNamespace:
    """Checkpoints of an IP-TSN and of an ATTP without weights of others, and a clip."""
    folder = tmp_path_factory.mktemp("checkpoints")
    ip_tsn = checkpoint_of("ipts/ip_tsn_synthetic.py", folder / "ip_tsn.pth")
    attp = checkpoint_of("attp/attp_fights.py", folder / "attp.pth")
    frames = np.random.default_rng(0).integers(0, 256, (30, 112, 112, 3)).astype(np.uint8)
    encode_frames(folder / "clip.mp4", frames)
    return SimpleNamespace(ip_tsn=ip_tsn, attp=attp, clip=folder / "clip.mp4")


CONFIG = ROOT / "configs/ipts/ip_tsn_synthetic.py"


def test_a_models_own_checkpoint_is_loaded(files):
    cfg = Config.fromfile(CONFIG)
    model = load_recognizer(copy.deepcopy(cfg), str(files.ip_tsn), device="cpu")
    weights = torch.load(files.ip_tsn)["state_dict"]
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    with pytest.raises(SystemExit, match=r"attp.pth is no checkpoint of this model: \d+ of the"):
        load_recognizer(cfg, str(files.attp), device="cpu")


@pytest.mark.parametrize("tool", ["deployment/export.py", "visualizations/browse_dataset.py"])
def test_tools_refuse_another_models_checkpoint(files, tmp_path, capsys, tool):
    import importlib.util

    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools" / tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if "export" in tool:
        arguments = [str(ROOT / "configs/attp/attp_fights.py"), str(files.ip_tsn)]
        assert module.main([*arguments, str(tmp_path / "attp.onnx")]) == 1
        assert "is no checkpoint of this model" in capsys.readouterr().err
    else:
        (tmp_path / "train.txt").write_text(f"{files.clip} 0\n")
        arguments = [str(CONFIG), "--checkpoint", str(files.attp), "--out", str(tmp_path / "out")]
        arguments += ["--device", "cpu", "--cfg-options"]
        arguments.append(f"train_dataloader.dataset.data_root={tmp_path}")
        with pytest.raises(SystemExit, match="is no checkpoint of this model"):
            module.main(arguments)
    assert not list(tmp_path.rglob("*.onnx*"))


def test_mmactions_inferencer_runs_on_our_configs_and_refuses_what_does_not_fit(files):
    """Whose collate functions are dicts: only so does the Runner take them."""
    assert isinstance(Config.fromfile(CONFIG).test_dataloader.collate_fn, dict)
    inferencer = ActionRecogInferencer(str(CONFIG), weights=str(files.ip_tsn), device="cpu")
    (prediction,) = inferencer(str(files.clip))["predictions"]
    assert len(prediction["pred_scores"]) == 8
    assert sum(prediction["pred_scores"]) == pytest.approx(1, abs=1e-4)
    with pytest.raises(ValueError, match="is no checkpoint of this model"):
        ActionRecogInferencer(str(CONFIG), weights=str(files.attp), device="cpu")
