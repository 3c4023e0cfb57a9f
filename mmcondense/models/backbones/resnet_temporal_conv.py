"""A 2D ResNet that looks along time too: a 3x1x1 convolution behind each spatial one.

[B, C, T, H, W] ─► 7x7, 3x1x1 ─► layer1 ... layer4, each 3x3 followed by 3x1x1 ─► [B, 2048, T, H/32, W/32]
"""  # noqa: E501 - a picture

from __future__ import annotations

from typing import Any

from einops import rearrange
from mmaction.models.backbones.resnet import ResNet
from mmaction.registry import MODELS
from torch import Tensor, nn

from .resnet_checkpoint import load_resnet_checkpoint


class SpatioTemporalConv(nn.Conv2d):
    """A convolution of each frame, and of its result a 3x1x1 convolution along time.

    The spatial weights keep the names that they have in a 2D network. The temporal convolution
    begins as the identity, without bias: until training moves it, the frames do not know of each
    other and the network is the 2D one.

    Args:
        like: The spatial convolution, whose shape is taken.
        num_frames: T.
    """

    def __init__(self, like: nn.Conv2d, *, num_frames: int) -> None:
        super().__init__(
            like.in_channels,
            like.out_channels,
            like.kernel_size,  # type: ignore[arg-type]
            stride=like.stride,  # type: ignore[arg-type]
            padding=like.padding,  # type: ignore[arg-type]
            dilation=like.dilation,  # type: ignore[arg-type]
            bias=like.bias is not None,
        )
        self.num_frames = num_frames
        channels = like.out_channels
        self.temporal = nn.Conv2d(channels, channels, (3, 1), padding=(1, 0), bias=False)
        self.reset_temporal()

    def reset_temporal(self) -> None:
        """Make the temporal convolution the identity."""
        nn.init.zeros_(self.temporal.weight)
        nn.init.eye_(self.temporal.weight.data[:, :, 1, 0])

    def forward(self, x: Tensor) -> Tensor:
        """[B*T, C, H, W] to [B*T, C', H', W']."""
        x = super().forward(x)
        height = x.shape[2]
        x = rearrange(x, "(b t) c h w -> b c t (h w)", t=self.num_frames)
        return rearrange(self.temporal(x), "b c t (h w) -> (b t) c h w", h=height)


@MODELS.register_module()
class ResNetTemporalConv(ResNet):
    """The 3D network that IFS classifies clips of synthetic frames with.

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022), section 3.5 (ii): ResNet-101 with a 3x1x1 convolution behind
    each spatial convolution, the 7x7 included, on 8 frames, without temporal stride. The paper
    does not say where normalisation goes: here the temporal convolution stands before the spatial
    one's BatchNorm, so that there are no new BatchNorms and 2D weights mean what they meant.

    Args:
        depth: Of the ResNet: 18, 34, 50, 101 or 152.
        num_frames: T.
        pretrained: 2D weights to start from, ``torchvision://resnet101``, or the path or URL of a
            checkpoint with torchvision's or MMAction2's names. A checkpoint of this very network
            is loaded as it is. None: at random.
        pretrained_prefix: Of the backbone's parameters in the checkpoint, such as
            ``recognizer.backbone.``. None: ``backbone.`` if there is such, else nothing.
        **kwargs: Of MMAction2's ResNet: ``partial_bn``, ``norm_eval``, ``frozen_stages``, ...
    """

    def __init__(
        self,
        depth: int = 101,
        *,
        num_frames: int = 8,
        pretrained: str | None = None,
        pretrained_prefix: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(depth, **kwargs)
        self.weights_2d = pretrained
        self.num_frames = num_frames
        self.pretrained_prefix = pretrained_prefix
        for module in list(self.modules()):
            conv = getattr(module, "conv", None)  # of a ConvModule
            if isinstance(conv, nn.Conv2d) and conv.kernel_size != (1, 1):
                module.conv = SpatioTemporalConv(conv, num_frames=num_frames)

    def forward(self, x: Tensor) -> Tensor:
        """Features of the last stage.

        Args:
            x: [B, C, T, H, W].

        Returns:
            [B, feat_dim, T, H/32, W/32].

        Raises:
            ValueError: if the clips have another length.
        """
        if x.ndim != 5 or x.shape[2] != self.num_frames:
            raise ValueError(
                f"the input is {list(x.shape)}, but must be [B, C, T, H, W] with "
                f"T = num_frames = {self.num_frames}"
            )
        num_clips = x.shape[0]
        feats = super().forward(rearrange(x, "b c t h w -> (b t) c h w"))
        return rearrange(feats, "(b t) c h w -> b c t h w", b=num_clips)

    def init_weights(self) -> None:
        """Initialise at random, then load ``pretrained`` where it is given."""
        super().init_weights()
        for module in self.modules():
            if isinstance(module, SpatioTemporalConv):
                module.reset_temporal()
        if self.weights_2d is not None:
            load_resnet_checkpoint(
                self,
                self.weights_2d,
                prefix=self.pretrained_prefix,
                may_miss=lambda name: ".temporal." in name,
            )
