"""Feature maps of a GOP's modalities in, class scores of that GOP out.

            ┌─► pooling(I(t), MV(t), R(t)) ──┐
feature maps┤                                + ─► dropout ─► FC ─► s(t), one row per GOP
            └─► pooling(I(t+Δt), MV(t), R(t))┘
"""

from __future__ import annotations

import torch
from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, SampleList
from mmengine.model.weight_init import normal_init
from torch import Tensor, nn


@MODELS.register_module()
class TemporalPoolingHead(BaseHead):
    """Temporal trilinear pooling and its classifier.

    Huo et al., "Lightweight Action Recognition in Compressed Videos", eq. (7) and (9): the pooled
    vectors of a GOP's I-frame and of an adjacent one, each with the GOP's motion and residual, are
    added and classified. Each GOP has a cross-entropy of its own in training; testing averages over
    GOPs as ``average_clips`` says.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of the feature maps.
        pooling: Config of the fusion of three maps: ``TrilinearPooling``, or for comparison
            ``PairwisePooling``.
        temporal: Whether to add the adjacent GOP's I-frame: TTP. False: TP.
        scale: Factor on the pooled vectors, whose length is 1. To the classifier it is the same as
            larger weights, which at usual learning rates would take long to grow.
        dropout_ratio: In front of the classifier.
        init_std: Standard deviation of the classifier's initial weights.
        average_clips: How scores of GOPs, and of crops, become those of the video: ``'prob'``,
            ``'score'`` or None (see MMAction2).
        **kwargs: Of MMAction2's ``BaseHead``: ``loss_cls``, ``multi_class``, ``label_smooth_eps``,
            ``topk``, ``init_cfg``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        pooling: ConfigType,
        temporal: bool = True,
        scale: float = 1.0,
        dropout_ratio: float = 0.0,
        init_std: float = 0.01,
        average_clips: str | None = "score",
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, average_clips=average_clips, **kwargs)
        self.pooling = MODELS.build(pooling)
        self.temporal = temporal
        self.scale = scale
        self.init_std = init_std
        self.dropout = nn.Dropout(dropout_ratio)
        self.fc_cls = nn.Linear(self.pooling.out_channels, num_classes)

    def init_weights(self) -> None:
        """Initialise the classifier; poolings initialise themselves."""
        normal_init(self.fc_cls, std=self.init_std)

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
        return self.fc_cls(self.dropout(self.scale * pooled.sum(dim=0)))

    def loss_by_feat(self, cls_scores: Tensor, data_samples: SampleList) -> dict:
        """Cross-entropy of each GOP, eq. (9): the label of a video counts for all its rows."""
        gops = len(cls_scores) // len(data_samples)
        repeated = [sample for sample in data_samples for _ in range(gops)]
        return super().loss_by_feat(cls_scores, repeated)
