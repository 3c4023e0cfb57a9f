"""Student logits and teacher logits in, the cross-entropy with the teacher's soft labels out."""

from __future__ import annotations

import torch.nn.functional as F
from mmaction.models.losses import BaseWeightedLoss
from mmaction.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class SoftLabelLoss(BaseWeightedLoss):
    """Cross-entropy between the softened class probabilities of teacher and student.

    Hinton et al., "Distilling the Knowledge in a Neural Network" (https://arxiv.org/abs/1503.02531),
    the third term of eq. (2) of IP-TSN (https://arxiv.org/abs/1912.04462), whose temperature is 8
    and whose weight is 25 or 50 (Table 3; worse there than the feature distance alone).

    Its gradient shrinks with the square of the temperature, which Hinton et al. make up for by
    the factor T². IP-TSN does not say. A weight of 50 at T = 8 comes to 50 / 64 of an ordinary
    cross-entropy without the factor and to 50 of them with it, so it is off by default.

    Args:
        temperature: T, above 0; both sets of logits are divided by it.
        scale_by_squared_temperature: Multiply the loss by T².
        loss_weight: Factor on the loss.

    Raises:
        ValueError: if ``temperature`` is not above 0.
    """

    def __init__(
        self,
        *,
        temperature: float = 8.0,
        scale_by_squared_temperature: bool = False,
        loss_weight: float = 50.0,
    ) -> None:
        super().__init__(loss_weight=loss_weight)
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, but is {temperature}")
        self.temperature = temperature
        self.scale_by_squared_temperature = scale_by_squared_temperature

    def _forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Both [N, num_classes]; the teacher's is a constant, whatever its graph.

        Raises:
            ValueError: if the shapes differ.
        """
        if student.shape != teacher.shape:
            raise ValueError(
                f"the student's logits are {list(student.shape)} and the teacher's "
                f"{list(teacher.shape)}: both must see the same clips and classes"
            )
        soft_labels = F.softmax(teacher.detach() / self.temperature, dim=1)
        log_probs = F.log_softmax(student / self.temperature, dim=1)
        loss = -(soft_labels * log_probs).sum(dim=1).mean()
        return loss * self.temperature**2 if self.scale_by_squared_temperature else loss
