"""Refuse, before training starts, pipelines that would change motion vectors as if colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mmaction.datasets.transforms import (
    ColorJitter,
    FormatShape,
    ImgAug,
    PytorchVideoWrapper,
    TorchVisionWrapper,
)
from mmaction.datasets.transforms.processing import RandomErasing

from .format_compressed_shape import FormatCompressedShape
from .load_compressed_video import LoadCompressedVideo
from .transform_iframes import TransformIFrames

_COLOUR_TRANSFORMS = (
    ColorJitter,
    ImgAug,
    PytorchVideoWrapper,
    RandomErasing,
    TorchVisionWrapper,
)


def check_compressed_pipeline(transforms: Sequence[Callable]) -> None:
    """Check what stands between LoadCompressedVideo and FormatCompressedShape.

    What this cannot know, foreign transforms above all, FormatCompressedShape checks on the data.

    Args:
        transforms: the transforms of a built pipeline, in order.

    Raises:
        ValueError: names the transform and what to write instead.
    """
    loader: LoadCompressedVideo | None = None
    for transform in transforms:
        if isinstance(transform, LoadCompressedVideo):
            loader = transform
        elif isinstance(transform, FormatCompressedShape):
            loader = None
        elif loader is not None:
            for part in _flatten(transform):
                _check_transform(part, loader)


def _flatten(transform: object) -> Iterator[object]:
    """The transform and those it wraps, as mmcv's Compose, RandomApply and RandomChoice do."""
    yield transform
    if isinstance(transform, TransformIFrames):
        return
    wrapped = getattr(transform, "transforms", ())
    for part in wrapped if isinstance(wrapped, (list, tuple)) else [wrapped]:
        yield from _flatten(part)


def _check_transform(transform: object, loader: LoadCompressedVideo) -> None:
    name = type(transform).__name__
    if isinstance(transform, FormatShape):
        raise ValueError(
            f"{name} after LoadCompressedVideo: the modalities of a compressed clip differ in "
            "channels, so use FormatCompressedShape"
        )
    only_pictures = set(loader.modalities) <= {"iframe", "rgb"}
    if isinstance(transform, _COLOUR_TRANSFORMS) and not only_pictures:
        raise ValueError(
            f"{name} would change {loader.modalities} alike, motion and residuals as if they were "
            f"colours. For the I-frames alone write dict(type='TransformIFrames', "
            f"transforms=[dict(type='{name}', ...)]), or leave it out"
        )
