"""Inter prediction of luminance as ITU-T H.264 has it (8.4.2), in numpy: proves vectors by pixels.

A macroblock without coefficients is its prediction, bit for bit. The deblocking filter changes up
to three pixels on both sides of the edges of blocks; what lies further inside stays.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

MARGIN = 24
"""Pixels around a picture. Further out its border goes on unchanged."""


def six_tap(samples: np.ndarray, axis: int) -> np.ndarray:
    """8.4.2.2.1, between each sample and the next, before rounding. The ends are of no use."""
    return sum(tap * np.roll(samples, 2 - i, axis) for i, tap in enumerate((1, -5, 20, 20, -5, 1)))


def quarter_planes(plane: np.ndarray, depth: int) -> np.ndarray:
    """A picture at all quarter pixels: [H, W] to [4, 4, H + 2 MARGIN, W + 2 MARGIN], y first."""
    top = (1 << depth) - 1
    full = np.pad(plane.astype(np.int32), MARGIN, mode="edge")
    right = np.roll(full, -1, 1)
    below = np.roll(full, -1, 0)
    raw = six_tap(full, 1)
    half_x = ((raw + 16) >> 5).clip(0, top)
    half_y = ((six_tap(full, 0) + 16) >> 5).clip(0, top)
    centre = ((six_tap(raw, 0) + 512) >> 10).clip(0, top)

    def mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a + b + 1) >> 1

    half_x_below = np.roll(half_x, -1, 0)
    half_y_right = np.roll(half_y, -1, 1)
    rows = [
        [full, mean(full, half_x), half_x, mean(right, half_x)],
        [
            mean(full, half_y),
            mean(half_x, half_y),
            mean(half_x, centre),
            mean(half_x, half_y_right),
        ],
        [half_y, mean(half_y, centre), centre, mean(half_y_right, centre)],
        [
            mean(below, half_y),
            mean(half_x_below, half_y),
            mean(half_x_below, centre),
            mean(half_x_below, half_y_right),
        ],
    ]
    return np.array(rows, np.uint16)


def fetch(planes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """One prediction: vectors per pixel, [H, W, 2] as coded, quarter pixels."""
    height, width = vectors.shape[:2]
    x = (np.arange(width) + (vectors[..., 0] >> 2)).clip(8 - MARGIN, width + MARGIN - 9)
    y = (np.arange(height)[:, None] + (vectors[..., 1] >> 2)).clip(8 - MARGIN, height + MARGIN - 9)
    return planes[vectors[..., 1] & 3, vectors[..., 0] & 3, y + MARGIN, x + MARGIN].astype(np.int32)


def implicit_weight(now: int, first: int, second: int) -> int:
    """8.4.2.3.1: weight of the second of two predictions, of 64, by their order counts."""
    if second == first:
        return 32
    td, tb = np.clip(second - first, -128, 127), np.clip(now - first, -128, 127)
    tx = int((16384 + abs(int(td)) // 2) / int(td))
    weight = int(np.clip((int(tb) * tx + 32) >> 6, -1024, 1023)) >> 2
    return weight if -64 <= weight <= 128 else 32


@dataclass
class PredictionCheck:
    """Compares pictures with what their vectors predict."""

    depth: int = 8
    deblocked: bool = True
    implicit: bool = False
    """Bi-prediction is weighted by distance."""
    num_checked: int = 0
    """4x4 blocks."""
    num_wrong: int = 0
    kinds: dict[int, int] = field(default_factory=dict)
    """How many blocks of each macroblock type were checked."""
    _planes: OrderedDict = field(default_factory=OrderedDict)

    def _quarter_planes(self, number: int, lumas: dict[int, np.ndarray]) -> np.ndarray:
        if number not in self._planes:
            self._planes[number] = quarter_planes(lumas[number], self.depth)
            if len(self._planes) > 20:
                self._planes.popitem(last=False)
        return self._planes[number]

    def check(self, picture, lumas: dict[int, np.ndarray], orders: dict[int, int]) -> None:
        """Add a picture.

        Args:
            picture: A parsed one, with costs.
            lumas: Decoded luminance by picture number, [H, W].
            orders: Order counts by picture number.
        """
        luma = lumas[picture.picture].astype(np.int32)
        height, width = luma.shape
        size = picture.cell

        def per_pixel(cells: np.ndarray) -> np.ndarray:
            return cells.repeat(size, 0).repeat(size, 1)[:height, :width]

        slots = [per_pixel(of_list) for of_list in picture.slots]
        vectors = [per_pixel(-of_list.astype(np.int32)) for of_list in picture.vectors]
        predicted = np.zeros((2, height, width), np.int32)
        for number in range(2):
            for slot, reference in enumerate(picture.pictures):
                used = slots[number] == slot
                if used.any():
                    planes = self._quarter_planes(reference, lumas)
                    predicted[number][used] = fetch(planes, vectors[number])[used]
        used = np.array(slots) != 255
        expected = np.where(used[0], predicted[0], predicted[1])
        weights = np.full((height, width), 32)
        if self.implicit:
            now = orders[picture.picture]
            for first, a in enumerate(picture.pictures):
                for second, b in enumerate(picture.pictures):
                    both = (slots[0] == first) & (slots[1] == second)
                    if both.any():
                        weights[both] = implicit_weight(now, orders[a], orders[b])
        both = used.all(0)
        top = (1 << self.depth) - 1
        mixed = (predicted[0] * (64 - weights) + predicted[1] * weights + 32) >> 6
        expected[both] = mixed.clip(0, top)[both]
        self._count(picture, expected != luma, np.array(slots), np.array(vectors))

    def _count(self, picture, wrong: np.ndarray, slots: np.ndarray, vectors: np.ndarray) -> None:
        height, width = wrong.shape
        rows, columns = height // 16, width // 16
        costs = picture.costs
        plain = (costs.coefficients == 0) & (costs.types >= 4)
        for row, column in np.argwhere(plain[:rows, :columns]):
            y, x = slice(16 * row, 16 * row + 16), slice(16 * column, 16 * column + 16)
            block = wrong[y, x]
            if self.deblocked:
                same = (slots[:, y, x] == slots[:, y, x][:, :1, :1]).all()
                same &= (vectors[:, y, x] == vectors[:, y, x][:, :1, :1]).all()
                if not same:
                    continue
                block = block.copy()
                block[:3] = block[13:] = False
                block[:, :3] = block[:, 13:] = False
            kind = int(costs.types[row, column])
            self.kinds[kind] = self.kinds.get(kind, 0) + 16
            self.num_checked += 16
            self.num_wrong += int(block.reshape(4, 4, 4, 4).any((1, 3)).sum())
