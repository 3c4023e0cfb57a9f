"""The networks of DMC-Net that are no classifier: generator and discriminator of motion cues."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class DMCGenerator(nn.Module):
    """Vectors and residual in, a finer field of motion out: what the vectors lack is added.

    Shou et al., "DMC-Net: Generating Discriminative Motion Cues for Fast Compressed Video Action
    Recognition", CVPR 2019 (https://arxiv.org/abs/1901.03460). Six 3x3 convolutions, each of which
    sees the input and all outputs before it, as PWC-Net's estimator of flow does, with a sixteenth
    of its channels; LeakyReLU of slope 0.1 after all but the last. Channels, slope and the sum with
    the vectors are those of the authors' code (https://github.com/facebookresearch/dmc-net,
    ``DenseNetTiny`` with ``gen_flow_or_delta 1``): 4584 parameters, 0.23 G multiply-adds for a
    picture of 224x224.

    Args:
        channels: Output channels of all convolutions but the last, which has 2.
    """

    def __init__(self, *, channels: Sequence[int] = (8, 8, 6, 4, 2)) -> None:
        super().__init__()
        seen = 5
        self.layers = nn.ModuleList()
        for width in channels:
            self.layers.append(nn.Sequential(nn.Conv2d(seen, width, 3, 1, 1), nn.LeakyReLU(0.1)))
            seen += width
        self.last = nn.Conv2d(seen, 2, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 5, H, W], motion (2) before residual (3), to [N, 2, H, W] in the motion's units.

        Raises:
            ValueError: for another number of channels.
        """
        if x.shape[1] != 5:
            raise ValueError(
                f"the generator's input is {list(x.shape)}, but must be [N, 5, H, W]: motion (2) "
                "stacked on residual (3)"
            )
        motion = x[:, :2]
        for layer in self.layers:
            x = torch.cat([layer(x), x], dim=1)
        return motion + self.last(x)


def make_discriminator(
    *, image_size: int = 224, channels: Sequence[int] = (16, 32, 64, 128), depth: int = 3
) -> nn.Sequential:
    """Is a field optical flow? [N, 2, image_size, image_size] to a logit [N].

    ``Discriminator3`` of DMC-Net's code: groups of ``depth`` 3x3 convolutions, the first of stride
    2, each with LeakyReLU, dropout of whole channels, and a BatchNorm (all but the very first)
    whose epsilon is 0.8. Theirs ends in two logits of a softmax; only their difference counts.

    Args:
        image_size: Height and width of the fields, a multiple of 2 ** len(channels).
        channels: Of the groups.
        depth: Convolutions in a group.

    Raises:
        ValueError: if the size is no such multiple.
    """
    shrink = 2 ** len(channels)
    if image_size % shrink:
        raise ValueError(f"image_size={image_size} is no multiple of {shrink}")
    layers: list[nn.Module] = []
    seen = 2
    for width in channels:
        for index in range(depth):
            layers += [nn.Conv2d(seen, width, 3, 1 if index else 2, 1), nn.LeakyReLU(0.2)]
            layers.append(nn.Dropout2d(0.25))
            if seen != 2:
                layers.append(nn.BatchNorm2d(width, eps=0.8))
            seen = width
    side = image_size // shrink
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(seen * side * side, 1), nn.Flatten(start_dim=0)
    )
