"""What the metafiles say of each model is what it costs, and counting it costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcondense.apis.flops import build_model, count, make_inputs, with_size, write_clip
from mmcondense.apis.model_card import model_card

ROOT = Path(__file__).resolve().parents[2]
METAFILES = sorted(ROOT.glob("configs/*/metafile.yml"))
# of videos that a made-up one is none of
READS_PREPARED_FLOW = {"avd_flow_ucf101", "avd_flow_hmdb51"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("card") / "clip.mp4")


@pytest.mark.parametrize("metafile", METAFILES, ids=[path.parent.name for path in METAFILES])
def test_metafiles_say_what_models_cost(metafile, clip):
    said, counted = {}, {}
    for entry in yaml.safe_load(metafile.read_text())["Models"]:
        name, metadata = entry["Name"], entry["Metadata"]
        said[name] = {key: metadata.get(key) for key in ("FLOPs", "Parameters")}
        if name in READS_PREPARED_FLOW:
            assert said.pop(name) == {"FLOPs": None, "Parameters": None}
            continue
        cfg = Config.fromfile(ROOT / entry["Config"])
        with DefaultScope.overwrite_default_scope("mmaction"):
            counted[name] = model_card(cfg, resolution=metadata["Resolution"], video=clip)
    assert said == counted


def test_it_is_what_get_flops_counts(clip):
    cfg = Config.fromfile(ROOT / "configs/ipts/ip_tsn_synthetic.py")
    with DefaultScope.overwrite_default_scope("mmaction"):
        card = model_card(cfg, resolution="112x112", video=clip)
        model = build_model(cfg)
        with torch.no_grad():
            counts = count(model, with_size(make_inputs(cfg, model, video=clip), [112]))
    assert float(card["FLOPs"].rstrip("G")) == pytest.approx(counts["flops"] / 1e9, rel=0.015)
    assert float(card["Parameters"].rstrip("M")) == pytest.approx(counts["params"] / 1e6, rel=0.005)
