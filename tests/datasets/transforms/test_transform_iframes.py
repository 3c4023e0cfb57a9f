"""Colour transforms reach the I-frames of every crop, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from mmcondense.datasets.transforms import TransformIFrames


def load(path, *transforms: dict, modalities=("motion", "iframe", "residual")) -> dict:
    pipeline = [
        dict(type="SampleCompressedFrames", num_segments=3, test_mode=True),
        dict(type="LoadCompressedVideo", modalities=modalities),
        *transforms,
    ]
    results = dict(filename=str(path), modality="RGB")
    return Compose([TRANSFORMS.build(transform) for transform in pipeline])(results)


@pytest.mark.parametrize("crops", [[], [dict(type="ThreeCrop", crop_size=(64, 96))]])
def test_only_iframes_change(make_clip, crops):
    darken = dict(type="ColorJitter", brightness=(0.5, 0.5), contrast=0, saturation=0, hue=0)
    before = load(make_clip(40), *crops)["imgs"]
    after = load(make_clip(40), *crops, dict(type="TransformIFrames", transforms=[darken]))["imgs"]
    per_crop = 3 + 3 + 3 + 1
    assert len(after) == len(before) == per_crop * (3 if crops else 1)
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        assert new.dtype == old.dtype
        if 3 <= place % per_crop < 6:
            np.testing.assert_allclose(new, old * 0.5, atol=1)
            assert old.max() > 100
        else:
            np.testing.assert_array_equal(new, old)


def test_geometry_does_not_belong_here(make_clip):
    resize = dict(type="Resize", scale=(32, 32), keep_ratio=False)
    with pytest.raises(ValueError, match="changed number, shape or type"):
        load(make_clip(40), dict(type="TransformIFrames", transforms=[resize]))


def test_there_must_be_iframes(make_clip):
    jitter = dict(type="TransformIFrames", transforms=[dict(type="ColorJitter")])
    with pytest.raises(ValueError, match=r"no I-frames.*residual"):
        load(make_clip(40), jitter, modalities=("residual",))


def test_repr_names_the_transforms():
    assert "ColorJitter" in repr(TransformIFrames([dict(type="ColorJitter")]))
