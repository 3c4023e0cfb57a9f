"""A condenser alone, trained by its own losses."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from mmengine.model import BaseModel
from torch import Tensor

from .base import BaseCondenser, Clip


def flatten_views(inputs: Clip) -> tuple[Clip, int]:
    """[B, V, ...] inputs, each modality, as a clip of B*V; and V."""
    if isinstance(inputs, Tensor):
        return inputs.flatten(0, 1), int(inputs.shape[1])
    num_views = {int(x.shape[1]) for x in inputs.values()}  # tensors when traced
    if len(num_views) != 1:
        shapes = {name: list(x.shape) for name, x in inputs.items()}
        raise ValueError(f"the modalities differ in their number of clips: {shapes}")
    return {name: x.flatten(0, 1) for name, x in inputs.items()}, num_views.pop()


def labels_of(data_samples: SampleList, *, num_views: int, device: torch.device) -> Tensor:
    """[B*V] int64: each sample's label for each of its V views.

    Raises:
        ValueError: if a sample has several labels.
    """
    sizes = {sample.gt_label.numel() for sample in data_samples}
    if sizes != {1}:
        raise ValueError(f"condensers learn from one label a clip, but samples have {sizes}")
    labels = torch.cat([sample.gt_label.view(1) for sample in data_samples])
    return labels.to(device).repeat_interleave(num_views)


@MODELS.register_module()
class CondenserModel(BaseModel):
    """Trains and tests a condenser that has losses of its own; no recognizer takes part.

    Its checkpoint is what ``CondenseRecognizer(condenser_checkpoint=...)`` and
    ``tools/condense_dataset.py`` load.

    Args:
        condenser: Config of the condenser.
        data_preprocessor: Brings inputs into the condenser's units.
        init_cfg: See MMEngine.

    Inputs, for V views (clips times crops): RGB [B, V, 3, T, H, W], or by modality, ``iframe``
    [B, V, 3, H, W] and others [B, V, C, T, H, W].
    """

    def __init__(
        self,
        *,
        condenser: ConfigType,
        data_preprocessor: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.condenser: BaseCondenser = MODELS.build(condenser)

    def forward(
        self,
        inputs: Clip,
        data_samples: OptSampleList = None,
        mode: str = "tensor",
        **kwargs: Any,
    ) -> dict | SampleList | Tensor:
        """Losses, test metrics, or the condensed frames [B*V, 3, K, H, W].

        Raises:
            ValueError: if ``mode`` is none of ``loss``, ``predict`` and ``tensor``.
        """
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode == "tensor":
            return self.extract_feat(inputs)[0]
        raise ValueError(f"mode is {mode!r}, but must be 'loss', 'predict' or 'tensor'")

    def extract_feat(self, inputs: Clip, **kwargs: Any) -> tuple[Tensor, dict]:
        """The condensed frames, [B*V, 3, K, H, W], and no head arguments."""
        return self.condenser(flatten_views(inputs)[0]), {}

    def loss(self, inputs: Clip, data_samples: SampleList) -> dict[str, Tensor]:
        """The condenser's own losses.

        Raises:
            ValueError: if it has none.
        """
        clip, num_views = flatten_views(inputs)
        device = next(self.parameters()).device
        losses = self.condenser.loss(
            clip, labels_of(data_samples, num_views=num_views, device=device)
        )
        if not losses:
            raise ValueError(
                f"{type(self.condenser).__name__} has no losses of its own to train by"
            )
        return losses

    def predict(self, inputs: Clip, data_samples: SampleList) -> SampleList:
        """Set ``condenser_metrics`` (means over the batch), and class scores where it has them.

        Without labels what needs them is left out.
        """
        clip, num_views = flatten_views(inputs)
        labels = None
        if all("gt_label" in sample for sample in data_samples):
            device = next(self.parameters()).device
            labels = labels_of(data_samples, num_views=num_views, device=device)
        metrics, scores = self.condenser.predict(clip, labels)
        values = {name: float(value) for name, value in metrics.items()}
        for index, sample in enumerate(data_samples):
            sample.set_field(values, "condenser_metrics")
            if scores is not None:
                score = scores[index * num_views : (index + 1) * num_views].mean(dim=0)
                sample.set_pred_score(score).set_pred_label(score.argmax(dim=-1, keepdim=True))
        return data_samples
