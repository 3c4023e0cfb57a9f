"""MMAction2's resizing and cropping in tests, on lists of images of any type, by numpy.

Only where a size really changes OpenCV is needed: no other's numbers are the pipeline's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Images = list[np.ndarray]
"""[H, W, C] each."""

_INTERPOLATIONS = dict(nearest=0, bilinear=1, bicubic=2, area=3, lanczos=4)  # OpenCV's numbers


@dataclass
class Lazy:
    """What transforms with ``lazy=True`` have asked for, until FuseClip does it in one step."""

    box: np.ndarray
    """[4] float32, of the images as they are: left, top, right, bottom."""

    size: tuple[int, int]
    """Height and width in the end."""

    interpolation: str = "bilinear"

    @classmethod
    def of(cls, images: Images) -> Lazy:
        height, width = images[0].shape[:2]
        return cls(np.array([0, 0, width, height], np.float32), (height, width))


def resized_size(
    size: tuple[int, int], scale: float | Sequence[int], *, keep_ratio: bool
) -> tuple[int, int]:
    """Height and width that MMAction2's Resize gives to images of ``size``.

    Args:
        size: Height and width.
        scale: A factor, or width and height: exactly, or with ``keep_ratio`` at most (-1: however
            long that side becomes).
        keep_ratio: Whether height and width change alike.
    """
    height, width = size
    if not keep_ratio:
        assert not isinstance(scale, float)
        return scale[1], scale[0]
    if isinstance(scale, float):
        factor = scale
    else:
        short, long = sorted(map(float, scale))
        short, long = (long, float("inf")) if short == -1 else (short, long)
        factor = min(long / max(size), short / min(size))
    return int(height * float(factor) + 0.5), int(width * float(factor) + 0.5)


def resize(images: Images, size: tuple[int, int], *, interpolation: str = "bilinear") -> Images:
    """To height and width ``size``.

    Raises:
        ImportError: Without OpenCV, where a size changes.
    """
    if all(image.shape[:2] == tuple(size) for image in images):
        return images
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            f"the video is resized to {size[1]}x{size[0]} as in training, which needs OpenCV: "
            "pip install opencv-python-headless"
        ) from error
    code = _INTERPOLATIONS[interpolation]
    return [cv2.resize(image, (size[1], size[0]), interpolation=code) for image in images]


def crop(images: Images, *, left: int, top: int, size: tuple[int, int]) -> Images:
    height, width = size
    return [image[top : top + height, left : left + width] for image in images]


def center_crop(images: Images, size: tuple[int, int]) -> Images:
    """The middle, of height and width ``size``."""
    (height, width), (rows, columns) = images[0].shape[:2], size
    return crop(images, left=(width - columns) // 2, top=(height - rows) // 2, size=size)


def lazy_center_crop(lazy: Lazy, size: tuple[int, int]) -> None:
    """:func:`center_crop` of what the images will be."""
    (height, width), (rows, columns) = lazy.size, size
    left, top = (width - columns) // 2, (height - rows) // 2
    box_left, box_top, box_right, box_bottom = lazy.box
    across, down = box_right - box_left, box_bottom - box_top
    lazy.box = np.array(
        [
            box_left + left * across / width,
            box_top + top * down / height,
            box_left + (left + columns) * across / width,
            box_top + (top + rows) * down / height,
        ],
        np.float32,
    )
    lazy.size = size


def fuse(images: Images, lazy: Lazy) -> Images:
    """Crop, then resize."""
    left, top, right, bottom = lazy.box.round().astype(int)
    cropped = [image[top:bottom, left:right] for image in images]
    return resize(cropped, lazy.size, interpolation=lazy.interpolation)


def crop_to_multiple(images: Images, divisor: int) -> Images:
    """The largest centred part whose sides ``divisor`` divides."""
    height, width = images[0].shape[:2]
    return center_crop(images, (height // divisor * divisor, width // divisor * divisor))


def three_crops(images: Images, size: tuple[int, int]) -> Images:
    """All images of the left, the right and the middle crop; of tall images top, bottom, middle."""
    (height, width), (rows, columns) = images[0].shape[:2], size
    if rows != height and columns != width:
        raise ValueError(f"ThreeCrop of {columns}x{rows} from {width}x{height}: one side must fit")
    along_width = rows == height
    step = (width - columns if along_width else height - rows) // 2
    cropped: Images = []
    for offset in (0, 2 * step, step):
        left, top = (offset, 0) if along_width else (0, offset)
        cropped += crop(images, left=left, top=top, size=size)
    return cropped


def ten_crops(images: Images, size: tuple[int, int]) -> Images:
    """All images of each corner's and the middle's crop, each followed by its mirror image."""
    (height, width), (rows, columns) = images[0].shape[:2], size
    across, down = (width - columns) // 4, (height - rows) // 4
    places = ((0, 0), (4, 0), (0, 4), (4, 4), (2, 2))
    cropped: Images = []
    for x, y in places:
        one = crop(images, left=x * across, top=y * down, size=size)
        cropped += one
        cropped += [np.flip(image, axis=1) for image in one]
    return cropped
