"""What HEVC predicts from decoded pictures with a picture's motion: clause 8.5.3.3, luma.

Slow, and plain: a plane for each fraction of a pixel, from which pixels are gathered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from compressedvideo.bitstream.hevc import ParsedPicture
from compressedvideo.bitstream.parsed import NO_SLOT

TAPS = {  # fL, Table 8-11
    0: (0, 0, 0, 64, 0, 0, 0, 0),
    1: (-1, 4, -10, 58, 17, -5, 1, 0),
    2: (-1, 4, -11, 40, 40, -11, 4, -1),
    3: (0, 1, -5, 17, 58, -10, 4, -1),
}
BORDER = 16
"""Pixels around a picture, copies of its border: farther out everything is the same."""


def filtered(samples: np.ndarray, fraction: int, axis: int) -> np.ndarray:
    total = np.zeros_like(samples)
    for tap, weight in enumerate(TAPS[fraction]):
        if weight:
            total += weight * np.roll(samples, 3 - tap, axis)
    return total


@dataclass
class Reference:
    """A decoded picture's luma, and its planes between the pixels."""

    luma: np.ndarray
    """[H, W] int; the whole coded picture, so that nothing may be cropped: multiples of 8."""
    bit_depth: int
    planes: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def plane(self, x: int, y: int) -> np.ndarray:
        """predSampleLX at the fraction (x, y) in quarter pixels, 14 bits, with a border."""
        if (x, y) not in self.planes:
            samples = np.pad(self.luma.astype(np.int32), BORDER, mode="edge")
            if x == 0 and y == 0:
                result = samples << (14 - self.bit_depth)
            elif y == 0:
                result = filtered(samples, x, 1) >> (self.bit_depth - 8)
            elif x == 0:
                result = filtered(samples, y, 0) >> (self.bit_depth - 8)
            else:
                result = filtered(filtered(samples, x, 1) >> (self.bit_depth - 8), y, 0) >> 6
            self.planes[x, y] = result
        return self.planes[x, y]

    def predict(self, vectors: np.ndarray, where: np.ndarray) -> np.ndarray:
        """14-bit prediction of the pixels ``where`` [H, W], with coded ``vectors`` [H, W, 2]."""
        height, width = self.luma.shape
        result = np.zeros((height, width), np.int32)
        inside = np.zeros((height, width), bool)
        y, x = np.nonzero(where)
        fractions = vectors[y, x] & 3
        left = np.clip(x + (vectors[y, x, 0] >> 2), -8, width + 7) + BORDER
        top = np.clip(y + (vectors[y, x, 1] >> 2), -8, height + 7) + BORDER
        for fraction in np.unique(fractions, axis=0):
            at = (fractions == fraction).all(-1)
            plane = self.plane(*(int(part) for part in fraction))
            result[y[at], x[at]] = plane[top[at], left[at]]
        inside[y, x] = True
        return np.where(inside, result, 0)


def prediction(picture: ParsedPicture, references: dict[int, Reference], bit_depth: int):
    """Predicted luma [H, W] and which pixels have one, without weights."""
    height, width = picture.size
    cell = picture.cell
    assert picture.vectors is not None
    assert picture.slots is not None
    vectors = -picture.vectors.astype(np.int32).repeat(cell, 1).repeat(cell, 2)[:, :height, :width]
    slots = picture.slots.repeat(cell, 1).repeat(cell, 2)[:, :height, :width]
    used = slots != NO_SLOT
    total = np.zeros((height, width), np.int32)
    for predicted, slot, valid in zip(vectors, slots, used, strict=True):
        for number in np.unique(slot[valid]):
            where = valid & (slot == number)
            total += references[picture.pictures[number]].predict(predicted, where)
    shift = 14 - bit_depth + used.all(0)
    luma = (total + (1 << (shift - 1))) >> shift
    return np.clip(luma, 0, (1 << bit_depth) - 1), used.any(0)
