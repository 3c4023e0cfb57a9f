"""What an exported file computes: modules of tensors in, tensors out, by name and without samples.

    whole    inputs as the test pipeline gives them ─► scores [N, num_classes] of each video
    client   frames in [-1, 1] ─► distilled frames          a condenser
    cloud    distilled frames ─► logits                     the recognizer behind it
    gop      one GOP, and its neighbour's map ─► its scores, and its own I-frame's map

Normalisation is in ``whole``, ``cloud`` and ``gop``; the first axis of each tensor is the batch.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from mmaction.models.data_preprocessors import ActionDataPreprocessor, MultiModalDataPreprocessor
from mmaction.models.recognizers import BaseRecognizer, Recognizer2D, Recognizer3D
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmcondense.models.data_preprocessors import StreamDataPreprocessor
from mmcondense.models.recognizers import (
    ATTP,
    CondenseRecognizer,
    LateFusionRecognizer,
    fuse_scores,
)

from ..inference_inputs import UsageError

RGB = "rgb"
"""Name of the only input where a pipeline gives one tensor, not a dict of modalities."""
NEIGHBOURS = "neighbours"
"""[N, rows] int64, of ATTP: where among a video's rows the I-frame of each one's neighbour is."""


class Normalise(nn.Module):
    """ActionDataPreprocessor's arithmetic in testing, on a batch that is stacked already."""

    mean: Tensor | None
    std: Tensor | None

    def __init__(self, preprocessor: ActionDataPreprocessor) -> None:
        super().__init__()
        self.to_rgb = preprocessor.to_rgb
        self.channels_at = -4 if preprocessor.format_shape == "NCTHW" else -3
        has_mean = preprocessor._enable_normalize
        self.register_buffer("mean", preprocessor.mean.cpu() if has_mean else None)
        self.register_buffer("std", preprocessor.std.cpu() if has_mean else None)

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        if self.to_rgb:
            x = x.flip(self.channels_at)
        return x if self.mean is None or self.std is None else (x - self.mean) / self.std


class Graph(nn.Module):
    """What can be written: a module whose ``forward`` takes and gives tensors in this order."""

    input_names: tuple[str, ...]
    output_names: tuple[str, ...]


class WholeVideo(Graph):
    """A recognizer from the pipeline's tensors to the scores that its ``predict`` gives.

    Args:
        model: IP-TSN, CoViAR, ATTP, a condenser before a recognizer, or a plain recognizer.
        sample: [views, ...] tensors by input, as the pipeline packs them, to see shapes from.

    Raises:
        UsageError: For models of another kind, and for those that do not average their clips.
    """

    def __init__(self, model: BaseModel, sample: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.model = model
        normalisers = _normalisers(model)
        absent = sorted(set(sample) - set(normalisers))
        if absent:
            raise UsageError(f"the data preprocessor does not know the pipeline's {absent}")
        self.modalities = tuple(sample)
        self.normalisers = nn.ModuleDict({name: normalisers[name] for name in sample})
        self.input_names = self.modalities
        if isinstance(model, ATTP) and model.cls_head.temporal:
            rows = len(sample["motion"])
            if len(sample["iframe"]) == rows:  # else each I-frame is followed by its neighbour's
                self.input_names = (*self.modalities, NEIGHBOURS)
        self.output_names = ("scores",)
        for recognizer in (m for m in model.modules() if isinstance(m, BaseRecognizer)):
            _forget_testing_views(recognizer)

    def forward(self, *tensors: Tensor) -> Tensor:
        """Tensors in the order of ``input_names``, each [N, ...], to [N, num_classes]."""
        given = dict(zip(self.input_names, tensors, strict=True))
        inputs = {name: self.normalisers[name](given[name]) for name in self.modalities}
        model = self.model
        if isinstance(model, ATTP):
            return _attp_scores(model, inputs, given.get(NEIGHBOURS))
        if isinstance(model, LateFusionRecognizer):
            streams = model.stream_inputs(inputs)
            scores = [_scores(model.get_submodule(name), streams[name]) for name in streams]
            return fuse_scores(scores, model.fusion_weights)
        stacked: Tensor | dict[str, Tensor] = inputs
        if isinstance(model.data_preprocessor, StreamDataPreprocessor):
            stacked = torch.cat([inputs[name] for name in model.data_preprocessor.stream], dim=2)
        elif set(inputs) == {RGB}:
            stacked = inputs[RGB]
        if isinstance(model, CondenseRecognizer):
            return _scores(model.recognizer, model.condense(stacked))
        if isinstance(model, BaseRecognizer) and isinstance(stacked, Tensor):
            return _scores(model, stacked)
        raise UsageError(
            f"a {type(model).__name__} is none of what can be exported: IPTwoStream, CoViAR, ATTP, "
            "CondenseRecognizer, Recognizer2D, Recognizer3D"
        )


class ClientHalf(Graph):
    """The condenser."""

    input_names, output_names = ("frames",), ("output",)

    def __init__(self, model: CondenseRecognizer) -> None:
        super().__init__()
        self.condenser = model.condenser

    def forward(self, frames: Tensor) -> Tensor:
        """[N, 3, T, H, W] to [N, 3, T_s, H, W], both in [-1, 1]."""
        return self.condenser(frames)


class CloudHalf(Graph):
    """Normalisation and recognizer."""

    input_names, output_names = ("frames",), ("output",)
    mean: Tensor
    std: Tensor

    def __init__(self, model: CondenseRecognizer) -> None:
        super().__init__()
        self.recognizer = model.recognizer
        self.register_buffer("mean", model.frame_mean)
        self.register_buffer("std", model.frame_std)

    def forward(self, frames: Tensor) -> Tensor:
        """[N, 3, T_s, H, W] to [N, num_classes]."""
        normalised = ((frames + 1) * 127.5 - self.mean) / self.std
        return self.recognizer.extract_feat(normalised.unsqueeze(1), stage="head")[0]


class GOPStep(Graph):
    """One GOP of a video that ATTP recognises as it comes in.

    Each I-frame passes its network once, as in testing: the neighbour of a GOP is the one before,
    and the first GOP is computed again once the second one's I-frame has been seen.
    """

    input_names = ("iframe", "neighbour", "motion", "residual")
    output_names = ("scores", "iframe_map")

    def __init__(self, model: ATTP) -> None:
        super().__init__()
        self.model = model
        normalisers = _normalisers(model)
        kept = {name: normalisers[name] for name in ("iframe", "motion", "residual")}
        self.normalisers = nn.ModuleDict(kept)

    def forward(
        self, iframe: Tensor, neighbour: Tensor, motion: Tensor, residual: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] as the pipeline gives them, and ``neighbour``, the adjacent GOP's map.

        Returns:
            Scores [N, num_classes], and the map of this GOP's I-frame for the next one.
        """
        model = self.model
        iframe_map = model.iframe_backbone(self.normalisers["iframe"](iframe))
        maps = dict(
            iframe=iframe_map,
            neighbour=neighbour,
            motion=model.motion_backbone(self.normalisers["motion"](motion)),
            residual=model.residual_backbone(self.normalisers["residual"](residual)),
        )
        return model.cls_head(maps), iframe_map


def check_is_split(model: BaseModel, split: str) -> None:
    """Refuse a split that a model does not have.

    Raises:
        UsageError: ``halves`` of what is no RGB condenser before a Recognizer3D, ``gops`` of what
            is no ATTP with a neighbour.
    """
    name = type(model).__name__
    if split == "halves":
        if not isinstance(model, CondenseRecognizer):
            raise UsageError(f"--split halves is for a CondenseRecognizer, such as TSD, not {name}")
        if not isinstance(model.recognizer, Recognizer3D):
            raise UsageError(
                "--split halves is for a Recognizer3D behind the condenser, not a "
                f"{type(model.recognizer).__name__}"
            )
    if split == "gops" and not (isinstance(model, ATTP) and model.cls_head.temporal):
        raise UsageError(f"--split gops is for an ATTP with its neighbour's I-frame, not {name}")


def normalisation(model: BaseModel) -> dict[str, dict[str, Any]]:
    """``mean``, ``std`` (where there are any) and ``to_rgb`` by modality, as plain numbers."""
    found: dict[str, dict[str, Any]] = {}
    for name, normalise in _normalisers(model).items():
        found[name] = dict(to_rgb=normalise.to_rgb)
        if normalise.mean is not None and normalise.std is not None:
            found[name]["mean"] = normalise.mean.flatten().tolist()
            found[name]["std"] = normalise.std.flatten().tolist()
    return found


def _normalisers(model: BaseModel) -> dict[str, Normalise]:
    preprocessor = model.data_preprocessor
    parts = {RGB: preprocessor}
    if isinstance(preprocessor, MultiModalDataPreprocessor):
        parts = dict(preprocessor.preprocessors.items())
    for part in parts.values():
        if not isinstance(part, ActionDataPreprocessor):
            raise UsageError(
                f"the data preprocessor is a {type(part).__name__}, whose normalisation cannot be "
                "put into the file: it must be an ActionDataPreprocessor"
            )
    return {name: Normalise(part) for name, part in parts.items()}


def _scores(recognizer: BaseRecognizer, x: Tensor) -> Tensor:
    """Scores [N, num_classes] of a recognizer's input [N, views, ...], as its ``predict``'s."""
    feats, arguments = recognizer.extract_feat(x, test_mode=True)
    rows = recognizer.cls_head(feats, **arguments)
    return _average(recognizer.cls_head, rows, videos=x)


def _average(head: nn.Module, rows: Tensor, *, videos: Tensor) -> Tensor:
    if head.average_clips is None:
        raise UsageError(
            f"average_clips of the {type(head).__name__} is None, so that there are no scores of a "
            "video: set it to 'prob' or 'score'"
        )
    rows_of_a_video = int(rows.shape[0]) // int(videos.shape[0])  # the same whatever the batch
    by_video = rows.unflatten(0, (-1, rows_of_a_video))
    # its average_clip for each, with sizes that do not depend on the batch
    return (by_video.softmax(dim=2) if head.average_clips == "prob" else by_video).mean(dim=1)


def _attp_scores(model: ATTP, inputs: dict[str, Tensor], neighbours: Tensor | None) -> Tensor:
    motion, iframes = inputs["motion"], inputs["iframe"]
    rows = int(motion.shape[1])
    maps = dict(
        motion=model.motion_backbone(motion.flatten(0, 1)),
        residual=model.residual_backbone(inputs["residual"].flatten(0, 1)),
    )
    if int(iframes.shape[1]) == 2 * rows:  # its own, its neighbour's, the next one's own, ...
        both = iframes if model.cls_head.temporal else iframes[:, ::2]
        found = model.iframe_backbone(both.flatten(0, 1))
        step = 2 if model.cls_head.temporal else 1
        maps["iframe"], maps["neighbour"] = found[::step], found[step - 1 :: step]
    else:
        maps["iframe"] = model.iframe_backbone(iframes.flatten(0, 1))
        if neighbours is not None:
            of_videos = maps["iframe"].unflatten(0, (-1, rows))  # [N, rows, C, H', W']
            index = neighbours[:, :, None, None, None].expand(-1, -1, *of_videos.shape[2:])
            maps["neighbour"] = of_videos.gather(1, index).flatten(0, 1)
    return _average(model.cls_head, model.cls_head(maps), videos=motion)


def _forget_testing_views(recognizer: BaseRecognizer) -> None:
    """Without ``max_testing_views``, which saves memory view by view and changes no number."""
    if isinstance(recognizer, (Recognizer2D, Recognizer3D)) and recognizer.test_cfg is not None:
        recognizer.test_cfg = copy.copy(recognizer.test_cfg)
        recognizer.test_cfg.pop("max_testing_views", None)
