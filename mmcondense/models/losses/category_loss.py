"""Can the video's class be told from the synthetic frame? Eq. (3) of IFS."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def category_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the category network C.

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022), eq. (3).

    Args:
        logits: [N, num_classes].
        labels: [N] int64.

    Returns:
        Scalar, float32.
    """
    return F.cross_entropy(logits.float(), labels)
