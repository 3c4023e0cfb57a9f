from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from mmcondense.models.condensers.temporal_attention import TemporalAttention, keep_highest


def attention(**settings) -> TemporalAttention:
    init_default_scope("mmaction")
    extractor = dict(
        type="ResNet2D3D", in_channels=3, inflate_from=None, data_bn=False, base_channels=4
    )
    settings = dict(num_kept=2, extractor_channels=32, extractor_size=32, **settings)
    net = MODELS.build(dict(type="TemporalAttention", extractor=extractor, **settings))
    net.init_weights()
    return net


def test_the_highest_frames_are_kept_in_the_order_of_time():
    frames = torch.arange(4.0).view(1, 1, 4, 1, 1).expand(2, 3, -1, 2, 2)
    importance = torch.tensor([[0.1, 0.6, 0.0, 0.3], [0.4, 0.1, 0.3, 0.2]])
    kept = keep_highest(frames, importance, num_kept=2)
    assert kept[:, 0, :, 0, 0].tolist() == [[1, 3], [0, 2]]
    assert kept.shape == (2, 3, 2, 2, 2)


@pytest.mark.parametrize(("importance_sum", "expected"), [(None, 5), (1, 1)])
def test_training_scales_all_frames(importance_sum, expected):
    net = attention(importance_sum=importance_sum, init_std=1.0).train()
    clip = torch.rand(2, 3, 5, 32, 32) + 0.5
    scales = net(clip) / clip
    per_frame = scales[:, 0, :, 0, 0]
    torch.testing.assert_close(scales, per_frame[:, None, :, None, None].expand_as(scales))
    torch.testing.assert_close(per_frame.sum(dim=1), torch.full((2,), float(expected)))
    assert float(per_frame.std()) > 1e-3
    net(clip).square().sum().backward()
    assert [n for n, p in net.named_parameters() if not p.grad.any()] == []


def test_testing_keeps_frames_as_they_are():
    net = attention(init_std=1.0).eval()
    clip = torch.rand(2, 3, 5, 32, 32)
    with torch.no_grad():
        expected = keep_highest(clip, net.importance(clip), num_kept=2)
        assert torch.equal(net(clip), expected)
    with pytest.raises(ValueError, match="num_kept=2, but the clip has 1"):
        net(clip[:, :, :1])
