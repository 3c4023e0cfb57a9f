"""A batch of modalities in, the one tensor out that a stock recognizer takes as ``inputs``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.models import MultiModalDataPreprocessor
from mmaction.registry import MODELS


@MODELS.register_module()
class StreamDataPreprocessor(MultiModalDataPreprocessor):
    """Normalise each modality, and concatenate those of one stream along their channels.

    With it any MMAction2 recognizer can be trained as a single stream on several modalities, such
    as IP-TSN's P-stream on motion and residuals. The batch's other modalities, such as the flow
    that only a teacher sees, stay under their own names beside ``inputs``.

    Args:
        preprocessors: Config of one data preprocessor per modality.
        stream: The modalities to concatenate, in this order; all in one layout.

    Raises:
        ValueError: if a modality of the stream has no preprocessor.
    """

    def __init__(self, preprocessors: dict, *, stream: Sequence[str]) -> None:
        super().__init__(preprocessors)
        missing = [name for name in stream if name not in preprocessors]
        if missing or not stream:
            raise ValueError(f"stream={stream} must be some of {sorted(preprocessors)}")
        self.stream = tuple(stream)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Replace the modalities in ``data['inputs']`` ([N, M, C, ...] each) by their stack."""
        data = super().forward(data, training)
        modalities = dict(data["inputs"])
        stream = [modalities.pop(name) for name in self.stream]
        return {**data, **modalities, "inputs": torch.cat(stream, dim=2)}
