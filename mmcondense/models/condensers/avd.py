"""AVD: a clip in, one distilled image out, from which the clip can be told, and that looks real.

clip ─► E ─► image ─┬─► D ─► clip                     (rec)
                    └─► T ─► video frame or image?    (adv)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from mmcondense.models.losses.cross_entropy_adversarial_loss import encoder_loss, teacher_loss
from mmcondense.models.losses.reconstruction_loss import reconstruction_loss

from .adversary import judge
from .avd_networks import KERNEL, Strides, VideoDecoder, VideoEncoder, make_teacher
from .base import BaseCondenser, Clip, as_rgb, spread

_CHANNELS = dict(rgb=3, flow=2)
_STRIDES = ((2, 2), *((2, 1),) * 4)


@MODELS.register_module()
class AVD(BaseCondenser):
    """Tavakolian, Sabokrou and Hadid, "AVD: Adversarial Video Distillation"
    (https://arxiv.org/abs/1907.05640).

    Learns without labels. Everything learns at once, with one optimizer and one loss, eq. (3):
    T's term sees distilled images as constants, E's adversarial term sees T's parameters as
    constants; T's own term has no weight.

    Where the paper leaves room or cannot be: it prints "strides 2", with which 5 convolutions
    leave a 32nd of the frame's height, and an image of the frame's size. Here all halve time, the
    first one space too, and the last one's channels are rearranged into as many pixels more. With
    no stride in space at all E and D do the same everywhere, three numbers a pixel would have to
    carry a pixel's 32 values alike, and the mean frame is nearly the best that is left to them.
    All convolutions but the last have 64 channels. Eq. (1) is a
    mean. E learns by the non-saturating form of eq. (2). T sees all frames of the batch as real
    ones. D ends in tanh, as E does.

    Args:
        strides: Of E's convolutions, in time and in space; D's are the same in reverse. The
            product of those in time is T, the clip's length.
        shuffle: Rearrange the image's channels into pixels, so that it is as large as the frames
            whatever the strides in space. Without it it is smaller by their product.
        channels: Width of E and D.
        image_size: Height and width of the clips in training, on which the size of T depends. E
            alone takes any size.
        teacher_channels: Widths of T's layers but the last: five layers.
        reconstruction_weight: lambda of eq. (3). 1: T is not built. 0: D is not built. None: E
            alone, for use behind training. At 0.9 and below the reconstruction fails.
        saturating: Eq. (2) as it is printed, which tends to diverge.
        source: ``rgb``, or ``flow``: the distilled image is of optical flow, still RGB, and what
            T takes for real are still RGB frames.
        init_cfg: See MMEngine. None: PyTorch's own initial weights.

    Inputs: RGB [N, 3, T, H, W] in [-1, 1], bare or as ``rgb``; for flow, ``flow`` [N, 2, T, H, W]
    in [-1, 1], pixels / 20, and in training ``rgb`` [N, 3, T', H, W] too.

    Raises:
        ValueError: if ``source``, ``strides`` or ``reconstruction_weight`` are none of these.
    """

    def __init__(
        self,
        *,
        strides: Strides = _STRIDES,
        shuffle: bool = True,
        channels: int = 64,
        image_size: int | tuple[int, int] = 112,
        teacher_channels: Sequence[int] = (512, 256, 128, 64),
        reconstruction_weight: float | None = 0.999,
        saturating: bool = False,
        source: str = "rgb",
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if source not in _CHANNELS:
            raise ValueError(f"source={source!r}, allowed is one of {sorted(_CHANNELS)}")
        if not strides or any(len(pair) != 2 or min(pair) < 1 for pair in strides):
            raise ValueError(f"strides={strides}, allowed are pairs (in time, in space) from 1 up")
        if any(time > KERNEL[0] or space > KERNEL[1] for time, space in strides):
            raise ValueError(
                f"strides={strides}, but above {KERNEL[0]} in time or {KERNEL[1]} in space, the "
                "sizes of the kernels, what lies between would not be seen: use more layers"
            )
        if reconstruction_weight is not None and not 0 <= reconstruction_weight <= 1:
            raise ValueError(f"reconstruction_weight={reconstruction_weight}, allowed is 0 to 1")
        self.source = source
        self.saturating = saturating
        self.reconstruction_weight = reconstruction_weight
        self.strides = tuple((time, space) for time, space in strides)
        self.clip_len = math.prod(time for time, _ in self.strides)
        self.stride_in_space = math.prod(space for _, space in self.strides)
        factor = self.stride_in_space if shuffle else 1
        self.shrinkage = self.stride_in_space // factor
        self.frame_size = (image_size,) * 2 if isinstance(image_size, int) else tuple(image_size)

        num_maps = _CHANNELS[source]
        self.encoder = VideoEncoder(
            num_maps, channels=channels, strides=self.strides, shuffle=factor
        )
        self.decoder = self.teacher = None
        if reconstruction_weight is None:
            return
        if reconstruction_weight > 0:
            self.decoder = VideoDecoder(
                num_maps, channels=channels, strides=self.strides, shuffle=factor
            )
        if reconstruction_weight < 1:
            height, width = (side // self.shrinkage for side in self.frame_size)
            self.teacher = make_teacher((height, width), teacher_channels)

    @classmethod
    def config_for_use(cls, cfg: dict) -> dict:
        """The encoder alone."""
        return {**cfg, "reconstruction_weight": None}

    def forward(self, clip: Clip) -> Tensor:
        """The distilled image, [N, 3, 1, H, W] in [-1, 1].

        Raises:
            ValueError: if the clip lacks what is to be distilled, or its shape does not fit.
        """
        return self.encoder(self._frames(clip))

    def loss(self, clip: Clip, labels: Tensor) -> dict[str, Tensor]:
        """Eq. (3): ``loss_rec`` and ``loss_adv`` with their weights, ``rec`` and ``adv`` without.

        ``teacher_acc`` is the mean share of video frames and of distilled images that T tells
        right; ``loss_teacher`` is T's own and has no weight. Labels take no part.

        Raises:
            ValueError: as :meth:`forward`, or if the clip is not of T's size.
        """
        if self.reconstruction_weight is None:
            return {}
        frames = self._frames(clip)
        image = self.encoder(frames)
        losses: dict[str, Tensor] = {}
        if self.decoder is not None:
            term = reconstruction_loss(self.decoder(image), frames)
            losses.update(loss_rec=self.reconstruction_weight * term, rec=term.detach())
        if self.teacher is not None:
            real = self._real(clip, image)
            term = encoder_loss(judge(self.teacher, image), saturating=self.saturating)
            losses.update(loss_adv=(1 - self.reconstruction_weight) * term, adv=term.detach())
            real_logits, fake_logits = self.teacher(real), self.teacher(image.detach())
            losses["loss_teacher"] = teacher_loss(real_logits, fake_logits)
            losses["teacher_acc"] = _accuracy(real_logits.detach(), fake_logits.detach())
        return losses

    def predict(self, clip: Clip, labels: Tensor | None) -> tuple[dict[str, Tensor], Tensor | None]:
        """``rec`` and what would be in its place without an image, and ``teacher_acc``; no scores.

        ``rec_constant`` is the error of one colour for all clips (the pixels' variance),
        ``rec_mean_frame`` that of each clip's mean frame in the place of every frame.
        """
        frames = self._frames(clip)
        image = self.encoder(frames)
        metrics: dict[str, Tensor] = {}
        if self.decoder is not None:
            metrics["rec"] = reconstruction_loss(self.decoder(image), frames)
            metrics["rec_constant"] = spread(frames)
            mean_frame = frames.mean(dim=2, keepdim=True).expand_as(frames)
            metrics["rec_mean_frame"] = reconstruction_loss(mean_frame, frames)
        if self.teacher is not None and frames.shape[-2:] == torch.Size(self.frame_size):
            real = self._real(clip, image)
            metrics["teacher_acc"] = _accuracy(self.teacher(real), self.teacher(image))
        return metrics, None

    def _frames(self, clip: Clip) -> Tensor:
        """What E distils and D reconstructs, [N, C, T, H, W]."""
        if self.source == "rgb":
            frames = as_rgb(clip)
        elif isinstance(clip, Tensor) or "flow" not in clip:
            given = "RGB" if isinstance(clip, Tensor) else sorted(clip)
            raise ValueError(f"AVD with source='flow' needs flow, but the clip brings {given}")
        else:
            frames = clip["flow"]
        if frames.shape[2] != self.clip_len:
            raise ValueError(
                f"the clip has {frames.shape[2]} frames, but strides in time of "
                f"{[time for time, _ in self.strides]} make one image of {self.clip_len}: change "
                "the sampler's clip_len, or strides, whose product in time must be that"
            )
        if any(side % self.stride_in_space for side in frames.shape[-2:]):
            raise ValueError(
                f"frames are {list(frames.shape[-2:])}, but strides in space of "
                f"{[space for _, space in self.strides]} need multiples of {self.stride_in_space}"
            )
        return frames

    def _real(self, clip: Clip, image: Tensor) -> Tensor:
        """The clips' RGB frames as pictures of the image's size, [N * T, 3, H', W']."""
        frames = as_rgb(clip)
        if frames.shape[-2:] != torch.Size(self.frame_size):
            raise ValueError(
                f"frames are {list(frames.shape[-2:])}, but T was made for "
                f"image_size={list(self.frame_size)}: crop the clips to it, or set image_size"
            )
        frames = frames.transpose(1, 2).flatten(0, 1)  # [N * T, 3, H, W]
        if self.shrinkage == 1:
            return frames
        height, width = image.shape[-2:]
        return adaptive_avg_pool2d(frames, (height, width))


def _accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return ((real_logits > 0).float().mean() + (fake_logits <= 0).float().mean()) / 2
