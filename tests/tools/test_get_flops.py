from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcondense.apis.flops import without_pretrained

TOOL = Path(__file__).resolve().parents[2] / "tools" / "analysis_tools" / "get_flops.py"


@pytest.fixture(scope="module")
def get_flops():
    spec = importlib.util.spec_from_file_location("get_flops", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ip_tsn_costs_what_the_paper_prints(run_tool):
    result = run_tool("python", TOOL, "configs/ipts/ip_tsn_hmdb51.py", "--json")
    counts = json.loads(result.stdout.splitlines()[-1])
    i_stream, p_stream = counts["parts"]["i_stream"], counts["parts"]["p_stream"]
    assert i_stream["flops"] / 1e9 == pytest.approx(185, rel=0.01)
    assert 33 < p_stream["flops"] / 1e9 <= 33.9
    assert counts["flops"] == i_stream["flops"] + p_stream["flops"]
    assert p_stream["params"] == 36_086_474 + 51 * 513
    assert counts["params"] == i_stream["params"] + p_stream["params"]
    assert "motion: [1, 1, 2, 16, 224, 224]" in result.stdout


def test_a_stock_recognizer_of_one_input(run_tool, tiny_config):
    shape = ["--shape", "2", "3", "224", "224"]
    result = run_tool("python", TOOL, tiny_config, *shape, "--json")
    counts = json.loads(result.stdout.splitlines()[-1])
    assert counts["flops"] / 1e9 == pytest.approx(2 * 1.81, rel=0.01)  # two frames of ResNet-18
    pooling = 2 * 7 * 7 * 512  # one addition per element
    assert counts["parts"]["cls_head"] == dict(flops=pooling + 2 * 512, params=2 * 513)


def test_a_multiply_add_counts_once(get_flops):
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(
            dict(
                type="Recognizer2D",
                backbone=dict(type="ResNet2D3D", in_channels=3, inflate_from=None, data_bn=False),
                cls_head=dict(type="TSNHead", num_classes=7, in_channels=512),
            )
        ).eval()
    flops = get_flops.count(model, torch.zeros(1, 1, 3, 32, 32))
    # 3x7x7 taps for 64 x 16x16 outputs, then blocks at 8x8 and below, by hand
    conv1 = 16 * 16 * 64 * 3 * 49
    layer1 = 4 * 8 * 8 * 64 * 64 * 9
    layers = sum(
        side**2 * (c // 2 * c * 9 + 3 * c * c * 9 + c // 2 * c)
        for side, c in ((4, 128), (2, 256), (1, 512))
    )
    outputs = 16 * 16 * 64 + 4 * 8 * 8 * 64 + 5 * (4 * 4 * 128 + 2 * 2 * 256 + 512)
    batch_norm = 2 * outputs  # a factor and a summand per element
    assert flops["parts"]["backbone"]["flops"] == conv1 + layer1 + layers + batch_norm
    assert flops["parts"]["cls_head"]["flops"] == 512 + 7 * 512


def test_pretrained_weights_are_not_fetched():
    cfg = dict(
        backbone=dict(pretrained="torchvision://resnet18"), heads=[dict(pretrained="x", a=1)]
    )
    expected = dict(backbone=dict(pretrained=None), heads=[dict(pretrained=None, a=1)])
    assert without_pretrained(cfg) == expected


def test_size_replaces_height_and_width(get_flops):
    inputs = dict(iframe=torch.zeros(1, 2, 3, 8, 8), motion=torch.zeros(1, 1, 2, 2, 8, 8))
    resized = get_flops.with_size(inputs, [16])
    assert resized["iframe"].shape == (1, 2, 3, 16, 16)
    assert resized["motion"].shape == (1, 1, 2, 2, 16, 16)
    assert get_flops.with_size(inputs["iframe"], [4, 6]).shape == (1, 2, 3, 4, 6)


def test_shape_is_checked(run_tool):
    result = run_tool("python", TOOL, "x.py", "--shape", "1", "2", "3", status=2)
    assert "--shape has 3 numbers, but must have 1, 2, 4 or 5" in result.stderr


def test_attp_costs_what_the_paper_prints(get_flops):
    """23.4 M parameters for 51 classes, at most 3 G per GOP, with each I-frame seen once."""
    cfg = Config.fromfile(TOOL.parents[2] / "configs" / "attp" / "attp_hmdb51.py")
    cfg.test_dataloader.dataset.pipeline[0].num_gops = 3
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = get_flops.build_model(cfg)
        inputs = get_flops.make_inputs(cfg, model)
    assert list(inputs["iframe"].shape) == [1, 3, 3, 224, 224]
    with torch.no_grad():
        counts = get_flops.count(model, inputs)
    assert counts["params"] / 1e6 == pytest.approx(23.4, rel=0.01)
    assert counts["flops_per_gop"] == counts["flops"] // 3
    assert counts["flops_per_gop"] <= 3.0e9
    parts = counts["parts"]
    # not twice, although each I-frame serves two GOPs
    assert parts["iframe_backbone"]["flops"] == parts["residual_backbone"]["flops"]
    assert parts["cls_head"]["params"] == 3 * 1280 * 512 * 2 + 51 * 513
