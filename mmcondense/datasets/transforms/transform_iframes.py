"""Colour augmentation of a compressed clip: transforms that see the I-frames only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose


@TRANSFORMS.register_module()
class TransformIFrames(BaseTransform):
    """Apply transforms, such as ColorJitter, to the I-frames and to nothing else.

    Place it between LoadCompressedVideo and FormatCompressedShape. Transforms that resize, crop
    or flip do not belong in it: they must see all modalities. Only where the others are on a grid
    of cells (``layout='cells'``) it may resize the I-frames, which have a size of their own there.

    Modified keys: the I-frames of ``imgs``.

    Args:
        transforms: configs of transforms that read and write ``imgs``, uint8 [H, W, 3].

    Raises:
        ValueError: if a transform changes number, shape or type of the I-frames.
    """

    def __init__(self, transforms: Sequence[dict]) -> None:
        self.transforms = Compose([TRANSFORMS.build(transform) for transform in transforms])

    def transform(self, results: dict) -> dict:
        imgs, index = results["imgs"], results["imgs_index"]
        if "iframe" not in index:
            raise ValueError(f"no I-frames to transform among {list(index)}")
        start, stop = index["iframe"]
        per_crop = max(end for _, end in index.values())
        places = [at + i for at in range(0, len(imgs), per_crop) for i in range(start, stop)]
        before = [imgs[place] for place in places]
        after = self.transforms({**results, "imgs": list(before)})["imgs"]
        others = [imgs[begin] for begin, _ in index.values() if begin != start]
        may_resize = any(image.shape[:2] != before[0].shape[:2] for image in others)
        if _kinds(before, may_resize) != _kinds(after, may_resize):
            raise ValueError(f"{self.transforms} changed number, shape or type of the I-frames")
        for place, image in zip(places, after, strict=True):
            imgs[place] = image
        if may_resize and start == 0:
            results["img_shape"] = imgs[0].shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(transforms={self.transforms})"


def _kinds(images: Sequence[np.ndarray], may_resize: bool) -> list[tuple]:
    return [(image.shape[2:] if may_resize else image.shape, image.dtype) for image in images]
