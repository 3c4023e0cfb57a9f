"""Temporal attention: one importance for each frame; the most important frames are kept."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from torch import Tensor, nn

from .base import BaseCondenser, Clip, as_rgb
from .tsd import CoarseFeatureExtractor


def keep_highest(frames: Tensor, importance: Tensor, *, num_kept: int) -> Tensor:
    """The frames of highest importance, in the order of time.

    Args:
        frames: [N, C, T, H, W].
        importance: [N, T].
        num_kept: K, from 1 to T.

    Returns:
        [N, C, K, H, W].
    """
    chosen = importance.topk(num_kept, dim=1).indices.sort(dim=1).values  # [N, K]
    _, channels, _, height, width = frames.shape
    index = chosen[:, None, :, None, None].expand(-1, channels, -1, height, width)
    return frames.gather(2, index)


@MODELS.register_module()
class TemporalAttention(BaseCondenser):
    """TSD's rival I3D_A (Zhang et al., ACM MM 2018, section 3.3, https://doi.org/10.1145/3240508.3240534).

    In training the recognizer gets all T frames, scaled by their importance, since keeping some
    has no gradient. In testing it gets the K most important ones as they are.

    Importances are positive and l1-normalised. Where the paper's sum to 1, ours sum to T: frames
    at a T-th of their contrast in training would be no preparation for whole ones in testing.

    Args:
        num_kept: K, frames that are left in testing.
        extractor, extractor_channels: See
            :class:`~mmcondense.models.condensers.TemporalSequenceDistillation`.
        extractor_size, extractor_mean, extractor_std, subtract_mean_frame: Likewise.
        importance_sum: Of a clip's importances in training; None: T. 1 is the paper's.
        init_std: Of the Gaussian that the weights of the importance start from.
        init_cfg: See MMEngine.
    """

    def __init__(
        self,
        *,
        num_kept: int,
        extractor: ConfigType | None = None,
        extractor_channels: int = 1024,
        extractor_size: int | None = 112,
        extractor_mean: Sequence[float] = (127.5, 127.5, 127.5),
        extractor_std: Sequence[float] = (127.5, 127.5, 127.5),
        subtract_mean_frame: bool = False,
        importance_sum: float | None = None,
        init_std: float = 0.01,
        init_cfg: ConfigType | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_kept < 1:
            raise ValueError(f"num_kept={num_kept}, must be at least 1")
        self.num_kept = num_kept
        self.importance_sum = importance_sum
        self.extractor = CoarseFeatureExtractor(
            extractor,
            size=extractor_size,
            mean=extractor_mean,
            std=extractor_std,
            subtract_mean_frame=subtract_mean_frame,
        )
        self.score = nn.Linear(extractor_channels, 1, bias=False)  # softmax ignores a bias
        self.init_std = init_std

    def init_weights(self) -> None:
        """Nearly equal importances at first."""
        super().init_weights()
        nn.init.normal_(self.score.weight, std=self.init_std)

    def importance(self, clip: Clip) -> Tensor:
        """[N, T], positive, with sum 1."""
        features = self.extractor(as_rgb(clip)).mean(dim=(3, 4))  # [N, C, T]
        return self.score(features.transpose(1, 2)).squeeze(2).softmax(dim=1)

    def forward(self, clip: Clip) -> Tensor:
        """[N, 3, T, H, W] to itself, scaled, in training, and to [N, 3, K, H, W] in testing."""
        frames = as_rgb(clip)
        num_frames = frames.shape[2]
        if num_frames < self.num_kept:
            raise ValueError(f"num_kept={self.num_kept}, but the clip has {num_frames} frames")
        importance = self.importance(clip)
        if not self.training:
            return keep_highest(frames, importance, num_kept=self.num_kept)
        total = num_frames if self.importance_sum is None else self.importance_sum
        return frames * torch.mul(importance, total)[:, None, :, None, None]
