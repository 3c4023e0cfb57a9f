"""The largest centred part of a clip whose sides a network's strides divide."""

from __future__ import annotations

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class CropToMultiple(BaseTransform):
    """Cut a few rows and columns off, so that frames need not be squeezed to fit a network.

    All images are cropped alike, compressed modalities too.

    Required keys: ``imgs``. Modified: ``imgs``, ``img_shape``.

    Args:
        divisor: Of height and width, from 1 up.

    Raises:
        ValueError: for another divisor, or if a side is shorter.
    """

    def __init__(self, divisor: int) -> None:
        if divisor < 1:
            raise ValueError(f"divisor={divisor}, must be at least 1")
        self.divisor = divisor

    def transform(self, results: dict) -> dict:
        height, width = results["imgs"][0].shape[:2]
        if min(height, width) < self.divisor:
            raise ValueError(f"frames of {width}x{height} are smaller than {self.divisor}")
        rows, columns = (side // self.divisor * self.divisor for side in (height, width))
        top, left = (height - rows) // 2, (width - columns) // 2
        results["imgs"] = [
            image[top : top + rows, left : left + columns] for image in results["imgs"]
        ]
        results["img_shape"] = rows, columns
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(divisor={self.divisor})"
