from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope

from mmcondense.apis.attp_export import export_step

pytest.importorskip("onnx", reason="needs the extra deploy")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra deploy")
CLASSES, CHANNELS, SIDE = 4, 64, 64


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    backbones = {
        name: dict(type="ResNet2D3D", in_channels=channels, inflate_from=None, base_channels=8)
        for name, channels in dict(iframe=3, motion=2, residual=3).items()
    }
    head = dict(
        type="TemporalPoolingHead",
        num_classes=CLASSES,
        in_channels=CHANNELS,
        pooling=dict(type="TrilinearPooling", in_channels=CHANNELS, out_channels=32),
    )
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(dict(type="ATTP", backbones=backbones, cls_head=head))
        model.init_weights()
    return model.eval()


def test_a_video_gop_by_gop_has_the_scores_of_the_whole(model, tmp_path):
    path = tmp_path / "attp.onnx"
    assert export_step(model, path, height=SIDE, width=SIDE) < 1e-4
    assert [file.name for file in tmp_path.iterdir()] == ["attp.onnx"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    torch.manual_seed(1)
    inputs = {
        name: torch.randn(1, 3, channels, SIDE, SIDE)
        for name, channels in dict(iframe=3, motion=2, residual=3).items()
    }
    with torch.no_grad():
        expected, _ = model.extract_feat(inputs, stage="head")
        neighbour = model.iframe_backbone(inputs["iframe"][:, 1])  # of the first GOP: the second
    for gop in range(3):
        feed = {name: x[:, gop].numpy() for name, x in inputs.items()}
        scores, iframe_map = session.run(None, dict(feed, neighbour=neighbour.numpy()))
        torch.testing.assert_close(torch.from_numpy(scores[0]), expected[gop], rtol=0, atol=1e-4)
        neighbour = torch.from_numpy(iframe_map)


def test_a_file_that_differs_is_not_left(model, tmp_path):
    with pytest.raises(ValueError, match=r"attp\.onnx differs from PyTorch by"):
        export_step(model, tmp_path / "attp.onnx", height=SIDE, width=SIDE, tolerance=0.0)
    assert not list(tmp_path.iterdir())
