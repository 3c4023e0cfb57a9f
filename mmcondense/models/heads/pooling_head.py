"""Feature maps of several modalities in, pooled together, class scores out."""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, SampleList
from mmengine.model.weight_init import normal_init
from torch import Tensor, nn


@MODELS.register_module()
class PoolingHead(BaseHead):
    """A fusion of feature maps, such as ``TrilinearPooling``, and a linear classifier on it.

    Behind any backbone that returns maps by name. Where a sample has several rows (clips, GOPs),
    each has a cross-entropy of its own in training; testing averages over them as
    ``average_clips`` says.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of the feature maps; for MMAction2's information only.
        pooling: Config of the fusion: ``TrilinearPooling``, ``PairwisePooling``, ...
        maps: Names of the maps, in the order in which the fusion takes them.
        averaged: Those whose positions have nothing to do with the others': they are averaged, and
            meet the others at every position. Sound, beside pictures.
        scale: Factor on the pooled vectors, whose length is 1. To the classifier it is the same as
            larger weights, which at usual learning rates would take long to grow.
        dropout_ratio: In front of the classifier.
        init_std: Standard deviation of the classifier's initial weights.
        average_clips: How scores of rows become those of the video: ``'prob'``, ``'score'`` or None
            (see MMAction2).
        **kwargs: Of MMAction2's ``BaseHead``: ``loss_cls``, ``multi_class``, ``label_smooth_eps``,
            ``topk``, ``init_cfg``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int | Sequence[int],
        *,
        pooling: ConfigType,
        maps: Sequence[str],
        averaged: Sequence[str] = (),
        scale: float = 1.0,
        dropout_ratio: float = 0.0,
        init_std: float = 0.01,
        average_clips: str | None = "score",
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, average_clips=average_clips, **kwargs)
        self.pooling = MODELS.build(pooling)
        self.maps = tuple(maps)
        self.averaged = tuple(averaged)
        self.scale = scale
        self.init_std = init_std
        self.dropout = nn.Dropout(dropout_ratio)
        self.fc_cls = nn.Linear(self.pooling.out_channels, num_classes)

    def init_weights(self) -> None:
        """Initialise the classifier; poolings initialise themselves."""
        normal_init(self.fc_cls, std=self.init_std)

    def forward(self, x: dict[str, Tensor], **kwargs) -> Tensor:
        """Scores of each row.

        Args:
            x: Feature maps by name, each [N, C, H, W] or [N, C, T, H, W], in equal positions
                where they are not averaged.
            **kwargs: What a recognizer hands to any head; not used.

        Returns:
            [N, num_classes].
        """
        flat = (x[name].flatten(2).unsqueeze(3) for name in self.maps)  # [N, C, positions, 1]
        pairs = zip(self.maps, flat, strict=True)
        maps = [m.mean(dim=2, keepdim=True) if name in self.averaged else m for name, m in pairs]
        return self.classify(self.pooling(*maps))

    def classify(self, pooled: Tensor) -> Tensor:
        """[N, D] to [N, num_classes]."""
        return self.fc_cls(self.dropout(self.scale * pooled))

    def loss_by_feat(self, cls_scores: Tensor, data_samples: SampleList) -> dict:
        """Cross-entropy of each row: the label of a video counts for all of its rows."""
        rows = len(cls_scores) // len(data_samples)
        repeated = [sample for sample in data_samples for _ in range(rows)]
        return super().loss_by_feat(cls_scores, repeated)
