"""A pipeline of compressed video in; the same out, which also reads each frame's own pixels."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mmcondense.datasets.transforms import FormatCompressedShape, LoadCompressedVideo


def with_own_pixels(transforms: Sequence[Any]) -> list[Any]:
    """Transforms that read ``rgb``, too: of the frames whose motion they read, for pictures of it.

    What the network gets is not changed. After FormatCompressedShape ``results["rgb"]`` is uint8
    [crops * clips * S, 3, H, W], cropped and flipped as the motion.
    """
    changed: list[Any] = []
    for transform in transforms:
        if isinstance(transform, LoadCompressedVideo) and "rgb" not in transform.modalities:
            transform = copy.copy(transform)
            transform.modalities = (*transform.modalities, "rgb")
        elif isinstance(transform, FormatCompressedShape) and "rgb" not in transform.layouts:
            transform = copy.copy(transform)
            transform.layouts = {**transform.layouts, "rgb": "NCHW"}
            if "motion" in transform.crops:
                transform.crops = {**transform.crops, "rgb": transform.crops["motion"]}
        changed.append(transform)
    return changed
