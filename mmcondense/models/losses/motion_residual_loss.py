"""Can the clip's motion and residuals be told from the synthetic frame? Eq. (4) of IFS."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def motion_residual_loss(
    motion_hat: Tensor, residual_hat: Tensor, motion: Tensor, residual: Tensor
) -> Tensor:
    """Squared errors of motion and of residuals, averaged over frames and positions, added.

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022), eq. (4). The norm is the mean over a frame, as the paper
    says of eq. (2). It does not give units: with motion / 20 pixels and residual / 255 the loss
    has the size of its Table 3.

    Args:
        motion_hat: [N, 2, T-1, H, W], estimated.
        residual_hat: [N, 3, T-1, H, W], estimated.
        motion: [N, 2, T-1, H, W].
        residual: [N, 3, T-1, H, W].

    Returns:
        Scalar, float32.
    """
    return F.mse_loss(motion_hat.float(), motion.float()) + F.mse_loss(
        residual_hat.float(), residual.float()
    )
