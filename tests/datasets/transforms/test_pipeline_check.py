"""Pipelines that would change vectors as if they were colours are refused before training."""

from __future__ import annotations

import pytest
from mmaction.registry import TRANSFORMS

from mmcondense.datasets.transforms import check_compressed_pipeline

JITTER = dict(type="ColorJitter")


def check(*between: dict, modalities=("iframe", "motion", "residual")) -> None:
    pipeline = [
        dict(type="SampleCompressedFrames", num_segments=2),
        dict(type="LoadCompressedVideo", modalities=modalities),
        *between,
        dict(type="FormatCompressedShape"),
        dict(type="PackActionInputs", collect_keys=modalities),
    ]
    check_compressed_pipeline([TRANSFORMS.build(transform) for transform in pipeline])


def test_geometry_passes():
    check(
        dict(type="Resize", scale=(340, 256), keep_ratio=False),
        dict(type="MultiScaleCrop", input_size=224),
        dict(type="RandomResizedCrop"),
        dict(type="Resize", scale=(224, 224), keep_ratio=False),
        dict(type="Flip"),
        dict(type="ThreeCrop", crop_size=224),
        dict(type="TransformIFrames", transforms=[JITTER]),
    )


@pytest.mark.parametrize("modalities", [("motion",), ("residual",), ("iframe", "motion")])
@pytest.mark.parametrize(
    "transform",
    [
        JITTER,
        dict(type="RandomErasing"),
        dict(type="TorchVisionWrapper", op="ColorJitter"),
        dict(type="RandomApply", transforms=[JITTER]),
        dict(type="RandomChoice", transforms=[[dict(type="Flip")], [JITTER]]),
    ],
    ids=lambda transform: transform["type"],
)
def test_colour_transforms_are_refused_with_advice(transform, modalities):
    with pytest.raises(ValueError, match=r"as if they were colours.*type='TransformIFrames'"):
        check(transform, modalities=modalities)


def test_iframes_alone_may_be_jittered():
    check(JITTER, modalities=("iframe",))


def test_the_stock_format_shape_is_refused():
    with pytest.raises(ValueError, match="use FormatCompressedShape"):
        check(dict(type="FormatShape", input_format="NCHW"))


def test_a_pipeline_without_compressed_video_is_left_alone():
    check_compressed_pipeline([TRANSFORMS.build(JITTER)])
