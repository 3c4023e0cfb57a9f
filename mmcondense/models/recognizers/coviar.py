"""CoViAR: three recognizers, one each for I-frames, motion and residuals."""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType
from torch import Tensor

from .late_fusion import LateFusionRecognizer

_MODALITIES = dict(i_stream="iframe", motion_stream="motion", residual_stream="residual")


@MODELS.register_module()
class CoViAR(LateFusionRecognizer):
    """Wu et al., "Compressed Video Action Recognition", CVPR 2018 (https://arxiv.org/abs/1712.00636).

    Motion and residuals are accumulated to the GOP's I-frame: ``reference="iframe"`` in the
    pipeline. The default weights are those of the authors' code (https://github.com/chaoyuaw/pytorch-coviar,
    ``combine.py``), which fuses scores before softmax: ``average_clips="score"`` in the heads.

    Args:
        i_stream: Recognizer of the I-frames (ResNet-152 in the paper).
        motion_stream: Recognizer of the motion (ResNet-18).
        residual_stream: Recognizer of the residuals (ResNet-18).
        fusion_weights: Of the three streams' scores.
        data_preprocessor: Normalises ``iframe``, ``motion`` and ``residual``.
        init_cfg: See MMEngine.

    Inputs for Recognizer2D streams, V views of S segments: ``iframe`` [B, V*S, 3, H, W],
    ``motion`` [B, V*S, 2, H, W], ``residual`` [B, V*S, 3, H, W].
    """

    def __init__(
        self,
        *,
        i_stream: ConfigType,
        motion_stream: ConfigType,
        residual_stream: ConfigType,
        fusion_weights: Sequence[float] = (2.0, 1.0, 1.0),
        data_preprocessor: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(
            dict(i_stream=i_stream, motion_stream=motion_stream, residual_stream=residual_stream),
            fusion_weights=fusion_weights,
            modalities=tuple(_MODALITIES.values()),
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )

    def stream_inputs(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: inputs[modality] for name, modality in _MODALITIES.items()}
