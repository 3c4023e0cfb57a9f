from __future__ import annotations

import pytest
import torch

from mmcondense.models.heads import InceptionI3DHead


def classify(head: InceptionI3DHead, features: torch.Tensor) -> torch.Tensor:
    """The public code: mean over 2 steps and all places, 1x1x1 convolution; then mean over time."""
    pooled = torch.nn.AvgPool3d((2, *features.shape[3:]), stride=1)(features)
    weight, bias = head.logits.conv3d.weight.flatten(1), head.logits.conv3d.bias
    steps = [pooled[:, :, t, 0, 0] @ weight.T + bias for t in range(pooled.shape[2])]
    return torch.stack(steps).mean(dim=0)


@pytest.mark.parametrize("num_steps", [2, 3, 5])
def test_scores_are_the_public_codes(num_steps):
    head = InceptionI3DHead(4, 8).eval()
    features = torch.rand(2, 8, num_steps, 7, 7)
    torch.testing.assert_close(head(features), classify(head, features))


def test_one_step_is_classified_as_it_is():
    head = InceptionI3DHead(4, 8).eval()
    features = torch.rand(2, 8, 1, 3, 3)
    torch.testing.assert_close(head(features), classify(head, features.repeat(1, 1, 2, 1, 1)))


def test_dropout_only_in_training():
    head = InceptionI3DHead(4, 64, dropout_ratio=0.5)
    features = torch.rand(1, 64, 2, 1, 1)
    assert not torch.equal(head.train()(features), head(features))
    assert torch.equal(head.eval()(features), head(features))
