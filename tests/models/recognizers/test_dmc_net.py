from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import DefaultScope
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from mmcondense.models.recognizers.dmc_net_networks import DMCGenerator, make_discriminator

NUM_CLASSES = 3
DISCRIMINATOR = dict(image_size=32, channels=(4, 8), depth=2)


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


def network(dims: int) -> dict:
    head = dict(num_classes=NUM_CLASSES, in_channels=32, dropout_ratio=0, average_clips="prob")
    return dict(
        backbone=dict(
            type="ResNet2D3D", in_channels=2, base_channels=4, inflate_from=[None, 3][dims - 2]
        ),
        cls_head=dict(head, type=["TSNHead", "I3DHead"][dims - 2]),
    )


def build(dims: int, **settings):
    torch.manual_seed(1)
    return MODELS.build(dict(network(dims), type=f"DMCRecognizer{dims}D", **settings))


def batch(dims: int, *, channels: int) -> Tensor:
    torch.manual_seed(channels)
    views, time = [(2, []), (1, [4])][dims - 2]  # segments, or one clip
    return torch.randn(2, views, channels, *time, 32, 32)


def samples() -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(label) for label in (0, 2)]


@pytest.fixture(params=[2, 3], ids=["2D", "3D"])
def dims(request) -> int:
    return request.param


def test_generator_is_as_large_as_the_papers():
    """IP-TSN's Table 1: 275.6 - 243.4 G of 16 frames are ResNet-18 and this."""
    generator = DMCGenerator()
    weights = 9 * (5 * 8 + 13 * 8 + 21 * 6 + 27 * 4 + 31 * 2 + 33 * 2)
    assert sum(p.numel() for p in generator.parameters()) == weights + (8 + 8 + 6 + 4 + 2 + 2)
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        DMCGenerator()(torch.zeros(1, 5, 224, 224))
    giga = counter.get_total_flops() / 2 / 1e9
    assert giga == pytest.approx(weights * 224 * 224 / 1e9)
    assert 16 * (giga + 1.82) == pytest.approx(275.6 - 243.4, rel=0.02)


def test_generator_adds_what_the_vectors_lack():
    generator = DMCGenerator()
    x = torch.randn(2, 5, 8, 8)
    seen = [x]
    for layer in generator.layers:  # dense connections, the newest first
        seen.insert(0, layer(torch.cat(seen, dim=1)))
    torch.testing.assert_close(generator(x), x[:, :2] + generator.last(torch.cat(seen, dim=1)))
    torch.nn.init.zeros_(generator.last.weight)
    torch.nn.init.zeros_(generator.last.bias)
    torch.testing.assert_close(generator(x), x[:, :2])
    with pytest.raises(ValueError, match=r"\[1, 2, 8, 8\], but must be \[N, 5, H, W\]"):
        generator(torch.zeros(1, 2, 8, 8))


def test_cues_keep_the_layout_of_their_recognizer(dims):
    model, inputs = build(dims), batch(dims, channels=5)
    cue = model.motion_cue(inputs)
    frame = inputs[1, 0] if dims == 2 else inputs[1, 0, :, 3]
    expected = model.generator(frame[None])[0]
    torch.testing.assert_close(cue[1, 0] if dims == 2 else cue[1, 0, :, 3], expected)


def test_losses_are_weighted_errors_and_cross_entropies(dims):
    model = build(dims, discriminator=DISCRIMINATOR).eval()  # no dropout
    inputs, flow = batch(dims, channels=5), batch(dims, channels=2)
    losses = model(inputs, samples(), mode="loss", flow=flow)

    cue = model.motion_cue(inputs)
    error = ((cue - flow) ** 2).mean()
    torch.testing.assert_close(losses["loss_reconstruction"], 10 * error)
    torch.testing.assert_close(losses["flow_error"], error)
    torch.testing.assert_close(
        losses["flow_error_of_vectors"], ((inputs[:, :, :2] - flow) ** 2).mean()
    )

    def logits(fields: Tensor) -> Tensor:
        flat = fields if dims == 2 else fields.transpose(2, 3)
        return model.discriminator(flat.reshape(-1, 2, 32, 32))

    torch.testing.assert_close(losses["loss_adversarial"], -logits(cue).sigmoid().log().mean())
    own = -logits(flow).sigmoid().log().mean() - (1 - logits(cue).sigmoid()).log().mean()
    torch.testing.assert_close(losses["loss_discriminator"], 0.005 * own)

    recognizer = MODELS.build(dict(network(dims), type=f"Recognizer{dims}D")).eval()
    recognizer.load_state_dict(model.state_dict(), strict=False)  # the recognizer's own names
    torch.testing.assert_close(
        losses["loss_cls"], recognizer(cue, samples(), mode="loss")["loss_cls"]
    )


def test_each_network_learns_from_its_own_losses(dims):
    model = build(dims, discriminator=DISCRIMINATOR).train()
    inputs, flow = batch(dims, channels=5), batch(dims, channels=2)

    def reached(*names: str) -> set[str]:
        model.zero_grad()
        losses = model(inputs, samples(), mode="loss", flow=flow)
        sum(losses[name] for name in names).backward()
        parameters = model.named_parameters()
        return {name for name, p in parameters if p.grad is not None and p.grad.any()}

    everything = {name for name, _ in model.named_parameters()}
    of = {part: {n for n in everything if n.startswith(part)} for part in ("gen", "dis")}
    assert reached("loss_cls") == everything - of["dis"]
    assert reached("loss_reconstruction") == of["gen"]
    assert reached("loss_adversarial") == of["gen"]
    assert reached("loss_discriminator") == of["dis"]
    assert sum(map(len, of.values())) < len(everything)


def test_reconstruction_brings_vectors_closer_to_flow():
    """Flow is the vectors, doubled where the residual is large: nothing a sum could say."""
    torch.manual_seed(0)
    inputs = torch.randn(4, 1, 5, 32, 32)
    flow = inputs[:, :, :2] * (1 + (inputs[:, :, 2:3] > 0))
    model = build(2)
    optimizer = torch.optim.Adam(model.generator.parameters(), lr=1e-2)
    for _ in range(60):
        losses = model(inputs, samples() * 2, mode="loss", flow=flow)
        optimizer.zero_grad()
        losses["loss_reconstruction"].backward()
        optimizer.step()
    assert float(losses["flow_error"]) < 0.5 * float(losses["flow_error_of_vectors"])


def test_is_a_p_stream_of_ip_tsn():
    head = dict(type="TSNHead", num_classes=NUM_CLASSES, in_channels=32, average_clips="prob")
    i_stream = dict(
        type="Recognizer2D",
        backbone=dict(type="ResNet2D3D", in_channels=3, base_channels=4, inflate_from=None),
        cls_head=head,
    )
    p_stream = dict(network(3), type="DMCRecognizer3D")
    model = MODELS.build(dict(type="IPTwoStream", i_stream=i_stream, p_stream=p_stream))
    inputs = dict(
        iframe=batch(2, channels=3),
        motion=batch(3, channels=2),
        residual=batch(3, channels=3),
        flow=batch(3, channels=2),
    )
    losses = model(inputs, samples(), mode="loss")
    assert float(losses["p_stream_loss_reconstruction"]) > 0
    inputs.pop("flow")  # testing needs none
    scores = [p.pred_score for p in model.eval()(inputs, samples(), mode="predict")]
    torch.testing.assert_close(torch.stack(scores).sum(1), torch.ones(2))


def test_flow_is_asked_for_only_where_a_loss_needs_it(dims):
    inputs = batch(dims, channels=5)
    with pytest.raises(ValueError, match=r"no 'flow', only \['rgb'\]"):
        build(dims)(inputs, samples(), mode="loss", rgb=inputs)
    alone = build(dims, reconstruction_weight=0)(inputs, samples(), mode="loss")
    assert "loss_cls" in alone
    assert not any("flow" in name or "adv" in name for name in alone)


def test_discriminator_of_another_picture_is_refused():
    assert make_discriminator(**DISCRIMINATOR)(torch.zeros(3, 2, 32, 32)).shape == (3,)
    with pytest.raises(ValueError, match="image_size=100 is no multiple of 16"):
        make_discriminator(image_size=100)


def test_judging_leaves_the_discriminators_statistics_alone():
    model = build(2, discriminator=DISCRIMINATOR, reconstruction_weight=0).train()
    before = copy.deepcopy(dict(model.discriminator.named_buffers()))
    model(batch(2, channels=5), samples(), mode="loss", flow=batch(2, channels=2))
    counts = [name for name in before if name.endswith("num_batches_tracked")]
    assert counts
    after = dict(model.discriminator.named_buffers())
    assert all(int(after[name] - before[name]) == 1 for name in counts)  # its own pass, once
