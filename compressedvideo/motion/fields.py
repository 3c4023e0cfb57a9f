"""Vectors of cells in; motion fields, predictions and residuals of pixels out.

The definition of what compiled kernels must reproduce bit for bit: all but the division by
distances is integer arithmetic. Vectors are in quarter pixels, destination minus source, x right
and y down. ``>>`` rounds towards minus infinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import CELL, NO_REFERENCE, MotionCells

QUARTERS = 4
"""Quarter pixels in a pixel."""


@dataclass
class MotionField:
    """The same as in cells, per pixel."""

    vectors: np.ndarray
    """[2, H, W, 2] int16, quarter pixels, 0 where not used."""

    slots: np.ndarray
    """[2, H, W] uint8, ``NO_REFERENCE`` where not used."""


def rasterise(blocks: np.ndarray, *, source: int, height: int, width: int):
    """Lay the blocks of one source out on the grid of 8x8 cells.

    Args:
        blocks: FFmpeg's ``AVMotionVector`` records: ``dst`` is the centre of a block of ``w`` x
            ``h`` pixels, and ``src = dst + motion / motion_scale``.
        source: -1 for vectors of list 0, +1 for those of list 1.
        height, width: Frame size, pixels.

    Returns:
        Vectors [h, w, 2] int16 in quarter pixels, and which are used, [h, w] bool, where h and w
        count the cells that cover the frame.
    """
    rows, columns = -(-height // CELL), -(-width // CELL)
    vectors = np.zeros((rows, columns, 2), np.int16)
    used = np.zeros((rows, columns), bool)
    blocks = blocks[blocks["source"] == source]
    if len(blocks):
        # The scale is 1, 2 or 4, the same for all blocks of a stream.
        to_quarters = QUARTERS // blocks["motion_scale"].astype(np.int32)
        moved = np.stack(
            [-blocks["motion_x"] * to_quarters, -blocks["motion_y"] * to_quarters], axis=1
        )
        # uint8 in the records: widen before subtracting.
        top = (blocks["dst_y"] - (blocks["h"].astype(np.int32) >> 1)) // CELL
        left = (blocks["dst_x"] - (blocks["w"].astype(np.int32) >> 1)) // CELL
        for down in (0, 1):
            for right in (0, 1):
                row, column = top + down, left + right
                chosen = (blocks["h"] > CELL * down) & (blocks["w"] > CELL * right)
                chosen &= (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
                vectors[row[chosen], column[chosen]] = moved[chosen]
                used[row[chosen], column[chosen]] = True
    return vectors, used


def of_slots(slots: np.ndarray, values: Sequence | np.ndarray, *, unused) -> np.ndarray:
    """Look up a value for each slot.

    Args:
        slots: Any shape, uint8.
        values: One number for each reference picture.
        unused: That of ``NO_REFERENCE``.

    Raises:
        ValueError: If a slot names no reference.
    """
    named = slots[slots != NO_REFERENCE]
    if named.size and named.max() >= len(values):
        raise ValueError(f"slot {named.max()} names none of {len(values)} references")
    table = np.full(NO_REFERENCE + 1, unused)
    table[: len(values)] = values
    return table[slots]


def whole_pixels(cells: np.ndarray) -> np.ndarray:
    """Truncate vectors towards zero to whole pixels, still counted in quarters.

    This is FFmpeg's rule, ``src = dst + trunc(motion / motion_scale)``, on which CoViAR relies.
    """
    return np.sign(cells) * (np.abs(cells) & ~np.int16(QUARTERS - 1))


def paint(values: np.ndarray, *, cell: int, height: int, width: int) -> np.ndarray:
    """Spread the values of cells, [..., h, w], over their pixels, [..., height, width]."""
    rows = np.repeat(values, cell, axis=-1)[..., :width]
    return np.repeat(rows, cell, axis=-2)[..., :height, :]


def densify(cells: MotionCells, *, height: int, width: int, whole: bool) -> MotionField:
    """Vectors of cells to vectors of pixels.

    Args:
        cells: Vectors of one picture.
        height, width: Frame size, pixels.
        whole: CoViAR's whole pixels: truncated, and void where they point outside the frame.
    """
    vectors = whole_pixels(cells.vectors) if whole else cells.vectors
    size = dict(cell=cells.cell, height=height, width=width)
    # [2, H, W, 2], [2, H, W]
    vectors = np.stack([paint(vectors[..., axis], **size) for axis in (0, 1)], axis=-1)
    slots = paint(cells.slots, **size)
    if whole:
        for prediction in zip(vectors, slots, strict=True):
            drop_outside(*prediction)
    return MotionField(vectors, slots)


def drop_outside(motion: np.ndarray, slots: np.ndarray) -> None:
    """CoViAR's rule, in place: whole-pixel vectors whose source lies outside the frame are void.

    Args:
        motion: [H, W, 2] quarter pixels, multiples of 4.
        slots: [H, W] uint8.
    """
    height, width = slots.shape
    x = np.arange(width) - (motion[..., 0] >> 2)
    y = np.arange(height)[:, None] - (motion[..., 1] >> 2)
    outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
    motion[outside] = 0
    slots[outside] = NO_REFERENCE


def choose(ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One of two predictions: that of the higher rank, the first one if both are alike.

    Args:
        ranks: [2, ...]; 0 is none.

    Returns:
        Where the first and where the second one is chosen, [...] bool each.
    """
    first, second = ranks
    return (first > 0) & (first >= second), second > first


def follow(
    accumulated: np.ndarray, *, motion: np.ndarray, where: np.ndarray, reference: np.ndarray
) -> None:
    """Chain motion to what its reference has accumulated, in place.

    ``accumulated(p) = motion(p) + reference(source of p)`` for the pixels in ``where`` whose source
    lies inside the frame; the others keep their value. This is CoViAR's rule. With sub-pixel
    vectors, the source is the pixel nearest to ``p - motion(p)``, halves to the right and down.

    Args:
        accumulated: [H, W, 2] int32, quarter pixels since the I-frame.
        motion: [H, W, 2], quarter pixels since the reference.
        where: [H, W] bool.
        reference: [H, W, 2] int32, what the reference has accumulated.
    """
    height, width = where.shape
    x = np.arange(width, dtype=np.int32) + ((2 - motion[..., 0]) >> 2)  # [H, W]
    y = np.arange(height, dtype=np.int32)[:, None] + ((2 - motion[..., 1]) >> 2)
    inside = where & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixels = np.flatnonzero(inside)  # [N]
    sources = (y * np.int32(width) + x).ravel()[pixels]
    chained = reference.reshape(-1, 2).take(sources, axis=0)  # [N, 2]
    chained += motion.reshape(-1, 2).take(pixels, axis=0)
    _items(accumulated)[pixels] = _items(chained)


def warp(reference: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Fetch ``reference(p - motion(p))`` for every pixel p.

    Bilinear between pixels, in integers: with the fractions fx, fy in quarters,
    ``((4-fx)(4-fy) a + fx(4-fy) b + (4-fx)fy c + fx fy d + 8) >> 4``. Beyond the border the nearest
    border pixel stands in.

    Args:
        reference: [H, W, 3] uint8.
        motion: [H, W, 2], quarter pixels.

    Returns:
        [H, W, 3] uint8.
    """
    height, width = motion.shape[:2]
    x = np.arange(0, QUARTERS * width, QUARTERS, dtype=np.int32) - motion[..., 0]  # [H, W]
    y = np.arange(0, QUARTERS * height, QUARTERS, dtype=np.int32)[:, None] - motion[..., 1]
    left, top = np.clip(x >> 2, 0, width - 1), np.clip(y >> 2, 0, height - 1)
    colours = reference.reshape(-1, 3)
    warped = colours.take((top * width + left).ravel(), axis=0)  # [H * W, 3]

    between = np.flatnonzero((x | y) & (QUARTERS - 1))  # [N], pixels
    if between.size:
        x, y, left, top = (a.ravel()[between] for a in (x, y, left, top))
        top, bottom = top * width, np.clip((y >> 2) + 1, 0, height - 1) * width
        right = np.clip((x >> 2) + 1, 0, width - 1)
        fx = np.repeat((x & 3).astype(np.uint16), 3).reshape(-1, 3)  # [N, 3]
        fy = np.repeat((y & 3).astype(np.uint16), 3).reshape(-1, 3)
        upper = (4 - fx) * colours.take(top + left, axis=0)
        upper += fx * colours.take(top + right, axis=0)
        lower = (4 - fx) * colours.take(bottom + left, axis=0)
        lower += fx * colours.take(bottom + right, axis=0)
        interpolated = ((4 - fy) * upper + fy * lower + 8) >> 4
        _items(warped)[between] = _items(interpolated.astype(np.uint8))
    return warped.reshape(height, width, 3)


def _items(array: np.ndarray) -> np.ndarray:
    """View the last axis as one item: numpy then assigns rows at once, many times faster."""
    assert array.flags.c_contiguous
    return array.view(np.dtype((np.void, array.shape[-1] * array.itemsize))).ravel()


def predict(
    field: MotionField, references: Sequence[np.ndarray | None], *, fallback: np.ndarray
) -> np.ndarray:
    """What a picture is predicted to be.

    Args:
        field: Its vectors.
        references: [H, W, 3] uint8 each, what slots name; predictions from a None do not count.
        fallback: The same: pixels without a prediction take it unmoved.

    Returns:
        [H, W, 3] uint8; ``(first + second + 1) >> 1`` where both predictions count.
    """
    counts = of_slots(field.slots, [r is not None for r in references], unused=False)
    prediction = fallback
    for number in (0, 1):
        for slot in np.unique(field.slots[number][counts[number]]):
            where = counts[number] & (field.slots[number] == slot)
            warped = warp(references[slot], field.vectors[number])
            if number == 1:
                both = (where & counts[0])[..., None]
                warped = np.where(both, (prediction.astype(np.uint16) + warped + 1) >> 1, warped)
            prediction = np.where(where[..., None], warped, prediction).astype(np.uint8)
    return prediction


def single_field(field: MotionField, distances: Sequence[float | None]) -> np.ndarray:
    """Both predictions in one: the mean over the used ones of vector / distance.

    Args:
        field: Vectors of one picture.
        distances: Frames from the reference in each slot to the picture, positive from the past,
            negative from the future; 1 leaves vectors as they are. Predictions whose distance is
            None do not count.

    Returns:
        [H, W, 2] float32, pixels; 0, never -0, where nothing moves or counts.

    Raises:
        ValueError: If a distance is 0.
    """
    if 0 in distances:
        raise ValueError(f"a distance of 0 among {list(distances)}")
    divisors = np.array([np.inf if d is None else QUARTERS * d for d in distances], np.float32)
    counts = of_slots(field.slots, [d is not None for d in distances], unused=False)
    divisors = of_slots(field.slots, divisors, unused=np.float32(np.inf))
    first, second = field.vectors.astype(np.float32) / divisors[..., None] + np.float32(0)
    return (first + second) * np.where(counts.all(axis=0), np.float32(0.5), np.float32(1))[
        ..., None
    ]


def residual(frame: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """``frame - prediction``: uint8 in, int16 out, -255..255."""
    return np.subtract(frame, prediction, dtype=np.int16)
