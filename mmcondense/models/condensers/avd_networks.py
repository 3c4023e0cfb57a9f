"""The three networks of AVD: clip to image (E), image to clip (D), image to real or not (T)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

Strides = Sequence[tuple[int, int]]
"""Of each convolution: in time, in height and width."""

KERNEL = (3, 5, 5)  # time, height, width
_SLOPE = 0.2


def _border(time: int, space: int) -> tuple[int, int, int]:
    """Zeros on each side with which kernels at these strides reach every frame and pixel."""
    in_time, in_space = (KERNEL[0] - time + 1) // 2, (KERNEL[1] - space + 1) // 2
    return in_time, in_space, in_space


class VideoEncoder(nn.Sequential):
    """E: 3D convolutions of 5x5x3, batch normalisation and ReLU in between, tanh at the end.

    [N, C, T, H, W] to [N, 3, T / t, H / s, W / s], t and s the products of the strides.

    Args:
        in_channels: C: 3 for pictures, 2 for flow.
        channels: Width of all but the last convolution.
        strides: See :data:`Strides`; at most 3 in time and 5 in space, as the kernels.
    """

    def __init__(self, in_channels: int, *, channels: int, strides: Strides) -> None:
        widths = [in_channels, *[channels] * (len(strides) - 1), 3]
        layers: list[nn.Module] = []
        for index, (time, space) in enumerate(strides):
            last = index == len(strides) - 1
            step, border = (time, space, space), _border(time, space)
            layers.append(
                nn.Conv3d(widths[index], widths[index + 1], KERNEL, step, border, bias=last)
            )
            layers += [nn.Tanh()] if last else [nn.BatchNorm3d(channels), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class VideoDecoder(nn.Sequential):
    """D: E in reverse with transposed convolutions, and LeakyReLU in the place of ReLU.

    Args:
        out_channels: C of the clip.
        channels: As E's.
        strides: As E's, in E's order.
    """

    def __init__(self, out_channels: int, *, channels: int, strides: Strides) -> None:
        widths = [3, *[channels] * (len(strides) - 1), out_channels]
        layers: list[nn.Module] = []
        for index, (time, space) in enumerate(reversed(strides)):
            last = index == len(strides) - 1
            step, border = (time, space, space), _border(time, space)
            # What makes the output exactly stride times as long.
            grow_space = space + 2 * border[1] - KERNEL[1]
            grow = (time + 2 * border[0] - KERNEL[0], grow_space, grow_space)
            layers.append(
                nn.ConvTranspose3d(
                    widths[index], widths[index + 1], KERNEL, step, border, grow, bias=last
                )
            )
            layers += (
                [nn.Tanh()]
                if last
                else [nn.BatchNorm3d(channels), nn.LeakyReLU(_SLOPE, inplace=True)]
            )
        super().__init__(*layers)


def make_teacher(image_size: tuple[int, int], channels: Sequence[int]) -> nn.Sequential:
    """T: fully connected layers with ReLU in between; [N, 3, H, W] to logits [N, 1].

    The sigmoid that ends it is part of the losses, where it cannot overflow.

    Args:
        image_size: H and W of the images.
        channels: Widths of all layers but the last, which has 1.
    """
    widths = [3 * image_size[0] * image_size[1], *channels]
    layers: list[nn.Module] = [nn.Flatten()]
    for index, width in enumerate(channels):
        layers += [nn.Linear(widths[index], width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1))
