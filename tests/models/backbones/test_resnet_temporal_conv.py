from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet18

from mmcondense.models.backbones.resnet_temporal_conv import SpatioTemporalConv


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope("mmaction")
    torch.manual_seed(0)


def build(depth: int = 18, **settings):
    return MODELS.build(dict(type="ResNetTemporalConv", depth=depth, **settings))


def multiply_adds(model: nn.Module, *shape: int) -> float:
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(shape, device="meta"))
    return counter.get_total_flops() / 2


def test_flops_are_the_papers():
    """Table 5: 10 G for a frame and 98 G for a clip of 8, at 256 pixels."""
    with torch.device("meta"):
        frame, clip = MODELS.build(dict(type="ResNet", depth=101)), build(101)
    assert multiply_adds(frame, 1, 3, 256, 256) == pytest.approx(10.2e9, rel=0.02)
    assert multiply_adds(clip, 1, 3, 8, 256, 256) == pytest.approx(98e9, rel=0.03)


def test_the_temporal_convolution_is_a_3x1x1_convolution():
    conv = SpatioTemporalConv(nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False), num_frames=5)
    nn.init.normal_(conv.temporal.weight)
    x = torch.randn(2, 2, 5, 8, 8)
    reference = nn.functional.conv3d(
        nn.functional.conv3d(x, conv.weight[:, :, None], stride=(1, 2, 2), padding=(0, 1, 1)),
        conv.temporal.weight[..., None],
        padding=(1, 0, 0),
    )
    frames = conv(x.transpose(1, 2).flatten(0, 1))
    torch.testing.assert_close(frames.unflatten(0, (2, 5)).transpose(1, 2), reference)


def test_it_begins_as_the_2d_network(tmp_path):
    image_net = resnet18(num_classes=3).eval()
    for module in image_net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
    path = str(tmp_path / "resnet18.pth")
    torch.save(image_net.state_dict(), path)
    model = build(num_frames=3, pretrained=path)
    model.init_weights()
    model.eval()
    clip = torch.randn(2, 3, 3, 64, 64)
    image_net.avgpool = image_net.fc = nn.Identity()
    expected = torch.stack([image_net(frame) for frame in clip.unbind(2)])  # flattened
    feats = model(clip)
    assert feats.shape == (2, 512, 3, 2, 2)
    torch.testing.assert_close(
        feats, expected.unflatten(2, (512, 2, 2)).permute(1, 2, 0, 3, 4), rtol=1e-4, atol=1e-4
    )


def test_checkpoints_of_a_recognizer_and_of_its_own_load(tmp_path):
    stem = build(num_frames=2)
    stem.init_weights()
    weights = {name: w for name, w in stem.state_dict().items() if ".temporal." not in name}
    path = str(tmp_path / "tsn.pth")
    tsn = {f"backbone.{name}": w for name, w in weights.items()}
    torch.save(dict(state_dict={**tsn, "cls_head.fc_cls.weight": torch.ones(1)}), path)
    model = build(num_frames=2, pretrained=path)
    model.init_weights()
    for name, value in stem.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name

    nn.init.normal_(stem.layer3[0].conv2.conv.temporal.weight)
    torch.save(stem.state_dict(), path)
    model.init_weights()
    loaded = model.layer3[0].conv2.conv.temporal.weight
    assert torch.equal(loaded, stem.layer3[0].conv2.conv.temporal.weight)

    del weights["layer4.1.conv2.bn.weight"]
    torch.save(weights, path)
    with pytest.raises(ValueError, match=r"missing \['layer4.1.conv2.bn.weight'\]"):
        model.init_weights()


def test_frames_learn_of_their_neighbours():
    model = build(num_frames=4)
    model.init_weights()
    model.eval()
    clip = torch.randn(1, 3, 4, 32, 32, requires_grad=True)

    def reached() -> list[bool]:
        (gradient,) = torch.autograd.grad(model(clip)[:, :, 0].sum(), clip)
        return [bool(frame.abs().sum() > 0) for frame in gradient.unbind(2)]

    assert reached() == [True, False, False, False]
    for module in model.modules():
        if isinstance(module, SpatioTemporalConv):
            nn.init.normal_(module.temporal.weight, std=0.05)
    assert reached() == [True] * 4


def test_clips_of_another_length_are_refused():
    with pytest.raises(ValueError, match="T = num_frames = 4"):
        build(num_frames=4)(torch.zeros(1, 3, 5, 32, 32))
