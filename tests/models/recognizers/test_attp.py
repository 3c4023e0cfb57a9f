from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope

from mmcondense.models.recognizers.attp import ATTP
from mmcondense_runtime.sampling import neighbour_positions

CLASSES, CHANNELS, GOPS, SIDE = 4, 64, 3, 32


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


def network(in_channels: int) -> dict:
    return dict(
        type="ResNet2D3D",
        in_channels=in_channels,
        inflate_from=None,
        base_channels=8,
        data_bn=in_channels == 2,
    )


def attp_cfg(*, temporal: bool = True, **kwargs) -> dict:
    return dict(
        type="ATTP",
        backbones=dict(iframe=network(3), motion=network(2), residual=network(3)),
        cls_head=dict(
            type="TemporalPoolingHead",
            num_classes=CLASSES,
            in_channels=CHANNELS,
            temporal=temporal,
            pooling=dict(type="TrilinearPooling", in_channels=CHANNELS, out_channels=32),
        ),
        **kwargs,
    )


def flow_network() -> dict:
    return dict(
        type="Recognizer2D",
        backbone=network(2),
        cls_head=dict(type="TSNHead", num_classes=CLASSES, in_channels=CHANNELS),
    )


def alignment(folder, **kwargs) -> dict:
    torch.manual_seed(7)
    path = str(folder / "flow.pth")
    torch.save(dict(state_dict=MODELS.build(flow_network()).state_dict()), path)
    teacher = dict(recognizer=flow_network(), checkpoint=path)
    return dict(type="FlowAlignmentLoss", teacher=teacher, **kwargs)


def build(cfg: dict):
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(cfg))
    model.init_weights()
    return model


def batch(*, videos: int = 2, rows: int = GOPS, iframes: int | None = None, seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)
    counts = dict(iframe=(iframes or rows, 3), motion=(rows, 2), residual=(rows, 3))
    return {
        name: torch.randn(videos, count, channels, SIDE, SIDE, generator=generator)
        for name, (count, channels) in counts.items()
    }


def samples(*labels: int, gop_inds=None) -> list[ActionDataSample]:
    result = [ActionDataSample().set_gt_label(label) for label in labels]
    for sample in result:
        if gop_inds is not None:
            sample.set_metainfo(dict(gop_inds=gop_inds))
    return result


def test_neighbours_are_the_gop_before_and_the_one_after_for_the_first():
    assert neighbour_positions([0, 1, 2, 3]) == ([0, 1, 2, 3], [1, 0, 1, 2])
    assert neighbour_positions([2, 5, 7]) == ([0, 1, 2], [1, 0, 1])
    assert neighbour_positions([0, 0, 1, 1, 1, 2]) == ([0, 0, 2, 2, 2, 5], [2, 2, 0, 0, 0, 2])
    assert neighbour_positions([4, 4]) == ([0, 0], [0, 0])


def test_scores_are_those_of_each_gop_by_hand():
    model = build(attp_cfg()).eval()
    inputs = batch()
    scores, _ = model.extract_feat(inputs, stage="head")
    assert scores.shape == (2 * GOPS, CLASSES)
    for video in range(2):
        for gop, neighbour in ((0, 1), (1, 0), (2, 1)):
            one = {name: x[video, [gop]] for name, x in inputs.items()}
            feats = dict(
                iframe=model.iframe_backbone(one["iframe"]),
                neighbour=model.iframe_backbone(inputs["iframe"][video, [neighbour]]),
                motion=model.motion_backbone(one["motion"]),
                residual=model.residual_backbone(one["residual"]),
            )
            expected = model.cls_head(feats)[0]
            torch.testing.assert_close(scores[video * GOPS + gop], expected, rtol=1e-4, atol=1e-5)


def test_given_neighbours_are_used_in_pairs():
    model = build(attp_cfg()).eval()
    inputs = batch(iframes=2 * GOPS)
    own, given = inputs["iframe"][:, 0::2], inputs["iframe"][:, 1::2]
    maps = model(inputs)
    torch.testing.assert_close(maps["iframe"], model.iframe_backbone(own.flatten(0, 1)))
    torch.testing.assert_close(maps["neighbour"], model.iframe_backbone(given.flatten(0, 1)))


@pytest.mark.parametrize(
    ("gop_inds", "views", "computed"),
    [(None, 1, 3), ([0, 1, 2], 1, 3), ([0, 0, 1], 1, 2), ([5, 5, 5], 1, 1), ([0, 0, 1], 2, 4)],
)
def test_each_iframe_is_computed_once(gop_inds, views, computed):
    model = build(attp_cfg()).eval()
    seen = []
    model.iframe_backbone.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    inputs = batch(rows=views * GOPS)
    predictions = model.predict(inputs, samples(0, 1, gop_inds=gop_inds))
    assert seen == [2 * computed]
    assert all(p.pred_score.shape == (CLASSES,) for p in predictions)


def test_without_a_temporal_head_neighbours_are_not_computed():
    model = build(attp_cfg(temporal=False)).eval()
    seen = []
    model.iframe_backbone.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    maps = model(batch(iframes=2 * GOPS))
    assert seen == [2 * GOPS]
    assert set(maps) == {"iframe", "motion", "residual"}


def test_views_do_not_mix():
    model = build(attp_cfg()).eval()
    inputs = batch(rows=2 * GOPS)
    both = model.predict(inputs, samples(0, 0, gop_inds=[0, 1, 2]))
    halves = [
        model.predict({n: x[:, part] for n, x in inputs.items()}, samples(0, 0))
        for part in (slice(GOPS), slice(GOPS, None))
    ]
    for sample, first, second in zip(both, *halves, strict=True):
        mean = (first.pred_score + second.pred_score) / 2
        torch.testing.assert_close(sample.pred_score, mean, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("terms", [("map", "fc"), ("fc",)])
def test_alignment_by_hand(tmp_path, terms):
    cfg = alignment(tmp_path, loss_weight=3.0, before_fc="map" in terms)
    model = build(attp_cfg(alignment=cfg)).eval()
    inputs = dict(batch(), flow=torch.randn(2, GOPS, 2, SIDE, SIDE))
    losses = model.loss(inputs, samples(0, 1))
    flow_network = model.alignment.teacher.build()
    assert not flow_network.training
    ours = model.motion_backbone(inputs["motion"].flatten(0, 1))
    theirs = flow_network.backbone(inputs["flow"].flatten(0, 1))
    fc = flow_network.cls_head.fc_cls
    expected = dict(
        map=3 * (ours - theirs).square().mean(),
        fc=3 * (fc(ours.mean(dim=(2, 3))) - fc(theirs.mean(dim=(2, 3)))).square().mean(),
    )
    assert {key for key in losses if "align" in key} == {f"loss_align_{term}" for term in terms}
    for term in terms:
        torch.testing.assert_close(losses[f"loss_align_{term}"], expected[term])


def test_the_flow_network_is_absent_from_the_model(tmp_path):
    aligned = build(attp_cfg(alignment=alignment(tmp_path)))
    inputs = dict(batch(), flow=torch.randn(2, GOPS, 2, SIDE, SIDE))
    aligned.parse_losses(aligned.loss(inputs, samples(0, 1)))[0].backward()
    plain = build(attp_cfg())
    assert set(aligned.state_dict()) == set(plain.state_dict())
    assert {n for n, _ in aligned.named_parameters()} == {n for n, _ in plain.named_parameters()}
    teacher = aligned.alignment.teacher.build()
    assert all(p.grad is None for p in teacher.parameters())
    missing = dict(teacher=dict(recognizer=flow_network(), checkpoint=str(tmp_path / "none.pth")))
    for_test = MODELS.build(attp_cfg(alignment=dict(type="FlowAlignmentLoss", **missing)))
    for_test.predict(batch(), samples(0, 1))  # neither built nor loaded
    with pytest.raises(FileNotFoundError, match=r"no teacher checkpoint at .*none\.pth"):
        for_test.init_weights()


@pytest.mark.parametrize("aligned", [False, True])
def test_gradient_reaches_every_parameter(tmp_path, aligned):
    cfg = attp_cfg(alignment=alignment(tmp_path)) if aligned else attp_cfg()
    model = build(cfg)
    inputs = dict(batch(iframes=2 * GOPS), flow=torch.randn(2, GOPS, 2, SIDE, SIDE))
    model.parse_losses(model.loss(inputs, samples(0, 1)))[0].backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_overfits_a_tiny_set():
    cfg = attp_cfg()
    cfg["cls_head"]["scale"] = 10.0
    model = build(cfg)
    inputs, data = batch(videos=8), samples(*[0, 1, 2, 3] * 2)
    wrapper = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-2))
    for _ in range(15):
        losses = model(inputs, data, mode="loss")
        wrapper.update_params(model.parse_losses(losses)[0])
    assert losses["loss_cls"] < 0.1
    assert losses["top1_acc"] == 1


def test_what_does_not_fit_is_refused(tmp_path):
    model = build(attp_cfg(alignment=alignment(tmp_path)))
    with pytest.raises(ValueError, match="4 I-frames for 3 GOPs"):
        model(batch(iframes=4))
    with pytest.raises(ValueError, match="no 'flow' for the alignment"):
        model(batch(), samples(0, 1), mode="loss")
    with pytest.raises(ValueError, match="mode is 'test'"):
        model(batch(), mode="test")
    cfg = attp_cfg()
    del cfg["backbones"]["residual"]
    with pytest.raises(ValueError, match=r"must have .*'residual'"):
        MODELS.build(cfg)
    with pytest.raises(ValueError, match="both False"):
        MODELS.build(alignment(tmp_path, before_fc=False, after_fc=False))
    assert MODELS.get("ATTP") is ATTP
