from __future__ import annotations

import pytest
import torch

from mmcondense.models.losses.flow_reconstruction_loss import flow_reconstruction_loss


def test_is_the_mean_squared_error_to_the_flow_or_its_blocks():
    flow = torch.tensor([[[[1.0, 3.0], [5.0, 7.0]], [[0.0, 0.0], [2.0, 2.0]]]])
    cue = torch.tensor([[[[1.0, 1.0], [5.0, 5.0]], [[1.0, 1.0], [1.0, 1.0]]]])
    assert float(flow_reconstruction_loss(cue, flow)) == (0 + 4 + 0 + 4 + 1 + 1 + 1 + 1) / 8
    # means of the blocks: 4 and 1
    blocks = flow_reconstruction_loss(cue, flow, block=2)
    assert float(blocks) == (9 + 9 + 1 + 1 + 0 + 0 + 0 + 0) / 8


def test_each_block_has_its_own_mean():
    flow = torch.arange(2 * 4 * 6.0).view(1, 2, 4, 6)
    slow = torch.empty_like(flow)
    for y in range(0, 4, 2):
        for x in range(0, 6, 2):
            means = flow[..., y : y + 2, x : x + 2].mean((2, 3), keepdim=True)
            slow[..., y : y + 2, x : x + 2] = means
    assert float(flow_reconstruction_loss(slow, flow, block=2)) == 0


def test_blocks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="multiples of block=3"):
        flow_reconstruction_loss(torch.zeros(1, 2, 6, 4), torch.zeros(1, 2, 6, 4), block=3)
    with pytest.raises(ValueError, match=r"flow \[1, 2, 4, 4\], but both must have one shape"):
        flow_reconstruction_loss(torch.zeros(1, 2, 6, 4), torch.zeros(1, 2, 4, 4))
