from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from mmcondense.models.backbones import ParallelBackbones
from mmcondense.models.fusion.trilinear_pooling import normalize_pooled

CLASSES, CHANNELS = 5, (4, 6, 3)


@pytest.fixture
def head():
    head = MODELS.build(
        dict(
            type="PoolingHead",
            num_classes=CLASSES,
            in_channels=CHANNELS,
            pooling=dict(type="TrilinearPooling", in_channels=CHANNELS, out_channels=16),
            maps=("rgb", "flow", "sound"),
            averaged=("sound",),
            scale=3.0,
            init_std=1.0,
        )
    )
    head.init_weights()
    return head


@pytest.fixture
def feats() -> dict:
    """Two clips of pictures and flow, T = 2, and sound of another number of positions."""
    shapes = dict(flow=(2, 6, 2, 3, 3), rgb=(2, 4, 2, 3, 3), sound=(2, 3, 7, 1))
    return {name: torch.randn(shape) for name, shape in shapes.items()}


def test_sound_meets_pictures_at_every_position(head, feats):
    u, v, w = head.pooling.projections
    sound = torch.einsum("nck->nc", feats["sound"].flatten(2)) / 7
    pooled = torch.zeros(2, 16)
    for t in range(2):
        for y in range(3):
            for x in range(3):
                rgb, flow = (feats[name][:, :, t, y, x] for name in ("rgb", "flow"))
                parts = (torch.einsum("nc,cdf->ndf", *pair) for pair in ((rgb, u), (flow, v)))
                pooled += (
                    (torch.stack([*parts, torch.einsum("nc,cdf->ndf", sound, w)])).prod(0).sum(2)
                )
    torch.testing.assert_close(head(feats), head.fc_cls(3 * normalize_pooled(pooled)))


def test_each_clip_of_a_video_counts_in_training_and_is_averaged_in_testing(head, feats):
    sample = ActionDataSample().set_gt_label(4)
    scores = head(feats)
    losses = head.loss(feats, [sample])
    torch.testing.assert_close(losses["loss_cls"], F.cross_entropy(scores, torch.tensor([4, 4])))
    (prediction,) = head.predict(feats, [sample])
    torch.testing.assert_close(prediction.pred_score, scores.mean(dim=0))


def test_maps_of_other_positions_are_refused(head, feats):
    head.averaged = ()
    with pytest.raises(RuntimeError, match="must match"):
        head(feats)


def test_parallel_backbones_keep_inputs_apart():
    networks = dict(
        rgb=dict(type="ResNet", depth=18), sound=dict(type="ResNet", depth=18, in_channels=1)
    )
    backbones = MODELS.build(dict(type="ParallelBackbones", networks=networks)).eval()
    assert isinstance(backbones, ParallelBackbones)
    rgb, sound = torch.randn(2, 3, 32, 32), torch.randn(2, 1, 64, 32)
    feats = backbones(sound=sound, rgb=rgb)
    assert list(feats) == ["rgb", "sound"]
    torch.testing.assert_close(feats["sound"], backbones.sound(sound))
    with pytest.raises(ValueError, match=r"inputs are \['rgb'\], but networks are"):
        backbones(rgb=rgb)
