from __future__ import annotations

import math

import pytest
import torch
import torchvision
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope
from torch import nn

from mmcondense.models.backbones import InceptionI3D
from mmcondense.models.backbones.inception_i3d import (
    MIXED_CHANNELS,
    MaxPool3dSame,
    Unit3D,
    i3d_name,
    same_padding,
)
from mmcondense.models.heads import InceptionI3DHead


def public_state_dict(num_classes: int = 400) -> dict[str, torch.Tensor]:
    """Names and shapes as in ``rgb_imagenet.pt``, written out here from its published code."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, torch.Tensor] = {}

    def unit(name: str, cin: int, cout: int, k: int) -> None:
        weight = torch.randn(cout, cin, k, k, k, generator=generator) / math.sqrt(cin * k**3)
        state[f"{name}.conv3d.weight"] = weight
        state[f"{name}.bn.weight"] = torch.rand(cout, generator=generator) + 0.5
        state[f"{name}.bn.bias"] = torch.randn(cout, generator=generator) / 10
        state[f"{name}.bn.running_mean"] = torch.randn(cout, generator=generator) / 10
        state[f"{name}.bn.running_var"] = torch.rand(cout, generator=generator) + 0.5

    unit("Conv3d_1a_7x7", 3, 64, 7)
    unit("Conv3d_2b_1x1", 64, 64, 1)
    unit("Conv3d_2c_3x3", 64, 192, 3)
    cin = 192
    for name, (b0, b1a, b1b, b2a, b2b, b3b) in MIXED_CHANNELS.items():
        for branch, source, cout, k in (
            *(("b0", cin, b0, 1), ("b1a", cin, b1a, 1), ("b1b", b1a, b1b, 3)),
            *(("b2a", cin, b2a, 1), ("b2b", b2a, b2b, 3), ("b3b", cin, b3b, 1)),
        ):
            unit(f"{name}.{branch}", source, cout, k)
        cin = b0 + b1b + b2b + b3b
    state["logits.conv3d.weight"] = torch.randn(num_classes, 1024, 1, 1, 1, generator=generator)
    state["logits.conv3d.bias"] = torch.randn(num_classes, generator=generator)
    return state


@pytest.fixture(scope="module")
def public_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("i3d") / "rgb_imagenet.pt"
    torch.save(public_state_dict(), path)
    return path


@pytest.mark.parametrize("size", range(1, 20))
@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (3, 2), (3, 1), (2, 2), (1, 1)])
def test_same_padding_is_tensorflows(size, kernel, stride):
    before, after = same_padding([size], [kernel], [stride])
    outputs = math.ceil(size / stride)
    total = max((outputs - 1) * stride + kernel - size, 0)  # tf.nn, "Notes on padding"
    assert (before, after) == (total // 2, total - total // 2)


def test_an_even_size_is_padded_more_behind():
    unit = Unit3D(1, 1, kernel=(1, 3, 3), stride=(1, 2, 2), norm=False)
    nn.init.ones_(unit.conv3d.weight)
    nn.init.zeros_(unit.conv3d.bias)
    frame = torch.arange(16.0).view(1, 1, 1, 4, 4)
    # no zeros before row and column 0, one after row and column 3
    expected = torch.tensor([[0 + 1 + 2 + 4 + 5 + 6 + 8 + 9 + 10, 2 + 3 + 6 + 7 + 10 + 11]])
    torch.testing.assert_close(unit(frame)[0, 0, :, 0], expected.float())


def test_pooling_pads_with_values_that_do_not_count():
    x = torch.arange(9.0).view(1, 1, 1, 3, 3)
    pooled = MaxPool3dSame((1, 3, 3), (1, 2, 2))(x)
    assert pooled[0, 0, 0].tolist() == [[4, 5], [7, 8]]


def test_parameters_are_the_papers():
    num_parameters = sum(p.numel() for p in InceptionI3D().parameters())
    assert num_parameters == 12_287_264
    assert num_parameters / 1e6 == pytest.approx(12.1, rel=0.03)


def test_multiply_adds_of_ten_frames_are_the_papers():
    net = InceptionI3D().eval().to("meta")
    counts = []
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            module.register_forward_hook(
                lambda conv, _, output: counts.append(output[0, 0].numel() * conv.weight.numel())
            )
    net(torch.zeros(1, 3, 64, 224, 224, device="meta"))
    assert len(counts) == 57
    assert sum(counts) / 64 * 10 / 1e9 == pytest.approx(17, rel=0.03)


@pytest.mark.parametrize("num_frames", [1, 5, 10, 16])
def test_shapes_round_up(num_frames):
    features = InceptionI3D().eval()(torch.zeros(1, 3, num_frames, 40, 72))
    assert features.shape == (1, 1024, math.ceil(num_frames / 8), 2, 3)


def test_input_is_checked():
    with pytest.raises(ValueError, match=r"\[1, 2, 8, 32, 32\].*\[B, 3, T, H, W\]"):
        InceptionI3D()(torch.zeros(1, 2, 8, 32, 32))


def test_names_are_those_of_the_public_checkpoint():
    own = {**InceptionI3D().state_dict(), **InceptionI3DHead(400).state_dict()}
    public = public_state_dict()
    shapes = {n: w.shape for n, w in own.items() if not n.endswith("num_batches_tracked")}
    assert shapes == {name: weight.shape for name, weight in public.items()}


def test_public_checkpoint_loads_and_computes_its_function(public_file):
    backbone = InceptionI3D(pretrained=str(public_file))
    head = InceptionI3DHead(400, pretrained=str(public_file))
    for module in (backbone, head):
        module.init_weights()
    public = torch.load(public_file)
    for module in (backbone, head):
        for name, weight in module.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                torch.testing.assert_close(weight, public[name], rtol=0, atol=0)


def test_a_recognizers_checkpoint_is_known_by_its_prefix(public_file, tmp_path):
    public = torch.load(public_file)
    logits = ("logits.conv3d.weight", "logits.conv3d.bias")
    state = {f"{'cls_head' if n in logits else 'backbone'}.{n}": w for n, w in public.items()}
    torch.save(dict(state_dict=state), tmp_path / "epoch_1.pth")
    backbone = InceptionI3D(pretrained=str(tmp_path / "epoch_1.pth"))
    backbone.init_weights()
    torch.testing.assert_close(
        backbone.Mixed_3b.b1a.bn.weight.data, public["Mixed_3b.b1a.bn.weight"]
    )


def test_nothing_stays_random_unnoticed(public_file, tmp_path):
    public = torch.load(public_file)
    del public["Mixed_4c.b2b.bn.bias"]
    public["Mixed_3b.b0.conv3d.weight"] = torch.zeros(64, 100, 1, 1, 1)
    torch.save(public, tmp_path / "broken.pt")
    with pytest.raises(ValueError, match=r"missing \['Mixed_4c.b2b.bn.bias'\].*Mixed_3b.b0.conv3d"):
        InceptionI3D(pretrained=str(tmp_path / "broken.pt")).init_weights()
    with pytest.raises(ValueError, match=r"logits.conv3d.weight \[400, .*for \[7,"):
        InceptionI3DHead(7, pretrained=str(public_file)).init_weights()


def test_googlenet_inflates_to_its_function_on_a_still_clip(tmp_path):
    """Away from the ends of time; torchvision's symmetric padding agrees where strides are 1."""
    torch.manual_seed(0)
    googlenet = torchvision.models.googlenet(
        weights=None, aux_logits=False, init_weights=False, transform_input=False
    ).eval()
    torch.save(googlenet.state_dict(), tmp_path / "googlenet.pth")
    i3d = InceptionI3D(pretrained=str(tmp_path / "googlenet.pth"))
    i3d.init_weights()
    for own, theirs in (
        (nn.Sequential(i3d.Conv3d_2b_1x1, i3d.Conv3d_2c_3x3), (googlenet.conv2, googlenet.conv3)),
        (i3d.Mixed_3b, (googlenet.inception3a,)),
        (i3d.Mixed_5c, (googlenet.inception5b,)),
    ):
        channels = next(own.parameters()).shape[1]
        frame = torch.rand(1, channels, 9, 9)
        clip = frame.unsqueeze(2).expand(-1, -1, 5, -1, -1)
        features = own.eval()(clip)[:, :, 2]
        torch.testing.assert_close(features, nn.Sequential(*theirs)(frame), rtol=1e-4, atol=1e-5)
    kernel = i3d.Conv3d_1a_7x7.conv3d.weight
    torch.testing.assert_close(kernel.sum(dim=2), googlenet.conv1.conv.weight)


def test_every_parameter_of_googlenet_has_a_place():
    googlenet = torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    names = {i3d_name(n) for n in googlenet.state_dict() if not n.startswith("fc.")}
    assert names == set(InceptionI3D().state_dict())
    assert i3d_name("inception4e.branch4.1.bn.running_var") == "Mixed_4f.b3b.bn.running_var"
    assert i3d_name("Mixed_4f.b3b.bn.running_var") == "Mixed_4f.b3b.bn.running_var"


def test_recognizer_trains_every_parameter():
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(
            dict(
                type="Recognizer3D",
                backbone=dict(type="InceptionI3D"),
                cls_head=dict(type="InceptionI3DHead", num_classes=3, average_clips="prob"),
            )
        )
    scores, _ = model.extract_feat(torch.rand(2, 1, 3, 5, 32, 32), stage="head")
    scores.square().sum().backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []
