"""JPEGs of condensed frames; the rest is tests/tools/test_condense_dataset.py."""

from __future__ import annotations

import cv2
import numpy as np

from mmcondense.apis.condensing import encode_jpeg


def test_colours_of_single_pixels_survive_unless_they_are_subsampled():
    """Fine codes: colours that change from pixel to pixel, at equal brightness."""
    image = np.full((16, 16, 3), 128, np.uint8)
    image[::2, ::2] = image[1::2, 1::2] = (190, 110, 60)
    errors, sizes = {}, {}
    for subsampling in ("444", "420"):
        data = encode_jpeg(image, quality=95, subsampling=subsampling)
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        errors[subsampling] = np.abs(decoded.astype(int) - image).mean()
        sizes[subsampling] = len(data)
    assert errors["444"] < 4
    assert errors["420"] > 5 * errors["444"]
