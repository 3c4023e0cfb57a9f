"""Samples to trace a model with and to compare with: of a video, and of noise in its shapes."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from torch import Tensor

from compressedvideo import encode_frames
from mmcondense.datasets.annotations import AnnotationError
from mmcondense.datasets.opened_video import OpenedVideo
from mmcondense_runtime.sampling import neighbour_rows

from ..inference_inputs import UsageError
from .graphs import NEIGHBOURS, RGB

Sample = Mapping[str, Any]
"""What a pipeline packs: ``inputs``, one tensor or a dict of them, and ``data_samples``."""

MADE_UP_SIZE = 256, 340
"""Height and width of the video that stands in where there is none, pixels."""

_NUM_FRAMES, _GOP = 96, 12


def build_dataset(settings: Mapping[str, Any]) -> Any:
    """A data set, with a list that says nothing sensible as a UsageError."""
    try:
        return DATASETS.build(dict(settings))
    except AnnotationError as error:
        raise UsageError(str(error)) from error


def first_listed_video(cfg: Config) -> str | None:
    """The first video of a config's test data set; None if the list, or that video, is not there.

    Raises:
        UsageError: If the list is there and says nothing sensible.
    """
    settings = cfg.test_dataloader.dataset
    root, listed = settings.get("data_root") or "", settings.get("ann_file")
    if not listed or "://" in root or not Path(root, listed).exists():
        return None
    dataset = build_dataset(settings)
    video = dataset.get_data_info(0)["filename"] if len(dataset) else None
    return video if video is not None and os.path.isfile(video) else None


def read_sample(inferencer: Any, video: str) -> Sample:
    """The sample that a CompressedActionInferencer would predict.

    Raises:
        CodecError: If the video cannot be read.
    """
    with OpenedVideo(video, virtual_gop=inferencer._virtual_gop) as opened:
        (window,) = opened.windows(window_seconds=None)
        given = dict(filename=video, window=window, label=-1, start_index=0, modality="RGB")
        return inferencer.pipeline(given)


def read_made_up_sample(inferencer: Any, size: tuple[int, int]) -> Sample:
    """That of a made-up video of blocks of noise, with I-, P- and B-frames.

    Args:
        inferencer: See :func:`read_sample`.
        size: Height and width, pixels.
    """
    height, width = size
    noise = np.random.default_rng(0)
    blocks = noise.integers(0, 255, (_NUM_FRAMES, height // 8 + 1, width // 8 + 1, 3), np.uint8)
    frames = blocks.repeat(8, axis=1).repeat(8, axis=2)[:, :height, :width]
    with tempfile.TemporaryDirectory() as folder:
        video = os.fspath(Path(folder, "made_up.mp4"))
        encode_frames(video, frames, gop_size=_GOP, b_frames=1)
        return read_sample(inferencer, video)


def tensors_of(sample: Sample) -> dict[str, Tensor]:
    """The inputs by name, each [views, ...]."""
    inputs = sample["inputs"]
    return dict(inputs) if isinstance(inputs, Mapping) else {RGB: inputs}


def noise_like(sample: Sample, *, seed: int) -> Sample:
    """A sample of random numbers of the same shapes and types."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, x in tensors_of(sample).items():
        if x.is_floating_point():
            tensors[name] = 4 * torch.randn(x.shape, generator=generator, dtype=x.dtype)
        else:
            low, high = (0, 256) if x.dtype == torch.uint8 else (-255, 256)
            tensors[name] = torch.randint(
                low, high, x.shape, generator=generator, dtype=torch.int32
            ).to(x.dtype)
    inputs = tensors if isinstance(sample["inputs"], Mapping) else tensors[RGB]
    return dict(inputs=inputs, data_samples=copy.deepcopy(sample["data_samples"]))


def graph_inputs(input_names: Sequence[str], samples: Sequence[Sample]) -> tuple[Tensor, ...]:
    """A batch of samples as tensors of a :class:`~.graphs.WholeVideo`, in order of its names."""
    batch = [tensors_of(sample) for sample in samples]
    stacked = {name: torch.stack([tensors[name] for tensors in batch]) for name in batch[0]}
    if NEIGHBOURS in input_names:
        rows = int(stacked["motion"].shape[1])
        stacked[NEIGHBOURS] = torch.tensor(
            [
                neighbour_rows(sample["data_samples"].get("gop_inds", range(rows)), rows)[1]
                for sample in samples
            ]
        )
    return tuple(stacked[name] for name in input_names)


def predicted_scores(model: BaseModel, samples: Sequence[Sample]) -> Tensor:
    """[N, num_classes]: the scores that the model itself predicts, its preprocessor included."""
    batch = pseudo_collate(copy.deepcopy(list(samples)))
    with torch.no_grad():
        found = model.test_step(batch)
    return torch.stack([sample.pred_score for sample in found]).float().cpu()
