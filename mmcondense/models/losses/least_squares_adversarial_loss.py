"""Does the synthetic frame look real? Eq. (5) of IFS, with scores of 0 for real and 1 for fake."""

from __future__ import annotations

from torch import Tensor


def discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Least-squares loss of the discriminator, R_adv(D).

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022), eq. (5), as printed: D measures how *fake* a frame is,
    where LSGAN (Mao et al., ICCV 2017) and CycleGAN have the labels the other way round.

    Args:
        real_scores: D of I-frames, any shape; the square is averaged over it.
        fake_scores: D of synthetic frames, which are constants to D: detach them before.

    Returns:
        Scalar, float32.
    """
    return real_scores.float().square().mean() + (1 - fake_scores.float()).square().mean()


def generator_loss(fake_scores: Tensor) -> Tensor:
    """Least-squares loss of the generator, R_adv(F) of eq. (5).

    Args:
        fake_scores: D of synthetic frames, with the parameters of D as constants.

    Returns:
        Scalar, float32.
    """
    return fake_scores.float().square().mean()
