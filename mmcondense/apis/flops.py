"""A config in, its model's parameters and multiply-adds for one video out, as papers count them.

The input is a made-up clip, or a given video, that went through the config's own test pipeline, so
segments, crops and modalities are those of a test. Where each segment gives an I-frame and a motion
field to 2D networks, the cost per segment (per GOP in ATTP, neighbours' I-frames seen once) is
counted too. A multiply-add counts as one; mmengine adds two operations per element of a BatchNorm
and one of an average pooling, well below one percent together.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmaction.registry import MODELS
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from torch import Tensor

from compressedvideo import CompressedVideo, encode_frames

Inputs = Tensor | dict[str, Tensor]
Recognizer = Any  # a module with MMAction2's extract_feat and data_preprocessor
FRAME_NAME = "img_{:05}.jpg"
CLIP_FRAMES, CLIP_HEIGHT, CLIP_WIDTH = 60, 256, 340


def build_model(cfg: Config) -> Recognizer:
    """The config's model with random weights: nothing is downloaded."""
    model = MODELS.build(without_pretrained(cfg.model.to_dict()))
    model.eval()
    return model


def without_pretrained(cfg: Any) -> Any:
    """A copy of a config in which no ``pretrained``, nor torchvision's ``weights``, names any."""
    if isinstance(cfg, dict):
        named = {"pretrained"}
        if str(cfg.get("type")).startswith("torchvision."):
            named.add("weights")
        return {
            key: None if key in named else without_pretrained(value) for key, value in cfg.items()
        }
    return [without_pretrained(value) for value in cfg] if isinstance(cfg, list) else cfg


def write_clip(path: Path, *, num_frames: int = CLIP_FRAMES) -> Path:
    """A clip of noise in blocks, with a key frame every 12 frames."""
    noise = np.random.default_rng(0)
    size = CLIP_HEIGHT // 8, CLIP_WIDTH // 8 + 1, 3
    frames = (
        np.kron(noise.integers(0, 255, size, dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
        for _ in range(num_frames)
    )
    encode_frames(path, (frame[:, :CLIP_WIDTH] for frame in frames), gop_size=12)
    return path


def write_frames(video: Path, folder: Path) -> int:
    """A video's frames as JPEGs, for configs that classify such; how many there are."""
    with CompressedVideo(video) as opened:
        frames = opened.read(range(opened.num_frames), modalities=("rgb",)).rgb
    assert frames is not None
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / FRAME_NAME.format(index)), frame[..., ::-1])
    return len(frames)


def make_inputs(cfg: Config, model: Recognizer, *, video: Path | None = None) -> Inputs:
    """What the model gets for one video in a test: its batch of one, normalised.

    Args:
        cfg: With a test pipeline that reads video, or frames.
        model: Of the config.
        video: To read. None: a made-up one of 340x256.
    """
    transforms = cfg.test_dataloader.dataset.pipeline
    pipeline = Compose(transforms)
    given: dict[str, Any] = dict(label=0, start_index=0, modality="RGB")
    with tempfile.TemporaryDirectory() as folder:
        path = video or write_clip(Path(folder, "clip.mp4"))
        if any(transform["type"] == "RawFrameDecode" for transform in transforms):
            count = write_frames(path, Path(folder))
            given |= dict(frame_dir=folder, total_frames=count, filename_tmpl=FRAME_NAME)
        else:
            given |= dict(filename=str(path))
        sample = pipeline(given)
    return model.data_preprocessor(pseudo_collate([sample]), False)["inputs"]


def with_size(inputs: Inputs, size: Sequence[int]) -> Inputs:
    """Inputs of the same layout, but H and W of ``size``; what they show is lost."""
    height, width = size[0], size[-1]
    if isinstance(inputs, dict):
        return {name: x.new_zeros((*x.shape[:-2], height, width)) for name, x in inputs.items()}
    return inputs.new_zeros((*inputs.shape[:-2], height, width))


def gops_of(inputs: Inputs) -> int | None:
    """Segments of a batch of one, if each gives an I-frame and a motion field to 2D networks."""
    if isinstance(inputs, dict) and {"iframe", "motion"} <= set(inputs):
        iframe, motion = inputs["iframe"], inputs["motion"]
        if motion.ndim == 5 and iframe.shape[1] == motion.shape[1]:
            return motion.shape[1]
    return None


def count(model: Recognizer, inputs: Inputs) -> dict[str, Any]:
    """Multiply-adds and parameters of the whole and of each part.

    Returns:
        ``{"flops": int, "params": int, "parts": {name: {"flops": int, "params": int}}}``; parts
        are the model's direct submodules, such as ``i_stream`` and ``p_stream``.
        ``"flops_per_gop"`` is added where :func:`gops_of` knows how many there are.
    """
    model.forward = functools.partial(model.extract_feat, stage="head")
    analyzer = FlopAnalyzer(model, (inputs,))
    analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    flops, params = analyzer.by_module(), parameter_count(model)  # both default to 0
    parts = {
        name: dict(flops=int(flops[name]), params=int(params[name]))
        for name, _ in model.named_children()
        if flops[name] or params[name]
    }
    counts: dict[str, Any] = dict(flops=int(flops[""]), params=int(params[""]), parts=parts)
    gops = gops_of(inputs)
    return counts if gops is None else {**counts, "flops_per_gop": counts["flops"] // gops}
