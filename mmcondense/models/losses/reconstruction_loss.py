"""Can the clip be told from its image? Eq. (1) of AVD."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def reconstruction_loss(reconstruction: Tensor, clip: Tensor) -> Tensor:
    """Mean squared error between a clip and what is decoded from its one image.

    Tavakolian, Sabokrou and Hadid, "AVD: Adversarial Video Distillation"
    (https://arxiv.org/abs/1907.05640), eq. (1), which prints a sum over clips and pixels: here it
    is their mean, so that lambda means the same for all sizes.

    Args:
        reconstruction: [N, C, T, H, W].
        clip: [N, C, T, H, W].

    Returns:
        Scalar, float32.
    """
    return F.mse_loss(reconstruction.float(), clip.float())
