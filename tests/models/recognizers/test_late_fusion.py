from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope

from mmcondense.models.recognizers import CoViAR, IPTwoStream, fuse_scores

NUM_CLASSES = 4
NUM_SEGMENTS = 4


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


def recognizer(*, in_channels: int, inflate_from: int | None, average_clips="prob") -> dict:
    return dict(
        type="Recognizer2D" if inflate_from is None else "Recognizer3D",
        backbone=dict(
            type="ResNet2D3D",
            in_channels=in_channels,
            inflate_from=inflate_from,
            base_channels=8,
            data_bn=in_channels != 3,
        ),
        cls_head=dict(
            type="TSNHead" if inflate_from is None else "I3DHead",
            num_classes=NUM_CLASSES,
            in_channels=64,
            dropout_ratio=0.0,
            average_clips=average_clips,
        ),
    )


def ip_cfg(**kwargs) -> dict:
    return dict(
        type="IPTwoStream",
        i_stream=recognizer(in_channels=3, inflate_from=None),
        p_stream=recognizer(in_channels=5, inflate_from=3),
        **kwargs,
    )


def coviar_cfg(**kwargs) -> dict:
    return dict(
        type="CoViAR",
        i_stream=recognizer(in_channels=3, inflate_from=None, average_clips="score"),
        motion_stream=recognizer(in_channels=2, inflate_from=None, average_clips="score"),
        residual_stream=recognizer(in_channels=3, inflate_from=None, average_clips="score"),
        **kwargs,
    )


def batch(layout: str = "NCTHW", *, size: int = 3, views: int = 1, seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)

    def frames(channels, layout):
        if layout == "NCHW":
            shape = (size, views * NUM_SEGMENTS, channels, 32, 32)
        else:
            shape = (size, views, channels, NUM_SEGMENTS, 32, 32)
        return torch.randn(shape, generator=generator)

    return dict(iframe=frames(3, "NCHW"), motion=frames(2, layout), residual=frames(3, layout))


def labelled(labels) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(label) for label in labels]


def test_fuse_scores_by_hand():
    scores = [torch.tensor([0.9, 0.1]), torch.tensor([0.2, 0.8])]
    torch.testing.assert_close(fuse_scores(scores, (1, 1)), torch.tensor([0.55, 0.45]))
    torch.testing.assert_close(fuse_scores(scores, (1, 3)), torch.tensor([0.375, 0.625]))
    torch.testing.assert_close(fuse_scores(scores, (0, 2)), scores[1])


@pytest.mark.parametrize(("weights", "views"), [((1.0, 1.0), 1), ((1.0, 3.0), 2)])
def test_predict_fuses_what_the_streams_say_alone(weights, views):
    model = MODELS.build(ip_cfg(fusion_weights=weights)).eval()
    inputs = batch(views=views)
    samples = model(inputs, labelled([0, 1, 2]), mode="predict")
    stacked = torch.cat([inputs["motion"], inputs["residual"]], dim=2)
    alone_i = model.i_stream.predict(inputs["iframe"], labelled([0, 1, 2]))
    alone_p = model.p_stream.predict(stacked, labelled([0, 1, 2]))
    for sample, i, p in zip(samples, alone_i, alone_p, strict=True):
        torch.testing.assert_close(sample.i_stream_score, i.pred_score)
        torch.testing.assert_close(sample.p_stream_score, p.pred_score)
        expected = (weights[0] * i.pred_score + weights[1] * p.pred_score) / sum(weights)
        torch.testing.assert_close(sample.pred_score, expected)
        torch.testing.assert_close(sample.pred_score.sum(), torch.tensor(1.0))
        assert sample.pred_label.item() == expected.argmax()
    assert [s.gt_label.item() for s in samples] == [0, 1, 2]


def test_coviar_gives_each_stream_its_modality():
    model = MODELS.build(coviar_cfg()).eval()
    inputs = batch("NCHW")
    sample = model(inputs, labelled([0, 1, 2]), mode="predict")[1]
    logits = [
        model.i_stream.predict(inputs["iframe"], labelled([0] * 3))[1].pred_score,
        model.motion_stream.predict(inputs["motion"], labelled([0] * 3))[1].pred_score,
        model.residual_stream.predict(inputs["residual"], labelled([0] * 3))[1].pred_score,
    ]
    expected = (2 * logits[0] + logits[1] + logits[2]) / 4
    torch.testing.assert_close(sample.pred_score, expected)


def test_loss_has_each_streams_terms_and_minimises_their_sum():
    model = MODELS.build(ip_cfg()).eval()
    inputs, samples = batch(), labelled([0, 1, 2])
    losses = model(inputs, samples, mode="loss")
    stacked = torch.cat([inputs["motion"], inputs["residual"]], dim=2)
    assert set(losses) == {
        f"{stream}_{term}"
        for stream in ("i_stream", "p_stream")
        for term in ("loss_cls", "top1_acc", "top5_acc")
    }
    alone = model.p_stream.loss(stacked, samples)["loss_cls"]
    torch.testing.assert_close(losses["p_stream_loss_cls"], alone)
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, losses["i_stream_loss_cls"] + losses["p_stream_loss_cls"])


def test_further_inputs_reach_the_streams_losses(monkeypatch):
    model = MODELS.build(ip_cfg())
    seen = {}
    loss = model.p_stream.loss
    monkeypatch.setattr(model.p_stream, "loss", lambda *a, **k: seen.update(k) or loss(*a, **k))
    flow = torch.zeros(3, 1, 2, NUM_SEGMENTS, 32, 32)
    model(dict(batch(), flow=flow), labelled([0, 1, 2]), mode="loss")
    assert seen == {"flow": flow}


def test_a_2d_recognizer_may_be_the_p_stream():
    cfg = ip_cfg()
    cfg["p_stream"] = recognizer(in_channels=5, inflate_from=None)
    model = MODELS.build(cfg).eval()
    sample = model(batch("NCHW"), labelled([0, 1, 2]), mode="predict")[0]
    assert sample.pred_score.shape == (NUM_CLASSES,)


def test_extract_feat_and_tensor_mode():
    model = MODELS.build(ip_cfg()).eval()
    feats = model(batch())
    assert feats["i_stream"].shape == (3 * NUM_SEGMENTS, 64, 1, 1)
    assert feats["p_stream"].shape == (3, 64, 1, 1, 1)
    logits, _ = model.extract_feat(batch(), stage="head")
    assert {name: x.shape for name, x in logits.items()} == {
        "i_stream": (3, NUM_CLASSES),
        "p_stream": (3, NUM_CLASSES),
    }


@pytest.mark.parametrize("cfg", [ip_cfg(), coviar_cfg()], ids=["ip", "coviar"])
def test_gradient_reaches_every_parameter(cfg):
    model = MODELS.build(cfg)
    model.init_weights()
    layout = "NCTHW" if cfg["type"] == "IPTwoStream" else "NCHW"
    total, _ = model.parse_losses(model(batch(layout), labelled([0, 1, 2]), mode="loss"))
    total.backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("cfg", [ip_cfg(), coviar_cfg()], ids=["ip", "coviar"])
def test_overfits_a_tiny_set(cfg):
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    model.init_weights()
    layout = "NCTHW" if cfg["type"] == "IPTwoStream" else "NCHW"
    inputs, samples = batch(layout, size=8), labelled([0, 1, 2, 3] * 2)
    wrapper = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-2))
    for _ in range(12):
        losses = model(inputs, samples, mode="loss")
        total, _ = model.parse_losses(losses)
        wrapper.update_params(total)
    assert all(losses[f"{name}_loss_cls"] < 0.05 for name in model.stream_names)
    assert all(losses[f"{name}_top1_acc"] == 1 for name in model.stream_names)


def test_each_stream_loads_on_its_own(tmp_path):
    whole = MODELS.build(ip_cfg())
    plain = MODELS.build(recognizer(in_channels=3, inflate_from=None))
    torch.save(dict(state_dict=whole.state_dict()), tmp_path / "whole.pth")
    torch.save(dict(state_dict=plain.state_dict()), tmp_path / "plain.pth")
    cfg = ip_cfg()
    cfg["i_stream"]["init_cfg"] = dict(type="Pretrained", checkpoint=str(tmp_path / "plain.pth"))
    cfg["p_stream"]["init_cfg"] = dict(
        type="Pretrained", checkpoint=str(tmp_path / "whole.pth"), prefix="p_stream."
    )
    model = MODELS.build(copy.deepcopy(cfg))
    model.init_weights()
    for ours, theirs in ((model.i_stream, plain), (model.p_stream, whole.p_stream)):
        for name, value in ours.state_dict().items():
            torch.testing.assert_close(value, theirs.state_dict()[name])
    cfg["p_stream"]["init_cfg"]["prefix"] = "i_stream."
    with pytest.raises(ValueError, match=r"whole.pth, for the p_stream, is no checkpoint of this"):
        MODELS.build(copy.deepcopy(cfg)).init_weights()
    cfg["p_stream"]["init_cfg"] = cfg["i_stream"]["init_cfg"]  # another network's
    with pytest.raises(ValueError, match=r"plain.pth, for the p_stream, is no checkpoint of this"):
        MODELS.build(copy.deepcopy(cfg)).init_weights()


@pytest.mark.parametrize("weights", [(1,), (1, 1, 1), (-1, 2), (0, 0)])
def test_weights_are_checked(weights):
    with pytest.raises(ValueError, match="fusion_weights are"):
        MODELS.build(ip_cfg(fusion_weights=weights))


def test_a_streams_own_preprocessor_is_refused():
    cfg = ip_cfg()
    cfg["i_stream"]["data_preprocessor"] = dict(type="ActionDataPreprocessor")
    with pytest.raises(ValueError, match="i_stream has a data_preprocessor"):
        MODELS.build(cfg)


def test_unaveraged_scores_are_refused():
    cfg = ip_cfg()
    cfg["i_stream"]["cls_head"]["average_clips"] = None
    with pytest.raises(ValueError, match=r"\[\[1, 4\], \[4\]\].*average_clips"):
        MODELS.build(cfg).eval()(batch(), labelled([0, 1, 2]), mode="predict")


def test_mode_is_checked():
    with pytest.raises(ValueError, match="mode is 'test'"):
        MODELS.build(ip_cfg())(batch(), mode="test")


def test_exported_classes():
    assert MODELS.get("IPTwoStream") is IPTwoStream
    assert MODELS.get("CoViAR") is CoViAR


def test_streams_of_probabilities_and_of_logits_are_not_fused():
    streams = dict(
        i_stream=recognizer(in_channels=3, inflate_from=None, average_clips="score"),
        p_stream=recognizer(in_channels=5, inflate_from=None, average_clips="prob"),
    )
    with pytest.raises(ValueError, match=r"probabilities.*logits.*cannot be fused"):
        MODELS.build(dict(type="IPTwoStream", **streams))


def test_streams_may_see_different_numbers_of_crops():
    """Ten crops of I-frames, one of P-frames (Table 5): each stream averages over its own."""
    model = MODELS.build(ip_cfg()).eval()
    ten, one = batch(views=10), batch(views=1)
    inputs = dict(ten, motion=one["motion"], residual=one["residual"])
    log_scores = []
    for crop in ten["iframe"].unflatten(1, (10, NUM_SEGMENTS)).unbind(1):
        predictions = model(
            dict(inputs, iframe=crop.contiguous()), labelled([0, 1, 2]), mode="predict"
        )
        log_scores.append(torch.stack([sample.i_stream_score.log() for sample in predictions]))
    expected = torch.stack(log_scores).mean(dim=0).softmax(dim=1)  # of the crops' mean logits
    samples = model(inputs, labelled([0, 1, 2]), mode="predict")
    for sample, of_ten, of_one in zip(samples, expected, predictions, strict=True):
        torch.testing.assert_close(sample.i_stream_score, of_ten)
        torch.testing.assert_close(sample.p_stream_score, of_one.p_stream_score)
        torch.testing.assert_close(sample.pred_score, (of_ten + sample.p_stream_score) / 2)
