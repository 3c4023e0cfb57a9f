"""IFS: a GOP in, one synthetic frame out, from which appearance, class and motion can be told.

I-frame, motion, residuals ─► F ─► synthetic frame ─┬─► F_a ─► I-frame              (app)
                                                    ├─► C ───► class                (cat)
                                                    ├─► F_m ─► motion, residuals    (mot)
                                                    ├─► D ───► real or synthetic?   (adv)
                                                    └─► mean colour                 (color)
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmcondense.models.losses.appearance_loss import appearance_loss
from mmcondense.models.losses.category_loss import category_loss
from mmcondense.models.losses.color_consistency_loss import color_consistency_loss
from mmcondense.models.losses.least_squares_adversarial_loss import (
    discriminator_loss,
    generator_loss,
)
from mmcondense.models.losses.motion_residual_loss import motion_residual_loss

from .adversary import judge
from .base import BaseCondenser, Clip, as_rgb, spread
from .ifs_networks import EncoderDecoder, make_classifier, make_discriminator

TERMS = ("app", "cat", "mot", "adv", "color")
_PER_FRAME = 2 + 3  # channels of motion and residual


@MODELS.register_module()
class IFS(BaseCondenser):
    """Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021
    (https://arxiv.org/abs/2201.04022).

    Everything learns at once, with one optimizer and one loss, eq. (7): the discriminator's term
    sees synthetic frames as constants, the generator's adversarial term sees the discriminator's
    parameters as constants. So it works as any other model does under DDP, mixed precision, moving
    averages and gradient accumulation.

    Where the paper leaves room: motion and residuals are accumulated to the I-frame; D scores
    patches, whose squares are averaged; C pools before its linear layer; batch normalisation in F,
    F_a and F_m; initial weights as in CycleGAN. D learns at a rate of its own with
    ``paramwise_cfg=dict(custom_keys={'discriminator': dict(lr_mult=0.1)})``.

    Args:
        clip_len: T, frames of a clip: an I-frame and T - 1 P-frames.
        num_classes: For C.
        loss_weights: Of the terms that take part: ``app``, eq. (2), ``cat``, (3), ``mot``, (4),
            ``adv``, (5), ``color``, (6). What is missing or 0 is switched off, and its network is
            not built. In the paper all weigh 1, and IFS-mot leaves out ``app``.
        base_channels: Width of F, F_a and F_m at full resolution.
        num_blocks: Their residual blocks.
        kernel_size: Of their first and last convolution.
        norm: Of F, F_a and F_m: ``batch``, or CycleGAN's ``instance``, which takes the mean of each
            map away, and with it most of what F knows of a clip's colours and F_a is to find out.
        encoder_channels: Of C's and D's convolutions.
        encoder_norm: Whether C and D have instance normalisation.
        init_cfg: See MMEngine. None: normal distribution, standard deviation 0.02.

    Inputs: ``iframe`` [N, 3, H, W] in [-1, 1], ``motion`` [N, 2, T-1, H, W], pixels / 20,
    ``residual`` [N, 3, T-1, H, W], / 255; ``color`` also needs ``rgb`` [N, 3, T-1, H, W], in
    [-1, 1], the P-frames. H and W are multiples of 4.

    Raises:
        ValueError: for a term that does not exist, or a negative weight.
    """

    def __init__(
        self,
        *,
        clip_len: int = 12,
        num_classes: int = 400,
        loss_weights: Mapping[str, float] | None = None,
        base_channels: int = 64,
        num_blocks: int = 9,
        kernel_size: int = 7,
        norm: str = "batch",
        encoder_channels: Sequence[int] = (64, 128, 256, 512, 512),
        encoder_norm: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        layers = ["Conv2d", "ConvTranspose2d", "Linear"]
        super().__init__(init_cfg=init_cfg or dict(type="Normal", layer=layers, std=0.02))
        weights = dict.fromkeys(TERMS, 1.0) if loss_weights is None else dict(loss_weights)
        if not set(weights) <= set(TERMS) or any(weight < 0 for weight in weights.values()):
            raise ValueError(f"loss_weights={weights}, allowed are weights from 0 up of {TERMS}")
        self.clip_len = clip_len
        self.loss_weights = {name: weight for name, weight in weights.items() if weight}

        make_net = functools.partial(
            EncoderDecoder,
            base_channels=base_channels,
            num_blocks=num_blocks,
            kernel_size=kernel_size,
            norm=norm,
        )
        num_maps = _PER_FRAME * (clip_len - 1)
        self.generator = make_net(3 + num_maps, 3, squash=True)
        if "app" in self.loss_weights:
            self.appearance_decoder = make_net(3, 3, squash=True)
        if "mot" in self.loss_weights:
            self.motion_decoder = make_net(3, num_maps)
        if "cat" in self.loss_weights:
            self.classifier = make_classifier(
                encoder_channels, num_classes, instance_norm=encoder_norm
            )
        if "adv" in self.loss_weights:
            self.discriminator = make_discriminator(encoder_channels, instance_norm=encoder_norm)

    @classmethod
    def config_for_use(cls, cfg: dict) -> dict:
        """The generator alone."""
        return {**cfg, "loss_weights": {}}

    def forward(self, clip: Clip) -> Tensor:
        """The synthetic frame, [N, 3, 1, H, W] in [-1, 1].

        Raises:
            ValueError: if the clip lacks a modality, or has another length or an odd size.
        """
        return self.generator(self._stack(clip)).unsqueeze(2)

    def decode(self, frame: Tensor) -> dict[str, Tensor]:
        """What the decoders that are there tell from a synthetic frame [N, 3, H, W].

        Returns:
            ``iframe`` [N, 3, H, W]; ``motion`` [N, 2, T-1, H, W] and ``residual``
            [N, 3, T-1, H, W]; in the units of the input.
        """
        decoded = {}
        if "app" in self.loss_weights:
            decoded["iframe"] = self.appearance_decoder(frame)
        if "mot" in self.loss_weights:
            maps = self.motion_decoder(frame).unflatten(1, (_PER_FRAME, self.clip_len - 1))
            decoded["motion"], decoded["residual"] = maps.split([2, 3], dim=1)
        return decoded

    def loss(self, clip: Clip, labels: Tensor) -> dict[str, Tensor]:
        """Eq. (7): ``loss_<term>`` with its weight, and ``<term>`` without, for the log.

        ``discriminator_acc`` is the share of I-frames' and synthetic frames' patches that D tells
        right; ``loss_discriminator`` is D's own and has no weight.
        """
        assert isinstance(clip, dict)
        frame = self.generator(self._stack(clip))
        terms, logits = self._terms(frame, clip, labels)
        losses = {f"loss_{name}": self.loss_weights[name] * term for name, term in terms.items()}
        losses.update({name: term.detach() for name, term in terms.items()})
        if logits is not None:
            losses["cat_top1"] = (logits.argmax(dim=1) == labels).float().mean()
        if "adv" in self.loss_weights:
            real, fake = self.discriminator(clip["iframe"]), self.discriminator(frame.detach())
            losses["loss_discriminator"] = discriminator_loss(real, fake)
            losses["discriminator_acc"] = _accuracy(real.detach(), fake.detach())
        return losses

    def predict(self, clip: Clip, labels: Tensor | None) -> tuple[dict[str, Tensor], Tensor | None]:
        """Each term without its weight, what a constant prediction would give, and C's scores."""
        assert isinstance(clip, dict)
        frame = self.generator(self._stack(clip))
        terms, logits = self._terms(frame, clip, labels)
        if "app" in terms:
            terms["app_constant"] = spread(clip["iframe"])
        if "mot" in terms:
            terms["mot_constant"] = spread(clip["motion"]) + spread(clip["residual"])
        return terms, None if logits is None else logits.float().softmax(dim=1)

    def _terms(
        self, frame: Tensor, clip: dict[str, Tensor], labels: Tensor | None
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """The terms of eq. (7) that are switched on, unweighted, and C's logits if it is there."""
        terms, logits = {}, None
        decoded = self.decode(frame)
        if "app" in self.loss_weights:
            terms["app"] = appearance_loss(decoded["iframe"], clip["iframe"])
        if "cat" in self.loss_weights:
            logits = self.classifier(frame)
            if labels is not None:
                terms["cat"] = category_loss(logits, labels)
        if "mot" in self.loss_weights:
            terms["mot"] = motion_residual_loss(
                decoded["motion"], decoded["residual"], clip["motion"], clip["residual"]
            )
        if "adv" in self.loss_weights:
            terms["adv"] = generator_loss(judge(self.discriminator, frame))
        if "color" in self.loss_weights:
            terms["color"] = color_consistency_loss(frame, as_rgb(clip))
        return terms, logits

    def _stack(self, clip: Clip) -> Tensor:
        """F's input: [N, 3 + 5 (T-1), H, W]."""
        if isinstance(clip, Tensor) or not {"iframe", "motion", "residual"} <= clip.keys():
            given = "RGB" if isinstance(clip, Tensor) else sorted(clip)
            raise ValueError(f"IFS needs iframe, motion and residual, but the clip brings {given}")
        iframe, motion, residual = clip["iframe"], clip["motion"], clip["residual"]
        if motion.shape[2] != self.clip_len - 1 or residual.shape[2] != self.clip_len - 1:
            raise ValueError(
                f"motion is {list(motion.shape)} and residual {list(residual.shape)}, but IFS with "
                f"clip_len={self.clip_len} needs {self.clip_len - 1} P-frames on the third axis"
            )
        if iframe.shape[-2] % 4 or iframe.shape[-1] % 4:
            raise ValueError(f"frames are {list(iframe.shape[-2:])}, but must be multiples of 4")
        return torch.cat([iframe, motion.flatten(1, 2), residual.flatten(1, 2)], dim=1)


def _accuracy(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    right = torch.cat([real_scores.flatten() < 0.5, fake_scores.flatten() >= 0.5])
    return right.float().mean()
