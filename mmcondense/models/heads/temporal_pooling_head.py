"""Feature maps of a GOP's modalities in, class scores of that GOP out.

            ┌─► pooling(I(t), MV(t), R(t)) ──┐
feature maps┤                                + ─► dropout ─► FC ─► s(t), one row per GOP
            └─► pooling(I(t+Δt), MV(t), R(t))┘
"""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from torch import Tensor

from .pooling_head import PoolingHead


@MODELS.register_module()
class TemporalPoolingHead(PoolingHead):
    """Temporal trilinear pooling and its classifier.

    Huo et al., "Lightweight Action Recognition in Compressed Videos", eq. (7) and (9): the pooled
    vectors of a GOP's I-frame and of an adjacent one, each with the GOP's motion and residual, are
    added and classified. A GOP is a row of :class:`PoolingHead`.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of the feature maps.
        pooling: Config of the fusion of three maps: ``TrilinearPooling``, or for comparison
            ``PairwisePooling``.
        temporal: Whether to add the adjacent GOP's I-frame: TTP. False: TP.
        **kwargs: Of :class:`PoolingHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        pooling: ConfigType,
        temporal: bool = True,
        **kwargs,
    ) -> None:
        maps = ("iframe", "motion", "residual")
        super().__init__(num_classes, in_channels, pooling=pooling, maps=maps, **kwargs)
        self.temporal = temporal

    def forward(self, x: dict[str, Tensor], **kwargs) -> Tensor:
        """Scores of each GOP.

        Args:
            x: Feature maps ``iframe``, ``motion``, ``residual`` and, if temporal, ``neighbour``:
                the I-frame of the adjacent GOP. Each [N, C, H, W], a row per GOP.

        Returns:
            [N, num_classes].
        """
        iframes = [x["iframe"], x["neighbour"]] if self.temporal else [x["iframe"]]
        # The projections of motion and residual serve both.
        pooled = self.pooling(torch.stack(iframes), x["motion"], x["residual"])  # [1 or 2, N, D]
        return self.classify(pooled.sum(dim=0))
