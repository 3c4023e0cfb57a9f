"""A small TSD, and the two networks it is exported to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope

from mmcondense.models.recognizers import CondenseRecognizer

CLIP_SHAPE = (6, 32, 48)  # T, H, W


def small_model() -> CondenseRecognizer:
    """6 frames become 2; random weights with which P is far from uniform."""
    torch.manual_seed(0)
    net = dict(type="ResNet2D3D", in_channels=3, data_bn=False, base_channels=4)
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(
            dict(
                type="CondenseRecognizer",
                condenser=dict(
                    type="TemporalSequenceDistillation",
                    num_frames=6,
                    num_distilled=2,
                    extractor=dict(**net, inflate_from=None),
                    extractor_channels=32,
                    extractor_size=64,
                    init_std=0.2,
                ),
                recognizer=dict(
                    type="Recognizer3D",
                    backbone=dict(**net, inflate_from=3),
                    cls_head=dict(
                        type="I3DHead",
                        num_classes=5,
                        in_channels=32,
                        init_std=1.0,
                        average_clips="prob",
                    ),
                ),
            )
        )
    model.init_weights()
    return model.eval()


@pytest.fixture(scope="session")
def model() -> CondenseRecognizer:
    return small_model()


@pytest.fixture(scope="session")
def halves(model: CondenseRecognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with client.onnx and cloud.onnx."""
    pytest.importorskip("onnx", reason="needs the extra deploy")
    pytest.importorskip("onnxruntime", reason="needs the extra deploy")
    from mmcondense.apis.export import export_halves

    folder = tmp_path_factory.mktemp("halves")
    export_halves(model, folder, clip_shape=CLIP_SHAPE)
    return folder
