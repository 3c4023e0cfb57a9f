"""FuseClip gives what MMAction2's Fuse gives, and never overwrites what somebody holds."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose
from mmengine.runner import set_random_seed

from mmcondense.datasets.transforms import FuseClip

TYPES = [(np.uint8, 3), (np.float32, 2), (np.int16, 3)]


def lazily(images: list[np.ndarray], *, seed: int, size: int = 24) -> dict:
    """Crops, sizes and flips drawn at random, recorded and not yet carried out."""
    transforms = [
        dict(type="MultiScaleCrop", input_size=size, scales=(1, 0.8), lazy=True),
        dict(type="Resize", scale=(size, size), keep_ratio=False, lazy=True),
        dict(type="Flip", flip_ratio=0.5, lazy=True),
    ]
    set_random_seed(seed)
    results = dict(imgs=images, img_shape=images[0].shape[:2], modality="RGB")
    return Compose([TRANSFORMS.build(transform) for transform in transforms])(results)


def make_images(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 100, (30, 41, c)).astype(dtype) for dtype, c in TYPES for _ in "ab"]


def test_equals_fuse_in_kept_memory():
    fuse, ours = TRANSFORMS.build(dict(type="Fuse")), FuseClip()
    memories = set()
    for seed in range(8):
        images = make_images(seed)
        expected = fuse(lazily(images, seed=seed))["imgs"]
        results = ours(lazily(images, seed=seed))
        for image, wanted in zip(results["imgs"], expected, strict=True):
            assert image.dtype == wanted.dtype
            np.testing.assert_array_equal(image, wanted)
        assert "lazy" not in results
        memories.add(results["imgs"][0].base.ctypes.data)
        del results, image
    assert len(memories) == 1


@pytest.mark.parametrize("hold", [lambda imgs: imgs, lambda imgs: imgs[3][2:, ::2]])
def test_what_is_held_stays(hold):
    """The whole list, or a view of part of one image."""
    ours = FuseClip()
    held = [hold(ours(lazily(make_images(seed), seed=seed))["imgs"]) for seed in range(4)]
    for seed, images in enumerate(held):
        fresh = hold(FuseClip()(lazily(make_images(seed), seed=seed))["imgs"])
        for image, wanted in zip(images, fresh, strict=True):
            np.testing.assert_array_equal(image, wanted)


def test_memory_grows_with_the_clip():
    ours = FuseClip()
    for size in (24, 40, 16):
        images = ours(lazily(make_images(0), seed=0, size=size))["imgs"]
        assert [image.shape[:2] for image in images] == [(size, size)] * len(images)


def test_nothing_lazy_is_refused():
    with pytest.raises(ValueError, match="no transform before it has lazy=True"):
        FuseClip()(dict(imgs=make_images(0), img_shape=(30, 41)))
