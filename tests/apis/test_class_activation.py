"""Class-activation maps of networks whose weights are set by hand: where and when."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope
from torch import Tensor, nn

pytest.importorskip("pytorch_grad_cam", reason="needs the extra cam")

from mmcondense.apis.class_activation import StreamInput, activation_maps, streams_of
from mmcondense.apis.inference_inputs import UsageError

H, W, S = 16, 24, 4


class _Directions(nn.Module):
    """Feature 0: how much moves to the right, feature 1: to the left; at half the resolution."""

    def __init__(self, *, axes: int) -> None:
        super().__init__()
        conv, pool = (nn.Conv3d, nn.AvgPool3d) if axes == 3 else (nn.Conv2d, nn.AvgPool2d)
        self.direction = conv(5, 2, 1, bias=False)
        weight = torch.zeros_like(self.direction.weight)
        weight[0, 0], weight[1, 0] = 1, -1
        self.direction.weight.data = weight
        self.pool = pool((1, 2, 2) if axes == 3 else 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.direction(x).relu())

    def init_weights(self) -> None:
        pass


def recognizer(*, axes: int) -> nn.Module:
    with DefaultScope.overwrite_default_scope("mmaction"):
        head = dict(type="I3DHead" if axes == 3 else "TSNHead", num_classes=2, in_channels=2)
        model = MODELS.build(
            dict(
                type=f"Recognizer{axes}D",
                backbone=dict(type="ResNet2D3D", inflate_from=3 if axes == 3 else None),
                cls_head=head,
                data_preprocessor=dict(type="ActionDataPreprocessor"),
            )
        )
    model.backbone = _Directions(axes=axes)
    model.cls_head.fc_cls.weight.data = torch.eye(2)
    model.cls_head.fc_cls.bias.data.zero_()
    return model.eval()


def moving(*, axes: int) -> Tensor:
    """A square of 8x8 moves to the right in frames 2 and 3, twice as fast in 3; [1, ...]."""
    clip = torch.zeros(S, 5, H, W)
    clip[2, 0, 4:12, 8:16] = 1
    clip[3, 0, 4:12, 8:16] = 2
    return clip.transpose(0, 1)[None, None] if axes == 3 else clip[None]


@pytest.mark.parametrize("method", ["gradcam", "hirescam", "layercam"])
@pytest.mark.parametrize("axes", [2, 3])
def test_maps_lie_on_what_moves_when_it_moves(axes, method):
    stream = StreamInput(recognizer(axes=axes), moving(axes=axes), "rgb")
    maps = activation_maps(stream, 0, method=method)
    assert maps.shape == (S, H, W)
    assert maps.dtype == np.float32
    assert maps[:2].max() == 0  # nothing moves yet
    assert maps[3].max() == 1
    np.testing.assert_allclose(maps[2], maps[3] / 2, atol=1e-6)  # one scale for all frames
    inside = np.zeros((H, W), bool)
    inside[4:12, 8:16] = True
    assert maps[3][inside].mean() > 0.85
    assert maps[3][inside].sum() / maps[3].sum() > 0.85  # the rest is interpolation at its edge
    assert activation_maps(stream, 1, method=method).max() == 0  # nothing moves to the left


def test_a_layer_by_its_name_and_time_that_is_interpolated():
    model = recognizer(axes=3)
    model.backbone.pool = nn.AvgPool3d((2, 2, 2))
    coarse = activation_maps(StreamInput(model, moving(axes=3), "rgb"), 0)
    assert coarse.shape == (S, H, W)
    assert coarse[0].max() == 0
    assert 0 < coarse[1].max() < coarse[3].max()
    fine = activation_maps(StreamInput(model, moving(axes=3), "rgb"), 0, layer="direction")
    expected = moving(axes=3)[0, 0, 0].numpy() / 2
    np.testing.assert_allclose(fine, expected, atol=1e-6)
    with pytest.raises(UsageError, match=r"no layer 'conv9'; some of its layers: \['direction'"):
        activation_maps(StreamInput(model, moving(axes=3), "rgb"), 0, layer="conv9")
    with pytest.raises(ValueError, match="method='scorecam', allowed is one of"):
        activation_maps(StreamInput(model, moving(axes=3), "rgb"), 0, method="scorecam")


def test_an_output_without_a_place_is_refused():
    model = recognizer(axes=2)
    model.backbone.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(-3))
    model.cls_head.avg_pool = None
    with pytest.raises(UsageError, match="the backbone returns no feature map with a place"):
        activation_maps(StreamInput(model, moving(axes=2), "rgb"), 0)


def test_gradients_and_hooks_are_gone_afterwards():
    model = recognizer(axes=2)
    with torch.no_grad():
        activation_maps(StreamInput(model, moving(axes=2), "rgb"), 0)
    assert not model.backbone._forward_hooks
    assert not model.training


def test_streams_and_what_has_none():
    whole = recognizer(axes=3)
    sample = dict(inputs=[moving(axes=3)[0].to(torch.uint8)], data_samples=[])
    ((name, stream),) = streams_of(whole, sample).items()
    assert (name, stream.modality, stream.is_3d) == ("frames", "rgb", True)
    other = SimpleNamespace(data_preprocessor=lambda data, _: data)
    with pytest.raises(UsageError, match="SimpleNamespace is no recognizer of frames"):
        streams_of(other, sample)
