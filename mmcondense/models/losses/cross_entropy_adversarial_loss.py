"""Does the distilled image look real? Eq. (2) of AVD, from logits of T: real is 1, distilled 0."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def teacher_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """What the teacher minimises: -E[log T(real)] - E[log(1 - T(distilled))].

    Tavakolian, Sabokrou and Hadid, "AVD: Adversarial Video Distillation"
    (https://arxiv.org/abs/1907.05640), eq. (2), with the sign of a loss.

    Args:
        real_logits: T of video frames before its sigmoid, any shape.
        fake_logits: T of distilled images, which are constants to T: detach them before.

    Returns:
        Scalar, float32.
    """
    return F.softplus(-real_logits.float()).mean() + F.softplus(fake_logits.float()).mean()


def encoder_loss(fake_logits: Tensor, *, saturating: bool = False) -> Tensor:
    """What the encoder minimises to fool the teacher.

    Eq. (2) prints E[log(1 - T(distilled))], whose gradient vanishes where T is sure and which has
    no lower bound. -E[log T(distilled)] has the same optimum (Goodfellow et al., "Generative
    Adversarial Nets", NeurIPS 2014, section 3).

    Args:
        fake_logits: T of distilled images before its sigmoid, with the parameters of T as
            constants.
        saturating: The printed form instead of the other.

    Returns:
        Scalar, float32.
    """
    if saturating:
        return -F.softplus(fake_logits.float()).mean()
    return F.softplus(-fake_logits.float()).mean()
