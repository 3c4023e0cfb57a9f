from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope
from torch import nn

from mmcondense.models.backbones.feature_map_backbone import fit_input
from mmcondense.models.backbones.resnet2d3d import adapt_kernel

NETWORKS = {
    "mmaction": (dict(type="ResNet", depth=18), 512, 32),
    "mmpretrain": (dict(type="mmpretrain.EfficientNet", arch="b0"), 1280, 32),
    "timm": (dict(type="timm.mobilenetv3_small_050", pretrained=False), 288, 32),
    "torchvision": (dict(type="torchvision.mobilenet_v3_small"), 576, 32),
}


def build(backbone: dict, **kwargs):
    with DefaultScope.overwrite_default_scope("mmaction"):
        return MODELS.build(dict(type="FeatureMapBackbone", backbone=backbone, **kwargs))


@pytest.mark.parametrize("library", NETWORKS)
def test_every_library_gives_a_map_of_motion(library):
    backbone, channels, stride = NETWORKS[library]
    network = build(backbone, in_channels=2).eval()
    network.init_weights()
    with torch.no_grad():
        assert network(torch.zeros(1, 2, 64, 96)).shape == (1, channels, 64 // stride, 96 // stride)


def test_weights_for_rgb_are_adapted_when_loaded(tmp_path):
    torch.manual_seed(0)
    backbone = dict(type="mmpretrain.EfficientNet", arch="b0")
    rgb = build(backbone).net
    checkpoint = str(tmp_path / "rgb.pth")
    state = {f"backbone.{name}": value for name, value in rgb.state_dict().items()}
    torch.save(dict(state_dict=state), checkpoint)
    init_cfg = dict(type="Pretrained", checkpoint=checkpoint, prefix="backbone.")
    motion = build(dict(backbone, init_cfg=init_cfg), in_channels=2)
    motion.init_weights()
    for name, value in motion.net.state_dict().items():
        expected = rgb.state_dict()[name]
        if name == "layers.0.conv.weight":
            assert value.shape == (32, 2, 3, 3)
            expected = adapt_kernel(expected, value.shape)
        torch.testing.assert_close(value, expected)
    again = build(backbone, in_channels=2)  # its own weights stay what they are
    again.load_state_dict(motion.state_dict())
    torch.testing.assert_close(again.net.layers[0].conv.weight, motion.net.layers[0].conv.weight)


def test_what_is_no_map_is_refused():
    network = build(dict(type="ResNet", depth=18, out_indices=(2, 3))).eval()
    with pytest.raises(ValueError, match="returns 2 maps instead of one feature map"):
        network(torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match="Linear has no convolution to adapt to 2 inputs"):
        fit_input(nn.Linear(3, 3), 2)
