"""A recognizer of motion alone, aligned with a frozen network on optical flow as ATTP's is."""

from __future__ import annotations

from typing import Any

from mmaction.models.recognizers import Recognizer2D
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, SampleList
from mmengine.model import merge_dict
from torch import Tensor


@MODELS.register_module()
class AlignedRecognizer2D(Recognizer2D):
    """ATTP's motion network on its own, with the feature alignment of its eq. (8).

    Huo et al., "Lightweight Action Recognition in Compressed Videos", Figure 4 (right), where only
    motion vectors are used. Tested, it is a Recognizer2D, under whose names its parameters are.

    Args:
        alignment: Config of :class:`FlowAlignmentLoss`. Training batches then bring ``flow`` beside
            the input, normalised.
    """

    def __init__(self, *args: Any, alignment: ConfigType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.alignment = MODELS.build(alignment)

    def loss(self, inputs: Tensor, data_samples: SampleList, **kwargs: Tensor) -> dict:
        """The recognizer's losses, and the alignment's terms.

        Args:
            inputs: [B, N, 2, H, W].
            data_samples: Labels.
            **kwargs: The batch's other inputs by name, ``flow`` among them.

        Raises:
            ValueError: if the batch brings no flow.
        """
        if "flow" not in kwargs:
            raise ValueError(
                f"the training batch brings no 'flow', only {sorted(kwargs)} beside the input: "
                "load it in the training pipeline, and name it in collect_keys and in the data "
                "preprocessor"
            )
        feats, head_kwargs = self.extract_feat(inputs, data_samples=data_samples)
        losses = merge_dict(
            self.cls_head.loss(feats, data_samples, **head_kwargs), head_kwargs.get("loss_aux", {})
        )
        return merge_dict(losses, self.alignment(feats, kwargs["flow"]))
