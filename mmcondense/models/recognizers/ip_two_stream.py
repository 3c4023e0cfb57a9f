"""IP-TSN: one recognizer for I-frames, one for P-frames' motion and residuals in five channels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType
from torch import Tensor

from .late_fusion import LateFusionRecognizer


@MODELS.register_module()
class IPTwoStream(LateFusionRecognizer):
    """IP-TSN of Huang et al., "Flow-Distilled IP Two-Stream Networks for Compressed Video Action
    Recognition" (https://arxiv.org/abs/1912.04462), sections 3.2 and 4.2.2, Figure 2c.

    The paper's streams are a ResNet-152 TSN and :class:`ResNet2D3D`; any MMAction2 recognizer may
    serve as either. The paper does not print its fusion weights: equal ones are the default.

    Args:
        i_stream: Recognizer of the I-frames, input ``iframe``.
        p_stream: Recognizer of the P-frames, input ``motion`` (2 channels) stacked on ``residual``
            (3 channels). A teacher on optical flow enters here, as a
            ``DistilledRecognizer3D``.
        fusion_weights: Of the two streams' scores.
        p_modalities: What the P-stream sees, stacked in this order. Not the paper's:
            ``("motion", "bits")`` (4 channels), for which no P-frame is decoded.
        data_preprocessor: Normalises ``iframe``, ``motion`` and ``residual``.
        init_cfg: See MMEngine.

    Inputs, for V views (clips times crops) and S segments, each in the layout of its recognizer:
    ``iframe`` [B, V*S, 3, H, W] for a Recognizer2D; ``motion`` [B, V, 2, S, H, W] and ``residual``
    [B, V, 3, S, H, W] for a Recognizer3D, or [B, V*S, 2 and 3, H, W] for a Recognizer2D.
    """

    def __init__(
        self,
        *,
        i_stream: ConfigType,
        p_stream: ConfigType,
        fusion_weights: Sequence[float] = (1.0, 1.0),
        p_modalities: Sequence[str] = ("motion", "residual"),
        data_preprocessor: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(
            dict(i_stream=i_stream, p_stream=p_stream),
            fusion_weights=fusion_weights,
            modalities=("iframe", *p_modalities),
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.p_modalities = tuple(p_modalities)

    def stream_inputs(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        # [B, V*S, 5, H, W] or [B, V, 5, S, H, W]
        stacked = torch.cat([inputs[name] for name in self.p_modalities], dim=2)
        return dict(i_stream=inputs["iframe"], p_stream=stacked)
