from __future__ import annotations

import re

import pytest
import torch
import torchvision
from mmaction.registry import MODELS
from mmengine.analysis import FlopAnalyzer
from mmengine.registry import DefaultScope

from mmcondense.models.backbones import ResNet2D3D
from mmcondense.models.backbones.resnet2d3d import adapt_kernel


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


def randomise_norms(net: torch.nn.Module) -> None:
    """Statistics and factors as after training: fresh BatchNorms would hide mistakes."""
    for module in net.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.1)


@pytest.fixture
def resnet18_file(tmp_path):
    torch.manual_seed(0)
    net = torchvision.models.resnet18()
    randomise_norms(net)
    torch.save(net.state_dict(), tmp_path / "resnet18.pth")
    return tmp_path / "resnet18.pth"


def load(path, **kwargs) -> ResNet2D3D:
    net = ResNet2D3D(pretrained=str(path), **kwargs)
    net.init_weights()
    return net.eval()


def torchvision_features(path, x: torch.Tensor) -> torch.Tensor:
    net = torchvision.models.resnet18()
    net.load_state_dict(torch.load(path))
    net = torch.nn.Sequential(*list(net.eval().children())[:-2])
    return net(x)


def test_shape_of_the_papers_network():
    net = ResNet2D3D()
    assert net(torch.rand(2, 5, 8, 64, 64)).shape == (2, 512, 2, 2, 2)
    assert [p.ndim for n, p in net.named_parameters() if re.search(r"layer2.*conv1.conv", n)] == [
        4
    ] * 2
    assert [
        tuple(p.shape[2:])
        for n, p in net.named_parameters()
        if re.search(r"layer[34].*conv\d.conv", n)
    ] == [(3, 3, 3)] * 8


@pytest.mark.parametrize(
    ("inflate_from", "paper"),
    [(0, 86), (2, 50), (3, 33.9), (4, 35)],  # Table 4: conv1.x to conv4.x
)
def test_multiply_adds_at_16_frames_are_the_papers(inflate_from, paper):
    flops = FlopAnalyzer(
        ResNet2D3D(inflate_from=inflate_from).eval(), (torch.zeros(1, 5, 16, 224, 224),)
    )
    assert flops.total() / 1e9 == pytest.approx(paper, rel=0.012 if inflate_from else 0.035)
    if inflate_from == 3:
        assert flops.total() / 1e9 <= 33.9


def test_parameter_count_by_hand():
    def stage(cin, cout, k, shortcut):
        weights = cin * cout * k + 3 * cout * cout * k + shortcut * cin * cout
        return weights + 2 * cout * (4 + (shortcut > 0))

    expected = (
        2 * 5  # data_bn
        + 5 * 64 * 49 + 2 * 64
        + stage(64, 64, 9, 0)
        + stage(64, 128, 9, 1)
        + stage(128, 256, 27, 27)
        + stage(256, 512, 27, 27)
    )  # fmt: skip
    assert sum(p.numel() for p in ResNet2D3D().parameters()) == expected == 36_086_474


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_2d_network_equals_torchvisions(depth, tmp_path):
    reference = getattr(torchvision.models, f"resnet{depth}")()
    randomise_norms(reference)
    torch.save(reference.state_dict(), tmp_path / "net.pth")
    net = load(tmp_path / "net.pth", depth=depth, in_channels=3, inflate_from=None, data_bn=False)
    x = torch.randn(2, 3, 64, 64)
    expected = torch.nn.Sequential(*list(reference.eval().children())[:-2])(x)
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize(("inflate_from", "shortcut_kernel"), [(3, 3), (3, 1), (2, 3), (0, 3)])
def test_inflated_network_gives_a_still_clip_its_frames_features(
    resnet18_file, inflate_from, shortcut_kernel
):
    frame = torch.randn(1, 3, 64, 64)
    net = load(
        resnet18_file,
        in_channels=3,
        data_bn=False,
        inflate_from=inflate_from,
        shortcut_kernel=shortcut_kernel,
    )
    clip = frame.unsqueeze(2).expand(-1, -1, 64, -1, -1)
    feats = net(clip)  # [1, 512, 16, 2, 2]
    expected = torchvision_features(resnet18_file, frame)
    middle = feats.shape[2] // 2  # where zero padding in time does not reach
    torch.testing.assert_close(feats[:, :, middle], expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(feats[:, :, 0], expected, rtol=1e-2, atol=1e-2)


def test_first_convolution_gets_the_mean_over_rgb(resnet18_file):
    net = load(resnet18_file)
    rgb = torch.load(resnet18_file)["conv1.weight"]
    for channel in range(5):
        torch.testing.assert_close(net.conv1.conv.weight[:, channel], rgb.mean(dim=1))
    # five channels that all show the grey value answer as RGB's three would, five thirds as loud
    grey = torch.rand(1, 1, 32, 32)
    ours = torch.nn.functional.conv2d(grey.expand(-1, 5, -1, -1), net.conv1.conv.weight)
    theirs = torch.nn.functional.conv2d(grey.expand(-1, 3, -1, -1), rgb)
    torch.testing.assert_close(ours, theirs * 5 / 3)


def test_adapt_kernel_centres_and_spreads_a_shortcut():
    weight = torch.randn(4, 2, 1, 1)
    inflated = adapt_kernel(weight, (4, 2, 3, 3, 3))
    torch.testing.assert_close(inflated.sum(dim=2)[..., 1:2, 1:2], weight)
    assert inflated.count_nonzero() == 3 * weight.numel()


def test_mr_recognizer_checkpoint_inflates(tmp_path):
    """The stage recipe: a 2D recognizer on motion and residual starts the 2D-3D one."""
    recognizer = MODELS.build(
        dict(
            type="Recognizer2D",
            backbone=dict(type="ResNet2D3D", inflate_from=None, base_channels=8),
            cls_head=dict(type="TSNHead", num_classes=4, in_channels=64),
        )
    )
    randomise_norms(recognizer)
    torch.save(dict(state_dict=recognizer.state_dict(), meta={}), tmp_path / "mr.pth")
    net = load(tmp_path / "mr.pth", base_channels=8)
    frame = torch.randn(1, 5, 64, 64)
    middle = net(frame.unsqueeze(2).expand(-1, -1, 64, -1, -1))[:, :, 8]
    torch.testing.assert_close(middle, recognizer.eval().backbone(frame), rtol=1e-4, atol=1e-4)


def test_checkpoint_of_the_same_network_under_a_prefix(tmp_path):
    whole = ResNet2D3D(base_channels=8)
    randomise_norms(whole)
    state = {f"p_stream.backbone.{name}": value for name, value in whole.state_dict().items()}
    state["p_stream.cls_head.fc_cls.weight"] = torch.zeros(1)
    torch.save(dict(state_dict=state), tmp_path / "ip.pth")
    net = load(tmp_path / "ip.pth", base_channels=8, pretrained_prefix="p_stream.backbone.")
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, whole.state_dict()[name])


def test_mmaction2_resnet_checkpoint_loads(tmp_path):
    reference = MODELS.build(dict(type="ResNet", depth=18))
    randomise_norms(reference)
    torch.save(dict(state_dict=reference.state_dict()), tmp_path / "net.pth")
    net = load(tmp_path / "net.pth", in_channels=3, inflate_from=None, data_bn=False)
    x = torch.randn(1, 3, 64, 64)
    reference.eval()
    torch.testing.assert_close(net(x), reference(x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layer3.1.conv2.weight"), r"missing \['layer3.1.conv2.conv.weight'\]"),
        (lambda s: s.update(surplus=torch.zeros(1)), r"unknown \['surplus'\]"),
        (
            lambda s: s.update({"layer1.0.bn1.weight": torch.zeros(3)}),
            r"layer1.0.conv1.bn.weight \[3\] for \[64\]",
        ),
    ],
)
def test_nothing_stays_random_unnoticed(resnet18_file, change, message):
    state = torch.load(resnet18_file)
    change(state)
    torch.save(state, resnet18_file)
    with pytest.raises(ValueError, match=message):
        load(resnet18_file)


def test_deeper_checkpoint_is_refused(tmp_path):
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / "resnet34.pth")
    with pytest.raises(ValueError, match=r"unknown \['layer1.2"):
        load(tmp_path / "resnet34.pth", depth=18)


def test_data_bn_normalises_the_input():
    net = ResNet2D3D(base_channels=8)
    seen = []
    net.conv1.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    net(torch.randn(2, 5, 4, 32, 32) * 7 + 3)
    assert seen[0].shape == (8, 5, 32, 32)
    torch.testing.assert_close(seen[0].mean(dim=(0, 2, 3)), torch.zeros(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen[0].var(dim=(0, 2, 3)), torch.ones(5), atol=1e-2, rtol=0)


def test_gradient_reaches_every_parameter():
    net = ResNet2D3D(base_channels=8)
    net.init_weights()
    net(torch.randn(2, 5, 8, 64, 64)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(depth=19), "depth is 19"),
        (dict(inflate_from=5), "inflate_from is 5"),
        (dict(shortcut_kernel=2), "shortcut_kernel is 2"),
    ],
)
def test_arguments_are_checked(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ResNet2D3D(**kwargs)


@pytest.mark.parametrize("shape", [(2, 5, 32, 32), (2, 3, 4, 32, 32)])
def test_input_is_checked(shape):
    with pytest.raises(ValueError, match=r"must be \[B, C, T, H, W\] with C = 5"):
        ResNet2D3D(base_channels=8)(torch.zeros(shape))
