"""A recognizer whose first layers make of motion vectors and residuals something like optical flow.

motion, residual ─ generator ─► motion cue ─► any recognizer of flow ─► classification loss
                                    │
                     flow ──────────┴─ reconstruction loss, adversarial loss   (training only)
"""

from __future__ import annotations

from typing import Any

import torch
from mmaction.models.recognizers import BaseRecognizer, Recognizer2D, Recognizer3D
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType, SampleList
from mmengine.model import merge_dict
from torch import Tensor

from mmcondense.models.condensers.adversary import judge
from mmcondense.models.losses.cross_entropy_adversarial_loss import encoder_loss, teacher_loss
from mmcondense.models.losses.flow_reconstruction_loss import flow_reconstruction_loss

from .dmc_net_networks import DMCGenerator, make_discriminator


class MotionCueMixin(BaseRecognizer):
    """Puts DMC-Net's generator before a recognizer of optical flow, and trains both together.

    Shou et al., "DMC-Net: Generating Discriminative Motion Cues for Fast Compressed Video Action
    Recognition", CVPR 2019 (https://arxiv.org/abs/1901.03460): classification, reconstruction of
    flow, and a discriminator that tells cues from flow. Weights are those of the authors' code
    (https://github.com/facebookresearch/dmc-net), which alternates: the discriminator and the
    classifier learn in one iteration, the generator in the next. Here all learn in each, the
    networks being constants to one another as there.

    All but the generator and the discriminator has the recognizer's own names, so that
    ``load_from`` takes the checkpoint of a recognizer of flow.

    Args:
        generator: Arguments of :class:`DMCGenerator`.
        reconstruction_weight: Of the squared error to the flow. 0: no flow is asked for by it.
        flow_block: Flow is averaged in blocks of so many pixels for the reconstruction.
        discriminator: Arguments of :func:`make_discriminator`. None: no adversarial loss.
        adversarial_weight: Of the generator's adversarial loss.
        discriminator_weight: Of the discriminator's own loss, the sum of its means over cues and
            over flow; theirs is 0.01 of the mean over both.

    Inputs: motion (2 channels) stacked on residual (3), [B, views, 5, H, W] or
    [B, views, 5, T, H, W]; training batches bring ``flow`` beside it in the same layout, with 2
    channels, normalised as the motion is.
    """

    def __init__(
        self,
        *args: Any,
        generator: OptConfigType = None,
        reconstruction_weight: float = 10.0,
        flow_block: int = 1,
        discriminator: OptConfigType = None,
        adversarial_weight: float = 1.0,
        discriminator_weight: float = 0.005,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        arguments: ConfigType = generator or {}
        self.generator = DMCGenerator(**arguments)
        self.reconstruction_weight = reconstruction_weight
        self.flow_block = flow_block
        self.discriminator = None if discriminator is None else make_discriminator(**discriminator)
        self.adversarial_weight = adversarial_weight
        self.discriminator_weight = discriminator_weight

    def motion_cue(self, inputs: Tensor) -> Tensor:
        """[B, views, 5, (T,) H, W] to the same with 2 channels."""
        has_time = inputs.ndim == 6
        frames = inputs.transpose(2, 3) if has_time else inputs  # [B, views, (T,) 5, H, W]
        cues = self.generator(frames.flatten(0, -4))  # [B * views (* T), 2, H, W]
        cues = cues.reshape(*frames.shape[:-3], *cues.shape[1:])
        return cues.transpose(2, 3).contiguous() if has_time else cues

    def extract_feat(self, inputs: Tensor, *args: Any, **kwargs: Any) -> tuple:
        """The recognizer's own, of the motion cue of ``inputs``."""
        return super().extract_feat(self.motion_cue(inputs), *args, **kwargs)

    def loss(self, inputs: Tensor, data_samples: SampleList, **kwargs: Tensor) -> dict:
        """The recognizer's losses, and those that compare cue and flow.

        ``loss_reconstruction``, ``loss_adversarial`` and ``loss_discriminator``; for the log
        ``flow_error``, the cue's mean squared error to the flow, and ``flow_error_of_vectors``,
        that of the vectors as they came.

        Args:
            inputs: Motion stacked on residual.
            data_samples: Labels.
            **kwargs: The batch's other inputs by name, ``flow`` among them.

        Raises:
            ValueError: if the batch brings no flow where a loss needs it.
        """
        cue = self.motion_cue(inputs)
        feats, head_kwargs = super().extract_feat(cue, data_samples=data_samples)
        losses = merge_dict(
            self.cls_head.loss(feats, data_samples, **head_kwargs), head_kwargs.get("loss_aux", {})
        )
        if not self.reconstruction_weight and self.discriminator is None:
            return losses
        if "flow" not in kwargs:
            raise ValueError(
                f"the training batch brings no 'flow', only {sorted(kwargs)} beside the input: "
                "load it in the training pipeline, and name it in collect_keys and in the data "
                "preprocessor, or set reconstruction_weight=0 and discriminator=None"
            )
        fake, real, vectors = (
            x.movedim(2, -3).flatten(0, -4) for x in (cue, kwargs["flow"], inputs[:, :, :2])
        )
        if self.reconstruction_weight:
            error = flow_reconstruction_loss(fake, real, block=self.flow_block)
            losses["loss_reconstruction"] = self.reconstruction_weight * error
            with torch.no_grad():
                losses["flow_error"] = flow_reconstruction_loss(fake, real)
                losses["flow_error_of_vectors"] = flow_reconstruction_loss(vectors, real)
        if self.discriminator is not None:
            losses["loss_adversarial"] = self.adversarial_weight * encoder_loss(
                judge(self.discriminator, fake)
            )
            # one batch of both, as their BatchNorm sees it
            logits = self.discriminator(torch.cat([fake.detach(), real]))
            fake_logits, real_logits = logits.chunk(2)
            losses["loss_discriminator"] = self.discriminator_weight * teacher_loss(
                real_logits, fake_logits
            )
        return losses


@MODELS.register_module()
class DMCRecognizer2D(MotionCueMixin, Recognizer2D):
    """DMC-Net's stream: a Recognizer2D on motion cues, frame by frame."""


@MODELS.register_module()
class DMCRecognizer3D(MotionCueMixin, Recognizer3D):
    """The same before a 3D recognizer, such as IP-TSN's P-stream with two input channels."""
