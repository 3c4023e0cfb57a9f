"""Several recognizers side by side, each on its own input; their class scores are averaged.

iframe           ──► i_stream ──► scores ─┐
motion, residual ──► p_stream ──► scores ─┴─ weighted mean ──► pred_score
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmaction.models.recognizers import BaseRecognizer
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from mmengine.model import BaseModel
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from mmcondense.models.checkpoint_fit import check_fits
from mmcondense.models.distill import DistillationMixin


def fuse_scores(scores: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Weighted mean of class scores, so that probabilities stay probabilities.

    Args:
        scores: One tensor of the same shape for each stream.
        weights: One for each stream, not negative, not all zero.
    """
    total = sum(weights)
    fused = torch.zeros_like(scores[0])
    for score, weight in zip(scores, weights, strict=True):
        fused = fused + weight / total * score
    return fused


class LateFusionRecognizer(BaseModel, ABC):
    """Base of recognizers with late fusion; a subclass says which inputs each stream gets.

    The streams share nothing. In training each has its own losses and accuracies, logged under
    its name (``i_stream_loss_cls``, ``p_stream_top1_acc``); the sum of losses is minimised. In
    testing ``pred_score`` holds the fused scores and ``<stream>_score`` each stream's own.

    Args:
        streams: By name, the config of any MMAction2 recognizer. Beyond what the recognizer takes,
            the config may have an ``init_cfg``: ``dict(type="Pretrained", checkpoint=...)`` loads
            a plain recognizer's checkpoint, and with ``prefix="p_stream."`` this stream from a
            checkpoint of the whole.
        fusion_weights: One for each stream, in the order of ``streams``, not negative, not all 0.
        modalities: All input names that :meth:`stream_inputs` looks at. Any other input of a
            training batch (optical flow for a teacher) is handed to the streams' ``loss`` by name.
        data_preprocessor: Normalises the dict of inputs: ``MultiModalDataPreprocessor``.
        init_cfg: See MMEngine.

    Raises:
        ValueError: if the weights do not fit, if a stream's config has a data preprocessor, which
            would never be asked, or if one stream gives probabilities and another logits.
    """

    def __init__(
        self,
        streams: Mapping[str, ConfigType],
        *,
        fusion_weights: Sequence[float],
        modalities: Sequence[str],
        data_preprocessor: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        fits = len(fusion_weights) == len(streams)
        if not fits or min(fusion_weights) < 0 or not any(fusion_weights):
            raise ValueError(
                f"fusion_weights are {tuple(fusion_weights)}, but must be one number for each of "
                f"{tuple(streams)}, none below 0 and not all 0"
            )
        self.stream_names = tuple(streams)
        self.fusion_weights = tuple(fusion_weights)
        self.modalities = tuple(modalities)
        for name, cfg in streams.items():
            self.add_module(name, _build_stream(name, cfg))
        averages = {
            n: getattr(s.cls_head, "average_clips", None)
            for n, s in self.named_children()
            if n in streams
        }
        if {"prob", "score"} <= set(averages.values()):
            raise ValueError(
                f"average_clips of the streams' heads are {averages}: probabilities ('prob') and "
                "logits ('score') cannot be fused, choose one for all"
            )

    def init_weights(self) -> None:
        """Initialise the streams; a missing teacher is found before weights are downloaded.

        Raises:
            ValueError: if the checkpoint of a stream's ``init_cfg`` does not fill all of it.
        """
        for module in self.modules():
            if isinstance(module, DistillationMixin):
                module.teacher.build()
        super().init_weights()
        for name in self.stream_names:
            stream = self.get_submodule(name)
            init = stream.init_cfg
            if isinstance(init, Mapping) and init.get("type") == "Pretrained":
                # of which MMEngine has taken what fits
                path, prefix = init["checkpoint"], init.get("prefix") or ""
                found = CheckpointLoader.load_checkpoint(path, map_location="cpu")
                found = found.get("state_dict", found)
                weights = {n[len(prefix) :]: w for n, w in found.items() if n.startswith(prefix)}
                check_fits(stream, weights, path=f"{path}, for the {name},")

    @abstractmethod
    def stream_inputs(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The input of each stream in ``self.stream_names``, from the normalised batch."""

    def forward(
        self,
        inputs: dict[str, Tensor],
        data_samples: OptSampleList = None,
        mode: str = "tensor",
        **kwargs: Any,
    ) -> dict | SampleList:
        """MMAction2's three modes: losses, predictions, or each stream's features.

        Args:
            inputs: Normalised modalities by name, each [B, views, ...].
            data_samples: Labels for ``loss``, where to write results for ``predict``.
            mode: ``loss``, ``predict`` or ``tensor``.
            **kwargs: For :meth:`extract_feat` in mode ``tensor``.

        Raises:
            ValueError: if ``mode`` is none of these.
        """
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode == "tensor":
            return self.extract_feat(inputs, **kwargs)[0]
        raise ValueError(f"mode is {mode!r}, but must be 'loss', 'predict' or 'tensor'")

    def extract_feat(
        self, inputs: dict[str, Tensor], stage: str = "neck", **kwargs: Any
    ) -> tuple[dict[str, Tensor], dict[str, dict]]:
        """What each stream's ``extract_feat`` returns, by stream: features and head arguments.

        Args:
            inputs: Normalised modalities by name.
            stage: ``backbone``, ``neck`` or ``head``, as in MMAction2's recognizers.
            **kwargs: Forwarded to each stream's ``extract_feat``.
        """
        feats, head_kwargs = {}, {}
        for name, stream_input in self.stream_inputs(inputs).items():
            stream = self.get_submodule(name)
            feats[name], head_kwargs[name] = stream.extract_feat(
                stream_input, stage=stage, **kwargs
            )
        return feats, head_kwargs

    def loss(self, inputs: dict[str, Tensor], data_samples: SampleList) -> dict[str, Tensor]:
        """Losses and accuracies of each stream, under ``<stream>_<its name>``."""
        others = {name: x for name, x in inputs.items() if name not in self.modalities}
        losses = {}
        for name, stream_input in self.stream_inputs(inputs).items():
            stream_losses = self.get_submodule(name).loss(stream_input, data_samples, **others)
            losses.update({f"{name}_{key}": value for key, value in stream_losses.items()})
        return losses

    def predict(self, inputs: dict[str, Tensor], data_samples: SampleList) -> SampleList:
        """Fill in ``pred_score`` and ``pred_label`` (fused), and ``<stream>_score`` of each.

        Raises:
            ValueError: if a stream does not average the scores of its views.
        """
        for name, stream_input in self.stream_inputs(inputs).items():
            copies = [sample.new() for sample in data_samples]
            predictions = self.get_submodule(name).predict(stream_input, copies)
            for sample, prediction in zip(data_samples, predictions, strict=True):
                sample.set_field(prediction.pred_score, f"{name}_score")
        for sample in data_samples:
            scores = [sample.get(f"{name}_score") for name in self.stream_names]
            if any(score.ndim != 1 for score in scores):
                raise ValueError(
                    f"the scores of {self.stream_names} are {[list(s.shape) for s in scores]}, but "
                    "late fusion needs one per class from each: set average_clips='prob' or "
                    "'score' in the streams' heads"
                )
            fused = fuse_scores(scores, self.fusion_weights)
            sample.set_pred_score(fused).set_pred_label(fused.argmax(dim=-1, keepdim=True))
        return data_samples


def _build_stream(name: str, cfg: ConfigType) -> BaseRecognizer:
    cfg = copy.deepcopy(cfg)
    if cfg.get("data_preprocessor") is not None:
        raise ValueError(
            f"{name} has a data_preprocessor of its own, which would never be asked: put its "
            "mean and std into the MultiModalDataPreprocessor of the whole"
        )
    init_cfg = cfg.pop("init_cfg", None)
    stream = MODELS.build(cfg)
    if init_cfg is not None:  # MMAction2's recognizers take none, MMEngine's modules do
        stream.init_cfg = init_cfg
    return stream
