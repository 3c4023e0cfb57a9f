"""Feature maps of motion in, their distance to those of a frozen network on optical flow out."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from mmengine.model import BaseModule
from torch import Tensor

from mmcondense.models.distill import FrozenTeacher

from .feature_distance_loss import FeatureDistanceLoss


@MODELS.register_module()
class FlowAlignmentLoss(BaseModule):
    """The feature alignment of ATTP, in training only.

    Huo et al., "Lightweight Action Recognition in Compressed Videos", eq. (8): squared distance of
    the motion network's features to the flow network's, before the FC layer ("3d": the feature map)
    and after it. The motion network of ATTP has no FC layer of its own, so both pass the flow
    network's, which is frozen like the rest of it: nothing here has parameters or enters a
    checkpoint. The paper does not say how the squared norms are reduced: here by the mean over all
    elements.

    Args:
        teacher: Arguments of :class:`FrozenTeacher`: a Recognizer2D on flow whose backbone has the
            motion network's architecture.
        loss_weight: λ of eq. (10).
        before_fc, after_fc: Which of the two terms to use; the paper's ablation leaves out the
            first.
        init_cfg: See MMEngine.

    Raises:
        ValueError: if both terms are left out.
    """

    def __init__(
        self,
        *,
        teacher: ConfigType,
        loss_weight: float = 1.0,
        before_fc: bool = True,
        after_fc: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not (before_fc or after_fc):
            raise ValueError("before_fc and after_fc are both False: nothing to align")
        self.teacher = FrozenTeacher(**teacher)
        self.before_fc = before_fc
        self.after_fc = after_fc
        self.distance = FeatureDistanceLoss(distance="l2", loss_weight=loss_weight)

    def init_weights(self) -> None:
        """Make sure that there is a flow network to align with."""
        self.teacher.build()

    def forward(self, motion_maps: Tensor, flow: Tensor) -> dict[str, Tensor]:
        """``loss_align_map`` and ``loss_align_fc``.

        Args:
            motion_maps: [B*N, C, H', W'], of the motion network.
            flow: [B, N, 2, H, W], normalised.
        """
        network = self.teacher.build().to(flow.device)
        with torch.no_grad():
            flow_maps, _ = network.extract_feat(flow, stage="neck")
            flow_logits = network.cls_head(flow_maps, num_segs=1)
        losses = {}
        if self.before_fc:
            losses["loss_align_map"] = self.distance(motion_maps, flow_maps)
        if self.after_fc:
            motion_logits = network.cls_head(motion_maps, num_segs=1)
            losses["loss_align_fc"] = self.distance(motion_logits, flow_logits)
        return losses
