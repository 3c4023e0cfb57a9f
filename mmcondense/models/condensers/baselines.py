"""Condensers that learn nothing: chosen frames, their mean, their approximate rank pooling.

The rows that the papers compare with. All take RGB clips, [N, 3, T, H, W] in [-1, 1].
"""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor

from .base import BaseCondenser, Clip, as_rgb


def rank_pooling_weights(num_frames: int) -> Tensor:
    """Frame weights of approximate rank pooling.

    Bilen et al., "Dynamic Image Networks for Action Recognition", CVPR 2016, eq. (5):
    alpha_t = 2 (T - t + 1) - (T + 1) (H_T - H_{t-1}), with H_t the t-th harmonic number.

    Args:
        num_frames: T, at least 1.

    Returns:
        [T], float64. Sums to 0: what stands still cancels out.

    Raises:
        ValueError: if ``num_frames`` is below 1.
    """
    if num_frames < 1:
        raise ValueError(f"num_frames={num_frames}, must be at least 1")
    position = torch.arange(1, num_frames + 1, dtype=torch.float64)  # t
    harmonic = torch.cumsum(1 / position, dim=0)  # H_t
    before = harmonic - 1 / position  # H_{t-1}
    return 2 * (num_frames - position + 1) - (num_frames + 1) * (harmonic[-1] - before)


def stretch_contrast(image: Tensor) -> Tensor:
    """Shift and scale each image so that its values span [-1, 1]; a flat one becomes 0.

    The usual way to make a picture of a rank pooling or of a decision boundary.

    Args:
        image: [N, ...], any range.
    """
    flat = image.flatten(1)
    low, high = flat.min(dim=1).values, flat.max(dim=1).values
    middle, reach = (low + high) / 2, (high - low) / 2
    # rounding leaves traces of a clip that stands still
    reach = torch.where(reach > 1e-5, reach, torch.inf)
    shape = (-1,) + (1,) * (image.ndim - 1)
    return (image - middle.view(shape)) / reach.view(shape)


@MODELS.register_module()
class FirstFrame(BaseCondenser):
    """The clip's first frame; of a GOP, the I-frame."""

    def forward(self, clip: Clip) -> Tensor:
        return as_rgb(clip)[:, :, :1]


@MODELS.register_module()
class MiddleFrame(BaseCondenser):
    """The clip's middle frame, the later one of two."""

    def forward(self, clip: Clip) -> Tensor:
        frames = as_rgb(clip)
        middle = frames.shape[2] // 2
        return frames[:, :, middle : middle + 1]


@MODELS.register_module()
class MeanFrame(BaseCondenser):
    """The mean over the clip's frames: "AVE" in the IFS paper (Table 4)."""

    def forward(self, clip: Clip) -> Tensor:
        return as_rgb(clip).mean(dim=2, keepdim=True)


@MODELS.register_module()
class RankPooling(BaseCondenser):
    """Dynamic images: approximate rank pooling of raw pixels, contrast stretched.

    Bilen et al., "Dynamic Image Networks for Action Recognition", CVPR 2016, section 3; "DI" in
    the IFS paper.
    """

    def forward(self, clip: Clip) -> Tensor:
        frames = as_rgb(clip)
        weights = rank_pooling_weights(frames.shape[2]).to(frames)
        return stretch_contrast(torch.einsum("ncthw,t->nchw", frames, weights)).unsqueeze(2)


@MODELS.register_module()
class UniformFrames(BaseCondenser):
    """The frames in the middle of equal segments.

    Args:
        num_frames: K, frames to keep.
    """

    def __init__(self, num_frames: int = 1) -> None:
        super().__init__()
        self.num_frames = num_frames

    def forward(self, clip: Clip) -> Tensor:
        frames = as_rgb(clip)
        _check_enough(frames, self.num_frames)
        segment = frames.shape[2] / self.num_frames
        place = (torch.arange(self.num_frames) + 0.5) * segment
        return frames[:, :, place.long().to(frames.device)]


@MODELS.register_module()
class RandomFrames(BaseCondenser):
    """Frames drawn anew at each call, without repetition, in temporal order; in tests too.

    Args:
        num_frames: K, frames to keep.
    """

    def __init__(self, num_frames: int = 1) -> None:
        super().__init__()
        self.num_frames = num_frames

    def forward(self, clip: Clip) -> Tensor:
        frames = as_rgb(clip)
        _check_enough(frames, self.num_frames)
        lots = torch.rand(frames.shape[0], frames.shape[2], device=frames.device)
        chosen = lots.topk(self.num_frames, dim=1).indices.sort(dim=1).values  # [N, K]
        index = chosen[:, None, :, None, None].expand(-1, 3, -1, *frames.shape[3:])
        return frames.gather(2, index)


def _check_enough(frames: Tensor, num_frames: int) -> None:
    if not 1 <= num_frames <= frames.shape[2]:
        raise ValueError(f"num_frames={num_frames}, must be from 1 to the clip's {frames.shape[2]}")
