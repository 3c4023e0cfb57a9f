"""Student features and teacher features in, their mean distance out."""

from __future__ import annotations

import torch.nn.functional as F
from mmaction.models.losses import BaseWeightedLoss
from mmaction.registry import MODELS
from torch import Tensor

DISTANCES = {"l1": F.l1_loss, "l2": F.mse_loss}


@MODELS.register_module()
class FeatureDistanceLoss(BaseWeightedLoss):
    """How far the student's pooled features are from the teacher's.

    Huang et al., "Flow-Distilled IP Two-Stream Networks for Compressed Video Action Recognition"
    (https://arxiv.org/abs/1912.04462), the distance of eq. (1): L1 with weight 50 is their choice.
    The paper does not say how the distance is reduced. Here it is the mean over the batch and the
    channels, for L2 the mean squared difference, as in MARS (Crasto et al., CVPR 2019), whose
    weight is 50 too: a sum over 512 channels would drown the classification loss.

    Args:
        distance: ``'l1'``, mean absolute difference, or ``'l2'``, mean squared difference.
        loss_weight: Factor on the loss.

    Raises:
        ValueError: if ``distance`` is neither.
    """

    def __init__(self, *, distance: str = "l1", loss_weight: float = 50.0) -> None:
        super().__init__(loss_weight=loss_weight)
        if distance not in DISTANCES:
            raise ValueError(f"distance must be one of {tuple(DISTANCES)}, but is {distance!r}")
        self.distance = distance

    def _forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Both [N, C]; the teacher's is a constant, whatever its graph.

        Raises:
            ValueError: if the shapes differ.
        """
        if student.shape != teacher.shape:
            raise ValueError(
                f"the student's pooled features are {list(student.shape)} and the teacher's "
                f"{list(teacher.shape)}: choose backbones of one width, both 2D or both 3D, or "
                "distil soft labels only (feature_loss=None)"
            )
        return DISTANCES[self.distance](student, teacher.detach())
