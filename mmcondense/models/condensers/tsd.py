"""TSD: a long clip becomes a few frames, each a learned mixture of all of its frames.

clip X [N, 3, T, H, W] ─ resize ─ extractor, per frame ─ TSDBlock ─► P [N, T, T_s]
        └──────────────────────────── Y = X P ───────────────────────┴──► [N, 3, T_s, H, W]
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from mmengine.model import BaseModule
from torch import Tensor, nn

from .base import BaseCondenser, Clip, as_rgb

Triple = tuple[int, int, int]


def distill(frames: Tensor, weights: Tensor) -> Tensor:
    """Y = X P, eq. (1) of TSD: frames mixed over time.

    Args:
        frames: [N, C, T, H, W], X.
        weights: [N, T, T_s], P.

    Returns:
        [N, C, T_s, H, W], in the range of ``frames`` where P's columns sum to 1.
    """
    return torch.einsum("ncthw,nts->ncshw", frames, weights)


class TSDBlock(nn.Module):
    """Feature maps of all frames in, the transformation matrix P out: eqs. (2) to (4), Figure 4.

    O = Trans(f * w_alpha) * w_beta, where Trans makes time the channels; G = f * w_gamma;
    P = softmax(O' G') over the T frames.

    The paper prints neither kernel sizes nor the channels of O and G. 1x1x1 kernels that keep
    MobileNet's 1024 channels would make a client of 5.3 M parameters and 0.18 G a frame. Kernels of
    1x2x2 with stride 2 (two by two positions become one) to 128 channels make the printed 4.3 M and
    0.15 G (Tables 1 and 5), and are the default. There are no biases, as in the equations.

    Args:
        in_channels: C of the feature maps.
        num_frames: T.
        num_distilled: T_s.
        embed_channels: Channels of O and G.
        kernel: Of w_alpha and w_gamma: time, height, width. Time must be odd, and keeps its length.
        stride: Likewise, of height and width; None: the kernel's.
        init_std: Of the Gaussian that all kernels start from; the paper's is 0.01.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_frames: int,
        num_distilled: int,
        embed_channels: int = 128,
        kernel: Triple = (1, 2, 2),
        stride: tuple[int, int] | None = None,
        init_std: float = 0.01,
    ) -> None:
        super().__init__()
        if kernel[0] % 2 == 0:
            raise ValueError(f"kernel={kernel}: its length in time must be odd")
        self.init_std = init_std
        steps = (1, *(stride or kernel[1:]))
        padding = (kernel[0] // 2, 0, 0)
        self.alpha = nn.Conv3d(in_channels, embed_channels, kernel, steps, padding, bias=False)
        self.beta = nn.Conv3d(num_frames, num_distilled, 1, bias=False)
        self.gamma = nn.Conv3d(in_channels, embed_channels, kernel, steps, padding, bias=False)
        self.init_weights()

    def init_weights(self) -> None:
        """Gaussian kernels (section 4.2)."""
        for convolution in (self.alpha, self.beta, self.gamma):
            nn.init.normal_(convolution.weight, std=self.init_std)

    def forward(self, features: Tensor) -> Tensor:
        """P of each clip.

        Args:
            features: f, [N, C, T, H, W].

        Returns:
            [N, T, T_s]; each column is positive and sums to 1.
        """
        temporal = rearrange(self.alpha(features), "n d t h w -> n t h w d")  # Trans
        temporal = self.beta(temporal).flatten(2)  # O', [N, T_s, H W D]
        frames = rearrange(self.gamma(features), "n d t h w -> n t (h w d)")  # G'
        return torch.bmm(frames, temporal.transpose(1, 2)).softmax(dim=1)


@MODELS.register_module()
class TemporalSequenceDistillation(BaseCondenser):
    """TSD of Zhang et al., "Temporal Sequence Distillation: Towards Few-Frame Action Recognition in
    Videos", ACM MM 2018 (https://doi.org/10.1145/3240508.3240534), section 3.2 and Figure 5.

    Learns end to end from the recognizer behind it, and has no losses of its own.

    Args:
        num_frames: T, frames of a clip.
        num_distilled: T_s, frames that are left.
        extractor: Config of the coarse feature extractor: any 2D backbone that turns [N, 3, H, W]
            into one map [N, C, H', W']. The default is the paper's MobileNet, without weights.
        extractor_channels: C.
        extractor_size: Height and width that frames are resized to for the extractor alone; None:
            as they are.
        extractor_mean: The extractor's normalisation on the scale of 0 to 255, RGB. The default
            leaves [-1, 1] as it is, which the weights of timm's MobileNet want.
        extractor_std: Likewise.
        subtract_mean_frame: Take the clip's mean frame away from what the extractor sees, so that
            it sees what comes and goes, not the scene. Not in the paper, whose extractor knows
            scenes from ImageNet.
        embed_channels, kernel: See :class:`TSDBlock`.
        init_std: Likewise.
        init_cfg: See MMEngine.

    Raises:
        ValueError: if ``num_distilled`` is not from 1 to ``num_frames``.
    """

    def __init__(
        self,
        *,
        num_frames: int,
        num_distilled: int,
        extractor: ConfigType | None = None,
        extractor_channels: int = 1024,
        extractor_size: int | None = 112,
        extractor_mean: Sequence[float] = (127.5, 127.5, 127.5),
        extractor_std: Sequence[float] = (127.5, 127.5, 127.5),
        subtract_mean_frame: bool = False,
        embed_channels: int = 128,
        kernel: Sequence[int] = (1, 2, 2),
        init_std: float = 0.01,
        init_cfg: ConfigType | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not 1 <= num_distilled <= num_frames:
            raise ValueError(
                f"num_distilled={num_distilled}, allowed is 1 to num_frames={num_frames}"
            )
        self.num_frames = num_frames
        self.num_distilled = num_distilled
        self.extractor = CoarseFeatureExtractor(
            extractor,
            size=extractor_size,
            mean=extractor_mean,
            std=extractor_std,
            subtract_mean_frame=subtract_mean_frame,
        )
        time, height, width = kernel
        self.block = TSDBlock(
            extractor_channels,
            num_frames=num_frames,
            num_distilled=num_distilled,
            embed_channels=embed_channels,
            kernel=(time, height, width),
            init_std=init_std,
        )

    def transformation(self, clip: Clip) -> Tensor:
        """P, [N, T, T_s]: how much of each frame goes into each distilled one.

        Raises:
            ValueError: if the clip has another number of frames.
        """
        frames = as_rgb(clip)
        if frames.shape[2] != self.num_frames:
            raise ValueError(
                f"the clip has {frames.shape[2]} frames, but num_frames={self.num_frames}: the "
                "sampler's clip_len must be the same"
            )
        return self.block(self.extractor(frames))

    def forward(self, clip: Clip) -> Tensor:
        """[N, 3, T, H, W] to [N, 3, T_s, H, W], both in [-1, 1]."""
        return distill(as_rgb(clip), self.transformation(clip))


class CoarseFeatureExtractor(BaseModule):
    """A 2D network on small copies of all frames (section 3.2.3).

    Args:
        backbone, size, mean, std, subtract_mean_frame: See :class:`TemporalSequenceDistillation`.
    """

    def __init__(
        self,
        backbone: ConfigType | None,
        *,
        size: int | None,
        mean: Sequence[float],
        std: Sequence[float],
        subtract_mean_frame: bool = False,
    ) -> None:
        super().__init__()
        mobilenet = dict(
            type="FeatureMapBackbone", backbone=dict(type="timm.mobilenetv1_100", pretrained=False)
        )
        self.backbone = MODELS.build(backbone or mobilenet)
        self.size = size
        self.subtract_mean_frame = subtract_mean_frame
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """[N, 3, T, H, W] in [-1, 1] to [N, C, T, H', W']."""
        num_clips = frames.shape[0]
        if self.subtract_mean_frame:
            frames = frames - frames.mean(dim=2, keepdim=True)
        images = rearrange(frames, "n c t h w -> (n t) c h w")
        if self.size is not None and images.shape[2:] != (self.size, self.size):
            images = F.interpolate(
                images, (self.size, self.size), mode="bilinear", align_corners=False
            )
        images = (images * 127.5 + 127.5 - self.mean) / self.std
        return rearrange(self.backbone(images), "(n t) c h w -> n c t h w", n=num_clips)
