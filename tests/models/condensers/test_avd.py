from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmcondense.models.condensers import AVD, CondenserModel
from mmcondense.models.condensers.avd_networks import (
    VideoDecoder,
    VideoEncoder,
    depth_to_frames,
    frames_to_depth,
)
from mmcondense.models.recognizers import CondenseRecognizer

TINY = dict(
    type="AVD",
    strides=((2, 1), (2, 1)),
    channels=4,
    image_size=8,
    teacher_channels=(8, 4),
    reconstruction_weight=0.75,
)
NO_LABELS = torch.zeros(0)


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope("mmaction")
    torch.manual_seed(0)


def build(**settings) -> AVD:
    return MODELS.build({**TINY, **settings})


def make_clip(num_clips: int = 2, *, channels: int = 3, num_frames: int = 4) -> Tensor:
    return torch.rand(num_clips, channels, num_frames, 8, 8) * 2 - 1


def total(losses: dict[str, Tensor]) -> Tensor:
    return sum(value for name, value in losses.items() if "loss" in name)


def reached(condenser: AVD) -> set[str]:
    """The parts that have a gradient other than 0."""
    return {
        name.split(".")[0]
        for name, p in condenser.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }


def layer_shapes(net: nn.Module, clip: Tensor) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = []
    for layer in net:
        if isinstance(layer, nn.Conv3d | nn.ConvTranspose3d):
            layer.register_forward_hook(lambda *args: shapes.append(tuple(args[2].shape[1:])))
    net(clip)
    return shapes


def test_32_frames_become_one_image_of_their_size_and_32_frames_again():
    with torch.device("meta"):
        encoder = VideoEncoder(3, channels=64, strides=((2, 1),) * 5)
        decoder = VideoDecoder(3, channels=64, strides=((2, 1),) * 5)
        clip, image = torch.zeros(1, 3, 32, 112, 112), torch.zeros(1, 3, 1, 112, 112)
    down = layer_shapes(encoder, clip)
    assert down == [(64, t, 112, 112) for t in (16, 8, 4, 2)] + [(3, 1, 112, 112)]
    up = layer_shapes(decoder, image)
    assert up == [(64, t, 112, 112) for t in (2, 4, 8, 16)] + [(3, 32, 112, 112)]
    kernels = {tuple(m.kernel_size) for m in encoder if isinstance(m, nn.Conv3d)}
    assert kernels == {(3, 5, 5)}
    names = [type(layer).__name__ for layer in encoder]
    assert names == ["Conv3d", "BatchNorm3d", "ReLU"] * 4 + ["Conv3d", "Tanh"]
    # 57 GMAC at this size: outputs x inputs x 75, layer by layer
    macs = sum(75 * i * o * t for i, o, t in ((3, 64, 16), (64, 64, 14), (64, 3, 1))) * 112**2
    weights = [m.weight for m in encoder if isinstance(m, nn.Conv3d)]
    assert sum(w.numel() * s[1] for w, s in zip(weights, down, strict=True)) * 112**2 == macs
    assert macs / 1e9 == pytest.approx(57, rel=0.02)


def test_the_teacher_has_five_fully_connected_layers():
    with torch.device("meta"):
        teacher = AVD().teacher
    widths = [m.out_features for m in teacher if isinstance(m, nn.Linear)]
    assert widths == [512, 256, 128, 64, 1]
    assert teacher[1].in_features == 3 * 112 * 112


@pytest.mark.parametrize(
    ("strides", "shuffle", "num_frames", "side"),
    [
        (((2, 1), (2, 1)), True, 4, 8),
        (((3, 1), (2, 1), (1, 1)), True, 6, 8),
        (((2, 2), (2, 1)), True, 4, 8),
        (((2, 4), (2, 1)), True, 4, 8),
        (((2, 2), (2, 2)), True, 4, 8),
        (((2, 2), (2, 2)), False, 4, 2),  # the strides as printed
    ],
)
def test_strides_decide_clip_length_and_image_size(strides, shuffle, num_frames, side):
    condenser = build(strides=strides, shuffle=shuffle)
    clip = make_clip(num_frames=num_frames)
    image = condenser(clip)
    assert image.shape == (2, 3, 1, side, side)
    assert float(image.detach().abs().max()) <= 1
    assert condenser.decoder(image).shape == clip.shape
    assert total(condenser.loss(clip, NO_LABELS)).isfinite()


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_rearranging_is_pixel_shuffle_of_each_frame_and_has_an_inverse(factor):
    maps = torch.rand(2, 3 * factor**2, 5, 2, 3)
    frames = depth_to_frames(maps, factor)
    assert frames.shape == (2, 3, 5, 2 * factor, 3 * factor)
    for n, c, t, y, x in ((0, 0, 0, 0, 0), (1, 2, 4, 1, 2), (1, 1, 3, 0, 1)):
        for i in range(factor):
            for j in range(factor):
                value = maps[n, c * factor**2 + i * factor + j, t, y, x]
                assert frames[n, c, t, y * factor + i, x * factor + j] == value
    assert torch.equal(frames_to_depth(frames, factor), maps)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_the_first_layers_stride_makes_code_of_patches_in_an_image_of_the_frames_size(stride):
    """E is equivariant to shifts by its stride, and with a stride to no smaller ones."""
    condenser = build(strides=((2, stride), (2, 1)), channels=6, reconstruction_weight=1).double()
    condenser.eval()
    layers = [m for m in condenser.encoder if isinstance(m, nn.Conv3d)]
    assert [m.out_channels for m in layers] == [6, 3 * stride**2]
    assert [m.stride for m in layers] == [(2, stride, stride), (2, 1, 1)]
    up = [m for m in condenser.decoder if isinstance(m, nn.ConvTranspose3d)]
    assert [m.in_channels for m in up] == [3 * stride**2, 6]
    clip = torch.rand(1, 3, 4, 48, 48, dtype=torch.float64)
    image = condenser(clip)
    assert image.shape == (1, 3, 1, 48, 48)
    inner = slice(20, 28)  # far from borders
    for shift in range(1, 5):
        shifted = condenser(clip.roll(shift, dims=4))
        same = torch.allclose(
            shifted.roll(-shift, dims=4)[..., inner, inner], image[..., inner, inner]
        )
        assert same == (shift % stride == 0)
    decoded = condenser.decoder(image)
    assert decoded.shape == clip.shape


def test_printed_defaults():
    with torch.device("meta"):
        condenser = AVD()
    assert condenser.strides == ((2, 2), (2, 1), (2, 1), (2, 1), (2, 1))
    assert condenser.clip_len == 32
    macs = 75 * (3 * 64 * 16 + 64 * 64 * 14 + 64 * 12) * 56**2
    assert macs / 1e9 == pytest.approx(14.4, rel=0.01)  # of E, in configs/avd/README.md
    for network in (condenser.encoder, condenser.decoder):
        assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(0.99, rel=0.01)


@pytest.mark.parametrize("time", [1, 2, 3])
@pytest.mark.parametrize("space", [1, 2, 3, 4, 5])
def test_each_pixel_reaches_the_image_and_is_reached_by_it(time, space):
    size = (2 * time, 2 * space, 2 * space)
    encoder = VideoEncoder(1, channels=4, strides=[(time, space)])
    decoder = VideoDecoder(1, channels=4, strides=[(time, space)])
    clip = torch.rand(1, 1, *size, requires_grad=True)
    image = encoder(clip)
    assert image.shape == (1, 3, 2, 2, 2)
    image.sum().backward()
    assert (clip.grad != 0).all()
    assert decoder(image).shape == clip.shape
    assert ((decoder(image) - decoder(torch.zeros_like(image))) != 0).all()


def test_terms_have_the_weights_of_eq_3_and_slow_values():
    condenser, clip = build().eval(), make_clip()
    losses = condenser.loss(clip, NO_LABELS)
    with torch.no_grad():
        image = condenser(clip)
        rec = (condenser.decoder(image) - clip).pow(2).mean()
        on_image = [condenser.teacher(image[n : n + 1]).sigmoid() for n in range(2)]
        on_real = [
            condenser.teacher(clip[n : n + 1, :, t]).sigmoid() for n in range(2) for t in range(4)
        ]
    fooled = -torch.cat(on_image).log().mean()
    own = -torch.cat(on_real).log().mean() - (1 - torch.cat(on_image)).log().mean()
    torch.testing.assert_close(losses["rec"], rec)
    torch.testing.assert_close(losses["loss_rec"], 0.75 * rec)
    torch.testing.assert_close(losses["adv"], fooled)
    torch.testing.assert_close(losses["loss_adv"], 0.25 * fooled)
    torch.testing.assert_close(losses["loss_teacher"], own)
    right = [float(p > 0.5) for p in on_real], [float(p <= 0.5) for p in on_image]
    acc = (sum(right[0]) / 8 + sum(right[1]) / 2) / 2
    assert float(losses["teacher_acc"]) == pytest.approx(acc)
    assert not losses["rec"].requires_grad
    assert not losses["adv"].requires_grad
    printed = build(saturating=True).eval()
    printed.load_state_dict(condenser.state_dict())
    expected = (1 - torch.cat(on_image)).log().mean()
    torch.testing.assert_close(printed.loss(clip, NO_LABELS)["adv"], expected)


def test_every_parameter_learns_and_each_term_reaches_its_networks_only():
    condenser = build()
    losses = condenser.loss(make_clip(), NO_LABELS)
    for name, parts in (
        ("loss_rec", {"encoder", "decoder"}),
        ("loss_adv", {"encoder"}),
        ("loss_teacher", {"teacher"}),
    ):
        condenser.zero_grad()
        losses[name].backward(retain_graph=True)
        assert reached(condenser) == parts, name
    total(losses).backward()
    assert [n for n, p in condenser.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_adversaries_learn_as_with_two_optimizers():
    """One backward of the sum against the usual two, with T frozen in the encoder's turn."""
    condenser, clip = build(reconstruction_weight=0), make_clip()
    total(condenser.loss(clip, NO_LABELS)).backward()
    together = {n: p.grad.clone() for n, p in condenser.named_parameters()}
    condenser.zero_grad()
    image = condenser(clip)
    condenser.teacher.requires_grad_(False)
    (-condenser.teacher(image).sigmoid().log().mean()).backward()
    condenser.teacher.requires_grad_(True)
    real = condenser.teacher(clip.transpose(1, 2).flatten(0, 1)).sigmoid()
    fake = condenser.teacher(image.detach()).sigmoid()
    (-real.log().mean() - (1 - fake).log().mean()).backward()
    for name, p in condenser.named_parameters():
        torch.testing.assert_close(p.grad, together[name], msg=name, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("weight", "parts"),
    [
        (1, {"encoder", "decoder"}),
        (0, {"encoder", "teacher"}),
        (None, {"encoder"}),
        (0.999, {"encoder", "decoder", "teacher"}),
    ],
)
def test_what_has_no_weight_is_not_built(weight, parts):
    condenser = build(reconstruction_weight=weight)
    assert {name for name, _ in condenser.named_children()} == parts
    losses = condenser.loss(make_clip(), NO_LABELS)
    assert ("loss_rec" in losses) == ("decoder" in parts)
    assert ("loss_teacher" in losses) == ("teacher" in parts)
    if losses:
        total(losses).backward()
        assert reached(condenser) == parts


def test_errors_without_an_image_split_the_variance():
    """One colour errs by the variance; mean frames by its part within clips and places."""
    condenser, clip = build().eval(), make_clip(3)
    metrics, scores = condenser.predict(clip, None)
    assert scores is None
    variance = clip.transpose(0, 1).flatten(1).var(dim=1, unbiased=False).mean()
    torch.testing.assert_close(metrics["rec_constant"], variance)
    within = clip.var(dim=2, unbiased=False).mean()
    torch.testing.assert_close(metrics["rec_mean_frame"], within)
    means = clip.mean(dim=2).transpose(0, 1).flatten(1)
    between = means.var(dim=1, unbiased=False).mean()
    torch.testing.assert_close(metrics["rec_constant"], within + between)


def test_nothing_is_lost_of_constant_and_standing_clips():
    condenser = build().eval()
    still = make_clip()[:, :, :1].expand(-1, -1, 4, -1, -1)
    metrics, _ = condenser.predict(still, None)
    assert float(metrics["rec_mean_frame"]) == pytest.approx(0, abs=1e-12)
    assert float(metrics["rec_constant"]) > 0.1
    flat, _ = condenser.predict(torch.full((2, 3, 4, 8, 8), 0.3), None)
    assert float(flat["rec_constant"]) == pytest.approx(0, abs=1e-12)
    expected = (condenser.decoder(condenser(still)) - still).square().mean()
    torch.testing.assert_close(metrics["rec"], expected)


def test_a_tiny_set_is_overfitted_beyond_its_mean_frames():
    condenser = build(channels=12, strides=((2, 1), (2, 1), (1, 1)), reconstruction_weight=0.99)
    square = torch.full((2, 3, 4, 8, 8), -0.5)
    for step in range(4):
        square[0, :, step, 2:5, step : step + 4] = 0.6
        square[1, :, step, step : step + 4, 3:6] = 0.2
    optimizer = torch.optim.Adam(condenser.parameters(), lr=5e-3)
    for _ in range(300):
        losses = condenser.loss(square, NO_LABELS)
        optimizer.zero_grad()
        total(losses).backward()
        optimizer.step()
    with torch.no_grad():
        metrics, _ = condenser.predict(square, None)
    assert float(metrics["rec"]) < 0.5 * float(metrics["rec_mean_frame"])
    assert float(metrics["rec"]) < 0.1 * float(metrics["rec_constant"])


def test_flow_becomes_an_rgb_image_and_frames_are_real():
    condenser = build(source="flow")
    clip = dict(flow=make_clip(channels=2), rgb=make_clip())
    image = condenser(dict(flow=clip["flow"]))  # RGB is for training
    assert image.shape == (2, 3, 1, 8, 8)
    assert condenser.decoder(image).shape == clip["flow"].shape
    losses = condenser.eval().loss(clip, NO_LABELS)
    with torch.no_grad():
        decoded = condenser.decoder(condenser(clip))
        expected = (decoded - clip["flow"]).square().mean()
    torch.testing.assert_close(losses["rec"], expected)
    other = condenser.loss({**clip, "rgb": -clip["rgb"]}, NO_LABELS)
    assert float(other["loss_teacher"]) != float(losses["loss_teacher"])
    assert float(other["loss_adv"]) == float(losses["loss_adv"])
    with pytest.raises(ValueError, match="needs flow, but the clip brings RGB"):
        condenser(clip["rgb"])


def test_it_trains_under_mixed_precision():
    condenser = build()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = condenser.loss(make_clip(), NO_LABELS)
    assert {v.dtype for k, v in losses.items() if "loss" in k} == {torch.float32}
    total(losses).backward()
    assert all(torch.isfinite(p.grad).all() for p in condenser.parameters())


def test_the_encoder_of_a_checkpoint_stands_before_a_recognizer(tmp_path):
    model = CondenserModel(condenser=TINY)
    views, samples = make_clip()[:, None], [ActionDataSample().set_gt_label(k) for k in (0, 1)]
    losses = model(views, samples, mode="loss")
    assert total(losses).requires_grad
    assert set(model(views, samples, mode="predict")[0].condenser_metrics) == {
        "rec",
        "rec_constant",
        "rec_mean_frame",
        "teacher_acc",
    }
    torch.save(dict(state_dict=model.state_dict()), tmp_path / "avd.pth")
    backbone = dict(type="ResNet2D3D", depth=18, in_channels=3, inflate_from=None, base_channels=4)
    whole = CondenseRecognizer(
        condenser={**TINY, "reconstruction_weight": None},
        condenser_checkpoint=str(tmp_path / "avd.pth"),
        freeze_condenser=True,
        recognizer=dict(
            type="Recognizer2D",
            backbone=dict(backbone, data_bn=False),
            cls_head=dict(type="TSNHead", num_classes=2, in_channels=32),
        ),
    )
    whole.init_weights()
    model.eval()
    whole.train()
    image = model(views, mode="tensor")
    torch.testing.assert_close(whole.condenser(views[:, 0]), image)
    pictures = whole.condense(views)
    assert pictures.shape == (2, 1, 3, 8, 8)
    expected = ((image[:, :, 0] + 1) * 127.5 - whole.frame_mean[..., 0]) / whole.frame_std[..., 0]
    torch.testing.assert_close(pictures[:, 0], expected)
    total(whole(views, samples, mode="loss")).backward()
    assert all(p.grad is None for p in whole.condenser.parameters())
    other = {**TINY, "channels": 8, "reconstruction_weight": None}
    misfit = CondenseRecognizer(
        condenser=other,
        condenser_checkpoint=str(tmp_path / "avd.pth"),
        recognizer=dict(type="Recognizer2D", backbone=dict(backbone, data_bn=False)),
    )
    with pytest.raises(ValueError, match="no checkpoint of this AVD"):
        misfit.init_weights()


def test_shapes_that_do_not_fit_say_what_would():
    with pytest.raises(ValueError, match=r"12 frames, but strides in time of \[2, 2\].* of 4"):
        build()(make_clip(num_frames=12))
    with pytest.raises(ValueError, match=r"\[8, 8\], but strides in space of \[3, 1\].* of 3"):
        build(strides=((2, 3), (2, 1)))(make_clip())
    with pytest.raises(ValueError, match=r"\[8, 8\], but T was made for image_size=\[16, 16\]"):
        build(image_size=16).loss(make_clip(), NO_LABELS)
    assert "teacher_acc" not in build(image_size=16).predict(make_clip(), None)[0]
    with pytest.raises(ValueError, match="allowed is 0 to 1"):
        build(reconstruction_weight=1.5)
    with pytest.raises(ValueError, match="source='motion'"):
        build(source="motion")
    with pytest.raises(ValueError, match="from 1 up"):
        build(strides=((2, 0),))
    for strides in ((4, 1),), ((2, 6),):
        with pytest.raises(ValueError, match="above 3 in time or 5 in space"):
            build(strides=strides)
