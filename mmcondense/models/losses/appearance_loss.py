"""Can the first frame be told from the synthetic one? Eq. (2) of IFS."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def appearance_loss(reconstruction: Tensor, iframe: Tensor) -> Tensor:
    """Mean squared error between the clip's first frame and what is decoded from the synthetic one.

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022), eq. (2).

    Args:
        reconstruction: [N, 3, H, W].
        iframe: [N, 3, H, W], in [-1, 1].

    Returns:
        Scalar, float32.
    """
    return F.mse_loss(reconstruction.float(), iframe.float())
