from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose

import mmcondense
from compressedvideo import encode_frames
from mmcondense.datasets.transforms import CropToMultiple


@pytest.mark.parametrize(
    ("shape", "expected", "corner"),
    [((256, 455), (256, 452), (0, 1)), ((7, 9), (4, 8), (1, 0)), ((8, 4), (8, 4), (0, 0))],
)
def test_the_centre_remains(shape, expected, corner):
    images = [np.arange(np.prod(shape)).reshape(*shape, 1) + n for n in range(2)]
    results = CropToMultiple(4).transform(dict(imgs=list(images), img_shape=shape))
    assert results["img_shape"] == expected
    top, left = corner
    for image, cropped in zip(images, results["imgs"], strict=True):
        np.testing.assert_array_equal(
            cropped, image[top : top + expected[0], left : left + expected[1]]
        )


def test_too_small_frames_are_named():
    with pytest.raises(ValueError, match="3x8 are smaller than 4"):
        CropToMultiple(4).transform(dict(imgs=[np.zeros((8, 3, 3))]))
    with pytest.raises(ValueError, match="divisor=0"):
        CropToMultiple(0)


@pytest.mark.parametrize("config", ["ifs/ifs_kinetics400.py", "avd/avd_kinetics400.py"])
def test_condensing_keeps_the_shape_of_things(config, tmp_path):
    """A disc in a picture of 16:9 is condensed as one, as the crops of training show it."""
    rows, columns = np.ogrid[:180, :320]
    disc = ((rows - 90) ** 2 + (columns - 160) ** 2 < 60**2)[..., None] * np.uint8([200] * 3)
    encode_frames(tmp_path / "disc.mp4", [disc] * 14)
    pipeline = Config.fromfile(f"{mmcondense.__path__[0]}/../configs/{config}").condense_pipeline
    results = dict(filename=str(tmp_path / "disc.mp4"), label=0, modality="RGB", start_index=0)
    packed = Compose([TRANSFORMS.build(transform) for transform in pipeline])(results)
    inputs = packed["inputs"]
    frames = inputs["rgb"] if isinstance(inputs, dict) else inputs
    frame = frames[0, 0, 0].numpy()  # clip, channel, time
    assert frame.shape == (256, 452)
    inside = frame > 100
    height, width = inside.any(axis=1).sum(), inside.any(axis=0).sum()
    assert abs(height - width) <= 2
    assert height == pytest.approx(120 * 256 / 180, abs=3)
