"""What lazy transforms ask for, in one step and in memory that is used again."""

from __future__ import annotations

import sys

import mmcv
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class FuseClip(BaseTransform):
    """MMAction2's Fuse: crop, then resize, then flip, as the transforms with ``lazy=True`` say.

    Only pixels that remain are interpolated, and once. Images come to lie in the memory of those
    of an earlier clip, as soon as nobody holds one of them any more: a clip's are over 10 MB, and
    getting so much new memory from the system takes longer than filling it.

    Required keys: ``imgs``, ``img_shape``, ``lazy``. Removed: ``lazy``. Modified: ``imgs``.

    Raises:
        ValueError: if no lazy transform came before.
    """

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)
        self._references_if_unused = sys.getrefcount(self._memory)

    def transform(self, results: dict) -> dict:
        if "lazy" not in results:
            raise ValueError("FuseClip has nothing to do: no transform before it has lazy=True")
        lazy = results.pop("lazy")
        left, top, right, bottom = lazy["crop_bbox"].round().astype(int)
        height, width = results["img_shape"]
        shapes = [(height, width, *img.shape[2:]) for img in results["imgs"]]
        sizes = [int(np.prod(s)) * i.itemsize for s, i in zip(shapes, results["imgs"], strict=True)]
        self._ensure(sum(sizes))
        fused, begin = [], 0
        for img, shape, size in zip(results["imgs"], shapes, sizes, strict=True):
            out = self._memory[begin : begin + size].view(img.dtype).reshape(shape)
            begin += size
            image = mmcv.imresize(
                img[top:bottom, left:right],
                (width, height),
                interpolation=lazy["interpolation"] or "bilinear",
                out=out,
            )
            if lazy["flip"]:
                mmcv.imflip_(image, lazy["flip_direction"])
            fused.append(image)
        results["imgs"] = fused
        return results

    def _ensure(self, size: int) -> None:
        """Make ``_memory`` hold this many bytes that belong to nobody."""
        is_used = sys.getrefcount(self._memory) > self._references_if_unused
        if is_used or len(self._memory) < size:
            self._memory = np.empty(size, np.uint8)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
