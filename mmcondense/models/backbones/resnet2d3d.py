"""A ResNet whose first stages see frames one by one and whose last stages see the clip.

[B, C, T, H, W] ─ data_bn ─ conv1 ─ layer1 ─ layer2 ─┬─ layer3 ─ layer4 ─ [B, 512, T/4, H/32, W/32]
                  └────────── 2D, per frame ─────────┘└──────── 3D ──────┘
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from einops import rearrange
from mmaction.models.backbones.resnet import ResNet, make_res_layer
from mmaction.models.backbones.resnet3d import ResNet3d
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from .resnet_checkpoint import load_resnet_checkpoint


def adapt_kernel(weight: Tensor, shape: Sequence[int]) -> Tensor:
    """Fit the weights of a 2D convolution to another convolution.

    - Input channels that differ in number: every new one gets the mean over the old ones, as TSN
      does from RGB to optical flow (Wang et al., ECCV 2016, section 3.2).
    - A larger spatial kernel: the old one in its centre, zeros around.
    - A temporal axis: repeated along time and divided by its length (I3D, Carreira and Zisserman,
      CVPR 2017), so that a clip that stands still gives what its frame gave.

    Args:
        weight: [out, in, k, k].
        shape: Of the result: [out, in', (t,) k', k'].

    Returns:
        The new weights. What the three rules cannot bridge (fewer outputs, a smaller kernel) keeps
        its size, so compare the shape.
    """
    if weight.shape[1] != shape[1]:
        weight = weight.mean(dim=1, keepdim=True).expand(-1, shape[1], -1, -1)
    margin = max(0, shape[-1] - weight.shape[-1]) // 2
    weight = F.pad(weight, [margin] * 4)
    if len(shape) == 5:
        weight = weight.unsqueeze(2).repeat(1, 1, shape[2], 1, 1) / shape[2]
    return weight


@MODELS.register_module()
class ResNet2D3D(BaseModule):
    """The P-stream of IP-TSN: a ResNet inflated to 3D from one stage on.

    Huang et al., "Flow-Distilled IP Two-Stream Networks for Compressed Video Action Recognition"
    (https://arxiv.org/abs/1912.04462), section 4.2 and Table 4: ResNet-18 up to conv3_x (28x28),
    3D-ResNet18 from conv4_x on, "inflate at conv3.x". torchvision and the parameters count
    stages as layer1 (conv2_x) to layer4 (conv5_x), so the paper's network is ``inflate_from=3``.
    3D-ResNet18 is that of ECO, which the paper cites: time is halved in conv4_x and in conv5_x,
    and their shortcuts are 3x3x3 convolutions; only with these do the multiply-adds come to the
    paper's 33.9 G for 16 frames (31.9 G with 1x1x1 shortcuts).

    Parameters are named as in MMAction2's ResNet (``layer1.0.conv1.conv.weight``), whose blocks
    these are, so 2D and 2D-3D checkpoints of the same depth differ in shapes only.

    Args:
        depth: Of the ResNet: 18, 34, 50, 101 or 152.
        in_channels: 5 for motion (2) stacked on residual (3).
        inflate_from: First stage that is 3D, 1 to 4. 0: conv1 is, too, 7x7x7 with stride 1 in time.
            None: no stage is, and the network takes images.
        temporal_strides: Of the four stages; those of 2D stages do not count.
        shortcut_kernel: Kernel size of the projection shortcuts of 3D stages: 3 (ECO) or 1 (usual).
        base_channels: Width of conv1 and layer1, doubled by each further stage. 64 in the paper.
        data_bn: Whether the input passes a BatchNorm first, as motion and residuals do in CoViAR.
        pretrained: 2D weights to start from, ``torchvision://resnet18``, or the path or URL of a
            checkpoint with torchvision's or MMAction2's names; :func:`adapt_kernel` says how they
            are fitted. A checkpoint of this very network is loaded as it is. None: Kaiming.
        pretrained_prefix: Of the backbone's parameters in the checkpoint, such as
            ``p_stream.backbone.``. None: ``backbone.`` if there is such, else nothing.
        init_cfg: See MMEngine; not applied to what ``pretrained`` brings.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(
        self,
        depth: int = 18,
        *,
        in_channels: int = 5,
        inflate_from: int | None = 3,
        temporal_strides: Sequence[int] = (1, 1, 2, 2),
        shortcut_kernel: int = 3,
        base_channels: int = 64,
        data_bn: bool = True,
        pretrained: str | None = None,
        pretrained_prefix: str | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            init_cfg=init_cfg
            or [
                dict(type="Kaiming", layer=["Conv2d", "Conv3d"]),
                dict(type="Constant", layer=["BatchNorm2d", "BatchNorm3d"], val=1.0),
            ]
        )
        if depth not in ResNet.arch_settings:
            raise ValueError(f"depth is {depth}, but must be one of {sorted(ResNet.arch_settings)}")
        if inflate_from not in (None, 0, 1, 2, 3, 4):
            raise ValueError(f"inflate_from is {inflate_from}, but must be 0, 1, 2, 3, 4 or None")
        if shortcut_kernel not in (1, 3):
            raise ValueError(f"shortcut_kernel is {shortcut_kernel}, but must be 1 or 3")
        self.in_channels = in_channels
        self.inflate_from = inflate_from
        self.pretrained = pretrained
        self.pretrained_prefix = pretrained_prefix

        self.data_bn = nn.BatchNorm2d(in_channels) if data_bn else nn.Identity()
        dims = 3 if inflate_from == 0 else 2
        self.conv1 = ConvModule(
            in_channels,
            base_channels,
            7,
            stride=(1, 2, 2)[-dims:],
            padding=3,
            bias=False,
            conv_cfg=dict(type=f"Conv{dims}d"),
            norm_cfg=dict(type=f"BN{dims}d"),
        )
        self.maxpool: nn.Module = nn.MaxPool2d(3, stride=2, padding=1)
        if dims == 3:
            self.maxpool = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        channels = base_channels
        for stage, num_blocks in enumerate(ResNet.arch_settings[depth][1], start=1):
            planes = base_channels * 2 ** (stage - 1)
            if inflate_from is None or stage < inflate_from:
                block = ResNet.arch_settings[depth][0]
                layer = _make_2d_stage(block, channels, planes, num_blocks, stage=stage)
            else:
                block = ResNet3d.arch_settings[depth][0]
                layer = _make_3d_stage(
                    block,
                    channels,
                    planes,
                    num_blocks,
                    stage=stage,
                    temporal_stride=temporal_strides[stage - 1],
                    shortcut_kernel=shortcut_kernel,
                )
            self.add_module(f"layer{stage}", layer)
            channels = planes * block.expansion
        self.feat_dim = channels

    def forward(self, x: Tensor) -> Tensor:
        """Features of the last stage.

        Args:
            x: [B, C, T, H, W], or [B, C, H, W] where no stage is 3D.

        Returns:
            [B, feat_dim, T', H/32, W/32], T' = T/4 by default, or [B, feat_dim, H/32, W/32].

        Raises:
            ValueError: if the input has another number of axes or channels.
        """
        axes = "[B, C, H, W]" if self.inflate_from is None else "[B, C, T, H, W]"
        if x.ndim != axes.count(",") + 1 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"the input is {list(x.shape)}, but must be {axes} with C = {self.in_channels}"
            )
        batch_size = x.shape[0]
        if self.inflate_from is not None:
            x = rearrange(x, "b c t h w -> (b t) c h w")
        x = self.data_bn(x)
        for stage in (0, 1, 2, 3, 4):
            if stage == self.inflate_from:
                x = rearrange(x, "(b t) c h w -> b c t h w", b=batch_size)
            x = getattr(self, f"layer{stage}")(x) if stage else self.maxpool(self.conv1(x))
        return x

    def init_weights(self) -> None:
        """Initialise at random, then load ``pretrained`` where it is given."""
        super().init_weights()
        if self.pretrained is not None:
            load_resnet_checkpoint(
                self,
                self.pretrained,
                prefix=self.pretrained_prefix,
                may_miss=lambda name: name.startswith("data_bn."),  # where it starts: the identity
                adapt=lambda weight, own: (
                    adapt_kernel(weight, own.shape) if weight.ndim == 4 else weight
                ),
            )


def _make_2d_stage(
    block: type[nn.Module], channels: int, planes: int, num_blocks: int, *, stage: int
) -> nn.Sequential:
    return make_res_layer(
        block,
        channels,
        planes,
        num_blocks,
        stride=1 if stage == 1 else 2,
        norm_cfg=dict(type="BN2d"),
        act_cfg=dict(type="ReLU", inplace=True),
    )


def _make_3d_stage(
    block: type[nn.Module],
    channels: int,
    planes: int,
    num_blocks: int,
    *,
    stage: int,
    temporal_stride: int,
    shortcut_kernel: int,
) -> nn.Sequential:
    layer = ResNet3d.make_res_layer(
        block,
        channels,
        planes,
        num_blocks,
        spatial_stride=1 if stage == 1 else 2,
        temporal_stride=temporal_stride,
        inflate_style="3x3x3",
        conv_cfg=dict(type="Conv3d"),
        norm_cfg=dict(type="BN3d"),
        act_cfg=dict(type="ReLU", inplace=True),
    )
    shortcut = layer[0].downsample
    if shortcut is not None:
        layer[0].downsample = ConvModule(
            shortcut.in_channels,
            shortcut.out_channels,
            shortcut_kernel,
            stride=shortcut.stride,
            padding=shortcut_kernel // 2,
            bias=False,
            conv_cfg=dict(type="Conv3d"),
            norm_cfg=dict(type="BN3d"),
            act_cfg=None,
        )
    return layer
