"""The end of I3D: pooling, dropout and a 1x1x1 convolution to logits, averaged over time."""

from __future__ import annotations

from typing import Any

from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from torch import Tensor, nn

from ..backbones.inception_i3d import Unit3D, load_i3d_weights


@MODELS.register_module()
class InceptionI3DHead(BaseHead):
    """Head of :class:`~mmcondense.models.backbones.InceptionI3D`, as in its public code.

    Features are averaged over two neighbouring steps and all positions, classified, and the
    logits averaged over time, so that inner steps count twice as much as the first and the last. Of
    8 or fewer frames there is but one step. The public code pools 7x7 windows; here the window is
    the whole map, the same at 224x224. The logits are named ``logits.conv3d`` as in the public
    checkpoints.

    Args:
        num_classes: K.
        in_channels: Of the features.
        dropout_ratio: Before the logits. 0.5 is the public code's.
        pretrained: A public checkpoint with these K classes to take the logits from; None: random.
        loss_cls: See MMAction2's BaseHead, which takes all further arguments.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 1024,
        loss_cls: ConfigType = dict(type="CrossEntropyLoss"),  # noqa: B006 - MMAction2's contract
        *,
        dropout_ratio: float = 0.5,
        pretrained: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, loss_cls, **kwargs)
        self.pretrained = pretrained
        self.dropout = nn.Dropout(dropout_ratio)
        self.logits = Unit3D(in_channels, num_classes, norm=False)

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Class scores before softmax.

        Args:
            x: [B, in_channels, T', H', W'].
            **kwargs: What a recognizer hands to any head; not used.

        Returns:
            [B, K].
        """
        x = x.mean(dim=(3, 4), keepdim=True)
        if x.shape[2] > 1:
            x = (x[:, :, :-1] + x[:, :, 1:]) / 2
        return self.logits(self.dropout(x)).mean(dim=(2, 3, 4))

    def init_weights(self) -> None:
        """Small Gaussian logits, or those of ``pretrained``."""
        convolution = self.logits.conv3d
        nn.init.normal_(convolution.weight, std=0.01)
        if convolution.bias is not None:
            nn.init.zeros_(convolution.bias)
        if self.pretrained is not None:
            load_i3d_weights(self, self.pretrained, prefix="cls_head.")
