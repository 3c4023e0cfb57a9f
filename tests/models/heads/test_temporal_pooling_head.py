from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

CLASSES, CHANNELS, GOPS = 5, 8, 3


def build(**kwargs):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type="TemporalPoolingHead",
            num_classes=CLASSES,
            in_channels=CHANNELS,
            pooling=dict(type="TrilinearPooling", in_channels=CHANNELS, out_channels=16),
            init_std=1.0,
            **kwargs,
        )
    )
    head.init_weights()
    return head


def feats(videos: int = 2) -> dict:
    generator = torch.Generator().manual_seed(1)
    names = ("iframe", "neighbour", "motion", "residual")
    shape = videos * GOPS, CHANNELS, 2, 3
    return {name: torch.randn(shape, generator=generator) for name in names}


def labelled(*labels) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(label) for label in labels]


def test_ttp_adds_the_pooled_vectors_of_eq_7():
    head, x = build(), feats()
    own = head.pooling(x["iframe"], x["motion"], x["residual"])
    neighbour = head.pooling(x["neighbour"], x["motion"], x["residual"])
    torch.testing.assert_close(head(x), head.fc_cls(own + neighbour))


def test_tp_needs_no_neighbour():
    head, x = build(temporal=False, scale=3.0), feats()
    del x["neighbour"]
    pooled = head.pooling(x["iframe"], x["motion"], x["residual"])
    torch.testing.assert_close(head(x), head.fc_cls(3 * pooled))


def test_each_gop_has_its_own_cross_entropy():
    head, x = build(), feats()
    losses = head.loss(x, labelled(1, 4))
    scores = head(x)
    labels = torch.tensor([1] * GOPS + [4] * GOPS)
    torch.testing.assert_close(losses["loss_cls"], F.cross_entropy(scores, labels))
    accuracy = (scores.argmax(dim=1) == labels).double().mean()
    torch.testing.assert_close(losses["top1_acc"], accuracy)


def test_label_smoothing_and_multi_label():
    x = feats()
    smooth = build(label_smooth_eps=0.1)
    loss = smooth.loss(x, labelled(1, 4))["loss_cls"]
    targets = torch.full((2 * GOPS, CLASSES), 0.1 / CLASSES)
    targets[:GOPS, 1] += 0.9
    targets[GOPS:, 4] += 0.9
    expected = -(targets * F.log_softmax(smooth(x), dim=1)).sum(dim=1).mean()
    torch.testing.assert_close(loss, expected)

    multi = build(multi_class=True, loss_cls=dict(type="BCELossWithLogits"))
    hot = [torch.tensor([1.0, 0, 0, 1, 0]), torch.tensor([0, 1.0, 0, 0, 0])]
    loss = multi.loss(x, labelled(*hot))["loss_cls"]
    targets = torch.stack(hot).repeat_interleave(GOPS, dim=0)
    torch.testing.assert_close(loss, F.binary_cross_entropy_with_logits(multi(x), targets))


@pytest.mark.parametrize("average_clips", ["score", "prob"])
def test_scores_are_averaged_over_gops(average_clips):
    head, x = build(average_clips=average_clips).eval(), feats()
    scores = head(x).view(2, GOPS, CLASSES)
    if average_clips == "prob":
        scores = scores.softmax(dim=-1)
    samples = head.predict(x, labelled(0, 0))
    for sample, expected in zip(samples, scores.mean(dim=1), strict=True):
        torch.testing.assert_close(sample.pred_score, expected)
        assert sample.pred_label.item() == expected.argmax()


def test_dropout_is_in_front_of_the_classifier():
    head, x = build(dropout_ratio=0.5), feats()
    assert not torch.equal(head(x), head(x))
    head.eval()
    torch.testing.assert_close(head(x), head(x))


def test_gradient_reaches_every_parameter():
    head = build()
    head.loss(feats(), labelled(1, 4))["loss_cls"].backward()
    assert all(p.grad.any() for p in head.parameters())
