from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmcondense.models.condensers import IFS, CondenserModel
from mmcondense.models.condensers.ifs import TERMS
from mmcondense.models.condensers.ifs_networks import EncoderDecoder, make_classifier

TINY = dict(
    type="IFS",
    clip_len=4,
    num_classes=3,
    base_channels=4,
    num_blocks=1,
    kernel_size=3,
    encoder_channels=(4, 8),
)
PARTS = ("generator", "appearance_decoder", "motion_decoder", "classifier", "discriminator")


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope("mmaction")
    torch.manual_seed(0)


def build(**settings) -> IFS:
    return MODELS.build({**TINY, **settings})


def make_clip(num_clips: int = 2, size: int = 16) -> dict[str, Tensor]:
    shape = num_clips, 3, size, size
    return dict(
        iframe=torch.rand(shape) * 2 - 1,
        rgb=torch.rand(num_clips, 3, 3, size, size) * 2 - 1,
        motion=torch.randn(num_clips, 2, 3, size, size) * 0.2,
        residual=torch.randn(num_clips, 3, 3, size, size) * 0.1,
    )


def reached(condenser: IFS) -> set[str]:
    """The parts that have a gradient other than 0."""
    return {
        name.split(".")[0]
        for name, p in condenser.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }


def test_layers_have_the_sizes_of_table_1():
    with torch.device("meta"):
        clip, frame = torch.zeros(1, 58, 224, 224), torch.zeros(1, 3, 224, 224)
        generator = EncoderDecoder(58, 3, squash=True)
        classifier = make_classifier((64, 128, 256, 512, 512), 400)
    sizes: list[tuple[int, ...]] = []
    for layer in [*generator, *classifier[0]]:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda *args: sizes.append(tuple(args[2].shape[1:])))
    assert generator(clip).shape == frame.shape
    assert sizes == [
        (64, 224, 224),
        (128, 112, 112),
        (256, 56, 56),
        (128, 112, 112),
        (64, 224, 224),
        (3, 224, 224),
    ]
    sizes.clear()
    assert classifier(frame).shape == (1, 400)
    expected = [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)]
    assert sizes == expected
    blocks = [layer for layer in generator if type(layer).__name__ == "ResidualBlock"]
    assert len(blocks) == 9


def test_frame_and_reconstructions_have_their_shapes():
    condenser = build()
    condenser.init_weights()
    frame = condenser(make_clip())
    assert frame.shape == (2, 3, 1, 16, 16)
    assert float(frame.abs().max()) <= 1
    decoded = condenser.decode(frame[:, :, 0])
    shapes = {name: tuple(x.shape) for name, x in decoded.items()}
    assert shapes == dict(
        iframe=(2, 3, 16, 16), motion=(2, 2, 3, 16, 16), residual=(2, 3, 3, 16, 16)
    )


def test_every_parameter_learns():
    condenser = build()
    losses = condenser.loss(make_clip(), torch.tensor([0, 2]))
    sum(v for k, v in losses.items() if "loss" in k).backward()
    assert [n for n, p in condenser.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_terms_are_weighted_and_also_logged_without_weight():
    weights = dict(zip(TERMS, (0.5, 0.05, 2.0, 0.1, 3.0), strict=True))
    losses = build(loss_weights=weights).loss(make_clip(), torch.tensor([0, 2]))
    for name in TERMS:
        torch.testing.assert_close(losses[f"loss_{name}"], weights[name] * losses[name])
        assert not losses[name].requires_grad
    others = {"loss_discriminator", "discriminator_acc", "cat_top1"}
    assert set(losses) == {*TERMS, *(f"loss_{name}" for name in TERMS), *others}


@pytest.mark.parametrize(
    ("weights", "parts", "learning"),
    [
        (dict(app=1), {"generator", "appearance_decoder"}, None),
        (dict(cat=1), {"generator", "classifier"}, None),
        (dict(mot=1), {"generator", "motion_decoder"}, None),
        (dict(color=1), {"generator"}, None),
        (dict(adv=1), {"generator", "discriminator"}, None),
        (dict(app=0, cat=1, mot=1), {"generator", "classifier", "motion_decoder"}, None),
        (dict(), {"generator"}, set()),
    ],
)
def test_what_is_switched_off_is_not_there(weights, parts, learning):
    condenser = build(loss_weights=weights)
    assert {name for name, _ in condenser.named_children()} == parts
    losses = condenser.loss(make_clip(), torch.tensor([0, 2]))
    assert {n for n in losses if n in TERMS} == {n for n, w in weights.items() if w}
    if losses:
        sum(v for k, v in losses.items() if "loss" in k).backward()
    assert reached(condenser) == (parts if learning is None else learning)


def test_each_adversary_is_a_constant_to_the_other():
    condenser = build(loss_weights=dict(adv=1))
    clip, labels = make_clip(), torch.tensor([0, 2])
    losses = condenser.loss(clip, labels)
    losses["loss_adv"].backward(retain_graph=True)
    assert reached(condenser) == {"generator"}
    condenser.zero_grad()
    losses["loss_discriminator"].backward()
    assert reached(condenser) == {"discriminator"}


def test_adversaries_learn_as_with_two_optimizers():
    """One backward of the sum against the usual two, with parameters frozen in turns."""
    condenser = build(loss_weights=dict(adv=1))
    clip, labels = make_clip(), torch.tensor([0, 2])
    losses = condenser.loss(clip, labels)
    (losses["loss_adv"] + losses["loss_discriminator"]).backward()
    together = {n: p.grad.clone() for n, p in condenser.named_parameters()}

    condenser.zero_grad()
    frame = condenser(clip)[:, :, 0]
    condenser.discriminator.requires_grad_(False)
    condenser.discriminator(frame).square().mean().backward()
    condenser.discriminator.requires_grad_(True)
    real, fake = condenser.discriminator(clip["iframe"]), condenser.discriminator(frame.detach())
    (real.square().mean() + (1 - fake).square().mean()).backward()
    for name, p in condenser.named_parameters():
        torch.testing.assert_close(p.grad, together[name], msg=name)


def test_buffers_of_the_discriminator_count_its_own_term_only():
    condenser = build(loss_weights=dict(adv=1))
    condenser.discriminator[0].append(nn.BatchNorm2d(8))
    condenser.loss(make_clip(), torch.tensor([0, 2]))
    assert int(condenser.discriminator[0][-1].num_batches_tracked) == 2  # real, fake


def test_the_discriminator_may_learn_at_another_rate():
    model = CondenserModel(condenser=TINY)
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type="Adam", lr=1e-3),
            paramwise_cfg=dict(custom_keys={"discriminator": dict(lr_mult=0.1)}),
        ),
    )
    rates = {id(group["params"][0]): group["lr"] for group in wrapper.optimizer.param_groups}
    for name, p in model.named_parameters():
        assert rates[id(p)] == pytest.approx(1e-4 if "discriminator" in name else 1e-3)


def test_accumulated_gradients_are_those_of_the_whole_batch():
    """Every loss is a mean over clips, which no layer mixes but batch normalisation."""
    clip, labels = make_clip(4), torch.tensor([0, 2, 1, 1])
    condenser = build(norm="instance")
    losses = condenser.loss(clip, labels)
    sum(v for k, v in losses.items() if "loss" in k).backward()
    whole = {n: p.grad.clone() for n, p in condenser.named_parameters()}
    condenser.zero_grad()
    wrapper = OptimWrapper(torch.optim.SGD(condenser.parameters(), lr=0.0), accumulative_counts=2)
    for half in (slice(0, 2), slice(2, 4)):
        losses = condenser.loss({k: v[half] for k, v in clip.items()}, labels[half])
        wrapper.backward(wrapper.scale_loss(sum(v for k, v in losses.items() if "loss" in k)))
    for name, p in condenser.named_parameters():
        torch.testing.assert_close(p.grad, whole[name], rtol=1e-3, atol=1e-6, msg=name)


def test_it_trains_under_mixed_precision():
    condenser = build()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = condenser.loss(make_clip(), torch.tensor([0, 2]))
    assert {v.dtype for k, v in losses.items() if "loss" in k} == {torch.float32}
    losses["loss_adv"].backward(retain_graph=True)
    assert reached(condenser) == {"generator"}
    sum(v for k, v in losses.items() if "loss" in k).backward()
    assert all(torch.isfinite(p.grad).all() for p in condenser.parameters())


def test_a_moving_average_follows():
    model = CondenserModel(condenser=TINY)
    average = ExponentialMovingAverage(model, momentum=0.5)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    average.update_parameters(model)
    losses = model.condenser.loss(make_clip(), torch.tensor([0, 2]))
    sum(v for k, v in losses.items() if "loss" in k).backward()
    optimizer.step()
    average.update_parameters(model)
    now = dict(model.named_parameters())
    for name, value in average.module.named_parameters():
        torch.testing.assert_close(value, (before[name] + now[name]) / 2, msg=name)


def test_a_tiny_set_is_overfitted_by_all_tasks():
    condenser = build(base_channels=8, loss_weights=dict(app=1, cat=0.1, mot=1, adv=0.01, color=1))
    nn.init.zeros_(condenser.motion_decoder[-1].bias)
    clip, labels = make_clip(2, 8), torch.tensor([0, 2])
    clip["iframe"] = nn.functional.interpolate(clip["iframe"][..., :2, :2], (8, 8))
    clip["rgb"] = clip["iframe"][:, :, None].expand(-1, -1, 3, -1, -1)
    clip["motion"] = clip["motion"][..., :1, :1].expand(-1, -1, -1, 8, 8) * 3
    clip["residual"] = clip["residual"] * 0
    optimizer = torch.optim.Adam(condenser.parameters(), lr=5e-3)
    first = condenser.predict(clip, labels)[0]
    for _ in range(150):
        losses = condenser.loss(clip, labels)
        optimizer.zero_grad()
        sum(v for k, v in losses.items() if "loss" in k).backward()
        optimizer.step()
    last, scores = condenser.predict(clip, labels)
    assert float(last["app"]) < 0.1 * float(first["app_constant"])
    assert float(last["mot"]) < 0.3 * float(first["mot_constant"])
    assert float(last["color"]) < 0.1 * float(first["color"])
    assert scores.argmax(dim=1).tolist() == [0, 2]


def test_the_model_trains_and_predicts_over_views():
    model = CondenserModel(condenser=TINY)
    views = {name: x.unflatten(0, (2, 2)) for name, x in make_clip(4).items()}
    samples = [ActionDataSample().set_gt_label(label) for label in (1, 2)]
    losses = model(views, samples, mode="loss")
    flat = {name: x.flatten(0, 1) for name, x in views.items()}
    expected = model.condenser.loss(flat, torch.tensor([1, 1, 2, 2]))
    torch.testing.assert_close(losses["loss_cat"], expected["loss_cat"])
    predictions = model(views, samples, mode="predict")
    metrics, scores = model.condenser.predict(flat, torch.tensor([1, 1, 2, 2]))
    assert predictions[0].condenser_metrics["mot"] == pytest.approx(float(metrics["mot"]))
    torch.testing.assert_close(predictions[1].pred_score, scores[2:].mean(dim=0))
    assert model(views, mode="tensor").shape == (4, 3, 1, 16, 16)
    (unlabelled,) = model({k: v[:1] for k, v in views.items()}, [ActionDataSample()], "predict")
    assert "cat" not in unlabelled.condenser_metrics
    assert unlabelled.pred_score.shape == (3,)


def test_several_labels_are_refused():
    sample = ActionDataSample().set_gt_label(torch.tensor([0.0, 1.0, 1.0]))
    views = {name: x.unflatten(0, (1, 2)) for name, x in make_clip(2).items()}
    with pytest.raises(ValueError, match="one label a clip"):
        CondenserModel(condenser=TINY)(views, [sample], mode="loss")


def test_constant_predictions_err_by_the_variance():
    metrics, _ = build(loss_weights=dict(app=1)).predict(clip := make_clip(), None)
    expected = clip["iframe"].transpose(0, 1).flatten(1).var(dim=1, unbiased=False).mean()
    torch.testing.assert_close(metrics["app_constant"], expected)


def test_wrong_clips_are_refused():
    condenser, clip = build(), make_clip()
    with pytest.raises(ValueError, match="the clip brings RGB"):
        condenser(clip["rgb"])
    with pytest.raises(ValueError, match="needs 3 P-frames on the third axis"):
        condenser({**clip, "motion": clip["motion"][:, :, :2]})
    with pytest.raises(ValueError, match=r"\[18, 18\], but must be multiples of 4"):
        condenser(make_clip(size=18))
    with pytest.raises(ValueError, match="allowed are weights from 0 up"):
        build(loss_weights=dict(motion=1))
