"""Has the synthetic frame the clip's mean colour? Eq. (6) of IFS."""

from __future__ import annotations

from torch import Tensor


def color_consistency_loss(frame: Tensor, clip: Tensor) -> Tensor:
    """Squared distance of the mean colours of each frame and the synthetic one, averaged.

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022), eq. (6). The norm is the mean over the three channels.

    Args:
        frame: [N, 3, H, W], synthetic.
        clip: [N, 3, T, H, W], the clip's frames in the same range.

    Returns:
        Scalar, float32.
    """
    colour = frame.float().mean(dim=(2, 3)).unsqueeze(2)  # [N, 3, 1]
    colours = clip.float().mean(dim=(3, 4))  # [N, 3, T]
    return (colours - colour).square().mean()
