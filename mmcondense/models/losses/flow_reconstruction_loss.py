"""How far a generated field of motion is from optical flow. The reconstruction loss of DMC-Net."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def flow_reconstruction_loss(cue: Tensor, flow: Tensor, *, block: int = 1) -> Tensor:
    """Mean squared error between a motion cue and optical flow.

    Shou et al., "DMC-Net" (https://arxiv.org/abs/1901.03460). The authors' code first learns from
    flow as coarse as the vectors, its mean in each block of 16x16 pixels (``flow_ds_factor``).

    Args:
        cue: [N, 2, H, W].
        flow: [N, 2, H, W], in the cue's units.
        block: Side of the blocks in which the flow is averaged, pixels; 1: as it is.

    Returns:
        Scalar, float32.

    Raises:
        ValueError: if the shapes differ, or blocks do not divide the picture.
    """
    if cue.shape != flow.shape or cue.shape[-2] % block or cue.shape[-1] % block:
        raise ValueError(
            f"the cue is {list(cue.shape)} and the flow {list(flow.shape)}, but both must have one "
            f"shape, with sides that are multiples of block={block}"
        )
    target = flow.float()
    if block > 1:
        target = F.interpolate(F.avg_pool2d(target, block), scale_factor=block)
    return F.mse_loss(cue.float(), target)
