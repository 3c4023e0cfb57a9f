from __future__ import annotations

import pytest
import torch

from mmcondense.models.backbones import DifferenceNet


@pytest.fixture
def network():
    network = DifferenceNet(channels=(4, 8))
    network.init_weights()
    return network.eval()


def test_sees_what_changes_and_not_what_stands_still(network):
    clip = torch.rand(2, 3, 5, 16, 16)
    features = network(clip)
    assert features.shape == (2, 8, 4, 4, 4)
    assert features.std() > 0
    torch.testing.assert_close(network(clip + torch.rand(2, 3, 1, 16, 16)), features)


def test_refuses_one_frame(network):
    with pytest.raises(ValueError, match="no differences"):
        network(torch.rand(1, 3, 1, 16, 16))
