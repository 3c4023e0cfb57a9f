"""ATTP: three light networks whose feature maps are pooled together, GOP by GOP.

iframe   ──► network ─► maps of I(t) and I(t+Δt) ─┐
motion   ──► network ─► map of MV(t) ─────────────┼─► head ─► s(t), averaged over GOPs
residual ──► network ─► map of R(t) ──────────────┘
                 │
flow ─► frozen network ─► alignment of MV(t), in training only
"""

from __future__ import annotations

from collections.abc import Mapping

from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from mmengine.model import BaseModel
from torch import Tensor

from mmcondense.models.backbones import FeatureMapBackbone
from mmcondense_runtime.sampling import neighbour_rows

_CHANNELS = dict(iframe=3, motion=2, residual=3)


@MODELS.register_module()
class ATTP(BaseModel):
    """Aligned temporal trilinear pooling.

    Huo et al., "Lightweight Action Recognition in Compressed Videos" (ECCV Workshops 2020), Figure
    3. The head decides between the rows of Table 3: pooling of three maps or of pairs, with the
    adjacent GOP's I-frame (TTP) or without (TP); ``alignment`` makes ATTP of TTP.

    Args:
        backbones: Configs of the networks for ``iframe``, ``motion`` and ``residual``: MMAction2's,
            ``mmpretrain.``, ``timm.`` or ``torchvision.`` (:class:`FeatureMapBackbone`). Weights of
            networks for RGB are adapted to the two channels of motion.
        cls_head: Config of the head: ``TemporalPoolingHead``.
        alignment: Config of ``FlowAlignmentLoss``, or None. Training batches then bring ``flow``.
        data_preprocessor: Normalises the dict of inputs: ``MultiModalDataPreprocessor``.
        init_cfg: See MMEngine.

    Inputs, for V views of S GOPs: ``motion`` [B, V*S, 2, H, W], ``residual`` [B, V*S, 3, H, W],
    ``flow`` [B, V*S, 2, H, W]; ``iframe`` [B, V*S, 3, H, W], or [B, V*S*2, 3, H, W] where each
    GOP's I-frame is followed by that of its neighbour (``SampleGOPs(neighbours=True)``). Without
    them the neighbour is the sampled GOP before, so that each I-frame is seen by the network once;
    GOPs are told apart by the samples' ``gop_inds``, and all differ if they have none.

    Raises:
        ValueError: if ``backbones`` names other modalities.
    """

    def __init__(
        self,
        *,
        backbones: Mapping[str, ConfigType],
        cls_head: ConfigType,
        alignment: OptConfigType = None,
        data_preprocessor: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if set(backbones) != set(_CHANNELS):
            raise ValueError(
                f"backbones has {sorted(backbones)}, but must have {sorted(_CHANNELS)}"
            )
        for modality, channels in _CHANNELS.items():
            network = FeatureMapBackbone(backbones[modality], in_channels=channels)
            self.add_module(f"{modality}_backbone", network)
        self.cls_head = MODELS.build(cls_head)
        self.alignment = MODELS.build(alignment) if alignment else None

    def forward(
        self,
        inputs: dict[str, Tensor],
        data_samples: OptSampleList = None,
        mode: str = "tensor",
        stage: str = "neck",
    ) -> dict | SampleList | Tensor:
        """MMAction2's three modes: losses, predictions, or features.

        Raises:
            ValueError: if ``mode`` is none of ``loss``, ``predict`` and ``tensor``.
        """
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode == "tensor":
            return self.extract_feat(inputs, stage=stage, data_samples=data_samples)[0]
        raise ValueError(f"mode is {mode!r}, but must be 'loss', 'predict' or 'tensor'")

    def extract_feat(
        self,
        inputs: dict[str, Tensor],
        stage: str = "neck",
        data_samples: OptSampleList = None,
    ) -> tuple[dict[str, Tensor] | Tensor, dict]:
        """:meth:`extract_maps`, or with ``stage='head'`` the scores of each GOP.

        Returns:
            The maps, or scores [B*V*S, num_classes]; and the head's arguments: none.
        """
        feats = self.extract_maps(inputs, data_samples)
        return (self.cls_head(feats) if stage == "head" else feats), {}

    def extract_maps(
        self, inputs: dict[str, Tensor], data_samples: OptSampleList = None
    ) -> dict[str, Tensor]:
        """Feature maps of each GOP.

        Returns:
            ``iframe``, ``neighbour`` (for a temporal head), ``motion`` and ``residual``, each
            [B*V*S, C, H', W'].
        """
        feats = self._iframe_maps(inputs, data_samples)
        feats["motion"] = self.motion_backbone(inputs["motion"].flatten(0, 1))
        feats["residual"] = self.residual_backbone(inputs["residual"].flatten(0, 1))
        return feats

    def loss(self, inputs: dict[str, Tensor], data_samples: SampleList) -> dict[str, Tensor]:
        """The head's losses and accuracies, and the alignment's terms.

        Raises:
            ValueError: if there is an alignment and the batch brings no ``flow``.
        """
        feats = self.extract_maps(inputs, data_samples)
        losses = self.cls_head.loss(feats, data_samples)
        if self.alignment is not None:
            if "flow" not in inputs:
                raise ValueError(
                    f"the training batch brings {sorted(inputs)}, but no 'flow' for the alignment: "
                    "load it in the training pipeline, and name it in collect_keys and in the data "
                    "preprocessor"
                )
            losses.update(self.alignment(feats["motion"], inputs["flow"]))
        return losses

    def predict(self, inputs: dict[str, Tensor], data_samples: SampleList) -> SampleList:
        """Fill in ``pred_score`` and ``pred_label``."""
        feats = self.extract_maps(inputs, data_samples)
        return self.cls_head.predict(feats, data_samples)

    def _iframe_maps(
        self, inputs: dict[str, Tensor], data_samples: OptSampleList
    ) -> dict[str, Tensor]:
        """Maps of each GOP's I-frame and its neighbour's, every I-frame computed once."""
        iframes, rows = inputs["iframe"], int(inputs["motion"].shape[1])
        batch, given = (int(size) for size in iframes.shape[:2])  # tensors when traced
        if given not in (rows, 2 * rows):
            raise ValueError(
                f"{given} I-frames for {rows} GOPs: there must be one for each, or two "
                "(SampleGOPs(neighbours=True))"
            )
        if given == 2 * rows:
            own, neighbour = list(range(0, given, 2)), list(range(1, given, 2))
            positions = [(own, neighbour)] * batch
        else:
            positions = [_positions(sample, rows) for sample in data_samples or [None] * batch]
        wanted = [
            own + neighbour if self.cls_head.temporal else own for own, neighbour in positions
        ]
        flat = [at * given + row for at, of_sample in enumerate(wanted) for row in of_sample]
        computed = sorted(set(flat))
        maps = self.iframe_backbone(iframes.flatten(0, 1)[computed])
        place = {row: index for index, row in enumerate(computed)}
        maps = maps[[place[row] for row in flat]]
        maps = maps.unflatten(0, (batch, -1, rows))  # [B, 1 or 2, V*S, C, H', W']
        names = ("iframe", "neighbour") if self.cls_head.temporal else ("iframe",)
        return {name: maps[:, index].flatten(0, 1) for index, name in enumerate(names)}


def _positions(sample, rows: int) -> tuple[list[int], list[int]]:
    gop_inds = range(rows) if sample is None else sample.get("gop_inds", range(rows))
    return neighbour_rows(gop_inds, rows)
