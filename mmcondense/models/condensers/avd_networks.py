"""The three networks of AVD: clip to image (E), image to clip (D), image to real or not (T)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

Strides = Sequence[tuple[int, int]]
"""Of each convolution: in time, in height and width."""

KERNEL = (3, 5, 5)  # time, height, width
_SLOPE = 0.2


def _border(time: int, space: int) -> tuple[int, int, int]:
    """Zeros on each side with which kernels at these strides reach every frame and pixel."""
    in_time, in_space = (KERNEL[0] - time + 1) // 2, (KERNEL[1] - space + 1) // 2
    return in_time, in_space, in_space


def frames_to_depth(frames: Tensor, factor: int) -> Tensor:
    """[N, C, T, H s, W s] to [N, C s², T, H, W]: what a pixel's block holds becomes its channels.

    The inverse of :func:`depth_to_frames`; both are pixel_shuffle, frame by frame.
    """
    maps = pixel_unshuffle(frames.transpose(1, 2), factor)  # [N, T, C s², H, W]
    return maps.transpose(1, 2)


def depth_to_frames(maps: Tensor, factor: int) -> Tensor:
    """[N, C s², T, H, W] to [N, C, T, H s, W s]."""
    frames = maps.transpose(1, 2)  # [N, T, C s², H, W]
    # flat, since ONNX's exporter knows images only
    flat = pixel_shuffle(frames.flatten(0, 1), factor)  # [N T, C, H s, W s]
    return flat.reshape(-1, maps.shape[2], *flat.shape[1:]).transpose(1, 2)


class VideoEncoder(nn.Sequential):
    """E: 3D convolutions of 5x5x3, batch normalisation and ReLU in between, tanh at the end.

    [N, C, T, H, W] to [N, 3, T / t, H r / s, W r / s], t and s the products of the strides, r the
    factor of the rearrangement. With r = s the image is as large as the frames.

    Args:
        in_channels: C: 3 for pictures, 2 for flow.
        channels: Width of all but the last convolution.
        strides: See :data:`Strides`; at most 3 in time and 5 in space, as the kernels.
        shuffle: r: the last convolution has 3 r² channels, which become r x r pixels each.
    """

    def __init__(
        self, in_channels: int, *, channels: int, strides: Strides, shuffle: int = 1
    ) -> None:
        widths = [in_channels, *[channels] * (len(strides) - 1), 3 * shuffle**2]
        layers: list[nn.Module] = []
        for index, (time, space) in enumerate(strides):
            last = index == len(strides) - 1
            step, border = (time, space, space), _border(time, space)
            layers.append(
                nn.Conv3d(widths[index], widths[index + 1], KERNEL, step, border, bias=last)
            )
            layers += [nn.Tanh()] if last else [nn.BatchNorm3d(channels), nn.ReLU(inplace=True)]
        super().__init__(*layers)
        self.shuffle = shuffle

    def forward(self, frames: Tensor) -> Tensor:
        """The image, [N, 3, T / t, H r / s, W r / s] in [-1, 1]."""
        maps = super().forward(frames)
        return maps if self.shuffle == 1 else depth_to_frames(maps, self.shuffle)


class VideoDecoder(nn.Sequential):
    """D: E in reverse with transposed convolutions, and LeakyReLU in the place of ReLU.

    Args:
        out_channels: C of the clip.
        channels: As E's.
        strides: As E's, in E's order.
        shuffle: As E's.
    """

    def __init__(
        self, out_channels: int, *, channels: int, strides: Strides, shuffle: int = 1
    ) -> None:
        widths = [3 * shuffle**2, *[channels] * (len(strides) - 1), out_channels]
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
        self.shuffle = shuffle

    def forward(self, image: Tensor) -> Tensor:
        """The clip, [N, C, T, H, W] in [-1, 1]."""
        maps = image if self.shuffle == 1 else frames_to_depth(image, self.shuffle)
        return super().forward(maps)


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
