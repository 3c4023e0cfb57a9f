"""The two kinds of network that IFS is made of: image to image, and image to scores (Table 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

NORMS: dict[str, Callable[[int], nn.Module]] = dict(
    instance=nn.InstanceNorm2d, batch=nn.BatchNorm2d
)


class EncoderDecoder(nn.Sequential):
    """CycleGAN's ResNet with 9 blocks, with Table 1's 4x4 kernels where it changes resolution.

    7x7, 4x4 stride 2, 4x4 stride 2, residual blocks, 4x4 stride 1/2, 4x4 stride 1/2, and the 7x7
    to the output that CycleGAN ends with and Table 1 leaves out. Normalisation and ReLU after each
    but the last.

    Args:
        in_channels: Of the input.
        out_channels: Of the output.
        base_channels: Width at full resolution, doubled with each halving.
        num_blocks: Residual blocks.
        kernel_size: Of the first and the last convolution, odd.
        norm: ``instance``, without parameters, as in CycleGAN, or ``batch``.
        squash: End with tanh, for pictures in [-1, 1].

    Raises:
        ValueError: if ``norm`` is neither.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        base_channels: int = 64,
        num_blocks: int = 9,
        kernel_size: int = 7,
        norm: str = "instance",
        squash: bool = False,
    ) -> None:
        if norm not in NORMS:
            raise ValueError(f"norm={norm!r}, allowed is one of {sorted(NORMS)}")
        make_norm = NORMS[norm]
        width = base_channels
        border = kernel_size // 2
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(border),
            nn.Conv2d(in_channels, width, kernel_size, bias=False),
            make_norm(width),
            nn.ReLU(inplace=True),
        ]
        for _ in range(2):
            layers.append(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False))
            width *= 2
            layers += [make_norm(width), nn.ReLU(inplace=True)]
        layers += [ResidualBlock(width, make_norm=make_norm) for _ in range(num_blocks)]
        for _ in range(2):
            layers.append(nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False))
            width //= 2
            layers += [make_norm(width), nn.ReLU(inplace=True)]
        layers += [nn.ReflectionPad2d(border), nn.Conv2d(width, out_channels, kernel_size)]
        if squash:
            layers.append(nn.Tanh())
        super().__init__(*layers)


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions of x, as in CycleGAN: no ReLU after the sum."""

    def __init__(self, channels: int, *, make_norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            make_norm(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            make_norm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def make_encoder(
    in_channels: int, channels: Sequence[int], *, instance_norm: bool = True
) -> nn.Sequential:
    """The encoder of C and D: 4x4 convolutions of stride 2, [N, C, H, W] to [N, C', H/32, W/32].

    PatchGAN's, as in CycleGAN: LeakyReLU of slope 0.2, instance normalisation but in the first.

    Args:
        in_channels: Of the input.
        channels: Output channels of each convolution; five in Table 1.
        instance_norm: Whether to normalise.
    """
    layers: list[nn.Module] = []
    for index, width in enumerate(channels):
        normalise = instance_norm and index > 0
        layers.append(nn.Conv2d(in_channels, width, 4, 2, 1, bias=not normalise))
        if normalise:
            layers.append(nn.InstanceNorm2d(width))
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        in_channels = width
    return nn.Sequential(*layers)


def make_classifier(
    channels: Sequence[int], num_classes: int, *, instance_norm: bool = True
) -> nn.Sequential:
    """C: encoder, average pooling, linear; [N, 3, H, W] to logits [N, num_classes]."""
    return nn.Sequential(
        make_encoder(3, channels, instance_norm=instance_norm),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels[-1], num_classes),
    )


def make_discriminator(channels: Sequence[int], *, instance_norm: bool = True) -> nn.Sequential:
    """D: encoder and a 1x1 convolution; [N, 3, H, W] to a map of scores [N, 1, H/32, W/32]."""
    return nn.Sequential(
        make_encoder(3, channels, instance_norm=instance_norm), nn.Conv2d(channels[-1], 1, 1)
    )
