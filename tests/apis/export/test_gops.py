"""ATTP as a file that takes a video GOP by GOP."""

from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from mmcondense.apis.export import export_gops
from mmcondense.apis.inference_inputs import UsageError

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
    normalise = dict(type="ActionDataPreprocessor", format_shape="NCHW")
    preprocessors = {
        "iframe": dict(normalise, mean=[127.5] * 3, std=[64.0] * 3),
        "motion": dict(normalise, mean=[128.0] * 2, std=[32.0] * 2),
        "residual": dict(normalise, mean=[128.0] * 3, std=[64.0] * 3),
    }
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(
            dict(
                type="ATTP",
                backbones=backbones,
                cls_head=head,
                data_preprocessor=dict(
                    type="MultiModalDataPreprocessor", preprocessors=preprocessors
                ),
            )
        )
        model.init_weights()
    return model.eval()


def sample_of(seed: int) -> dict:
    """Three GOPs, as a pipeline packs them."""
    generator = torch.Generator().manual_seed(seed)
    shapes = dict(iframe=3, motion=2, residual=3)
    inputs = {
        name: torch.randint(0, 256, (3, channels, SIDE, SIDE), generator=generator).byte()
        for name, channels in shapes.items()
    }
    return dict(inputs=inputs, data_samples=ActionDataSample())


def test_a_video_gop_by_gop_has_the_scores_of_the_whole(model, tmp_path):
    path = tmp_path / "attp.onnx"
    assert export_gops(model, sample_of(0), path).difference < 1e-4
    assert [file.name for file in tmp_path.iterdir()] == ["attp.onnx"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["part"] == "gop"

    sample = sample_of(1)
    with torch.no_grad():
        batch = model.data_preprocessor(pseudo_collate([sample]), False)["inputs"]
        expected, _ = model.extract_feat(batch, stage="head")
        neighbour = model.iframe_backbone(batch["iframe"][:, 1])  # of the first GOP: the second
    for gop in range(3):
        feed = {name: x[gop : gop + 1].numpy() for name, x in sample["inputs"].items()}
        scores, iframe_map = session.run(None, dict(feed, neighbour=neighbour.numpy()))
        torch.testing.assert_close(torch.from_numpy(scores[0]), expected[gop], rtol=0, atol=1e-4)
        neighbour = torch.from_numpy(iframe_map)


def test_a_file_that_differs_is_not_left(model, tmp_path):
    with pytest.raises(UsageError, match=r"attp\.onnx differs from PyTorch by"):
        export_gops(model, sample_of(0), tmp_path / "attp.onnx", tolerance=-1.0)
    assert not list(tmp_path.iterdir())
