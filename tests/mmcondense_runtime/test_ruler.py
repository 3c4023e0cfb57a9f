"""The ruler says what a chain of MMAction2's transforms did, to the number."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.runner import set_random_seed

from mmcondense_runtime.ruler import make_ruler, measure_ruler


def apply(*transforms: dict, height: int = 60, width: int = 80) -> list[np.ndarray]:
    results = dict(imgs=[make_ruler(height, width)], img_shape=(height, width), modality="RGB")
    for transform in transforms:
        results = TRANSFORMS.build(transform)(results)
    return results["imgs"]


def test_untouched_ruler_measures_one_exactly():
    np.testing.assert_array_equal(measure_ruler(make_ruler(60, 80)), [1, 1])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "area", "lanczos"])
@pytest.mark.parametrize("size", [(160, 120), (56, 56), (33, 97)])
def test_resizing_is_measured_per_axis(interpolation: str, size: tuple[int, int]):
    resize = dict(type="Resize", scale=size, keep_ratio=False, interpolation=interpolation)
    [ruler] = apply(resize, height=240, width=320)
    # Nearest neighbours make stairs of the ruler, the others straight lines.
    tolerance = 1e-2 if interpolation == "nearest" else 1e-3
    np.testing.assert_allclose(measure_ruler(ruler), [size[0] / 320, size[1] / 240], rtol=tolerance)


def test_doubling_measures_two_exactly():
    [ruler] = apply(dict(type="Resize", scale=2.0))
    np.testing.assert_array_equal(measure_ruler(ruler), [2, 2])


def test_flips_are_signs_and_two_flips_cancel():
    horizontal = dict(type="Flip", flip_ratio=1, direction="horizontal")
    vertical = dict(type="Flip", flip_ratio=1, direction="vertical")
    np.testing.assert_array_equal(measure_ruler(apply(horizontal)[0]), [-1, 1])
    np.testing.assert_array_equal(measure_ruler(apply(vertical)[0]), [1, -1])
    np.testing.assert_array_equal(measure_ruler(apply(horizontal, vertical)[0]), [-1, -1])
    np.testing.assert_array_equal(measure_ruler(apply(horizontal, horizontal)[0]), [1, 1])


def test_ten_crop_mirrors_every_second_crop():
    signs = [measure_ruler(ruler)[0] for ruler in apply(dict(type="TenCrop", crop_size=48))]
    np.testing.assert_array_equal(signs, [1, -1] * 5)


def test_a_chain_multiplies():
    set_random_seed(0)
    [ruler] = apply(
        dict(type="Resize", scale=(160, 90), keep_ratio=False),
        dict(type="CenterCrop", crop_size=(64, 72)),
        dict(type="Resize", scale=(96, 96), keep_ratio=False),
        dict(type="Flip", flip_ratio=1),
    )
    expected = [-(160 / 80) * (96 / 64), (90 / 60) * (96 / 72)]
    np.testing.assert_allclose(measure_ruler(ruler), expected, rtol=1e-5)


@pytest.mark.parametrize("lazy_crop", [(24, 20), (41, 37)])
def test_lazy_transforms_are_measured_after_fuse(lazy_crop: tuple[int, int]):
    [ruler] = apply(
        dict(type="CenterCrop", crop_size=lazy_crop, lazy=True),
        dict(type="Resize", scale=(48, 40), keep_ratio=False, lazy=True),
        dict(type="Flip", flip_ratio=1, lazy=True),
        dict(type="Fuse"),
    )
    expected = [-48 / lazy_crop[0], 40 / lazy_crop[1]]
    np.testing.assert_allclose(measure_ruler(ruler), expected, rtol=1e-5)


def rotate(ruler: np.ndarray) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((40, 30), 5, 1.0)
    return cv2.warpAffine(ruler, matrix, (80, 60), borderMode=cv2.BORDER_REPLICATE)


def erase(ruler: np.ndarray) -> np.ndarray:
    ruler = ruler.copy()
    ruler[20:30, 30:40] = 0
    return ruler


@pytest.mark.parametrize("spoil", [rotate, erase, np.zeros_like, lambda ruler: ruler * np.nan])
def test_anything_else_is_refused(spoil):
    with pytest.raises(ValueError, match="resizing, cropping and flipping only"):
        measure_ruler(spoil(make_ruler(60, 80)))


def test_what_is_no_ruler_is_refused():
    with pytest.raises(ValueError, match="uint8"):
        measure_ruler(np.zeros((60, 80, 3), np.uint8))
