"""Vectors of blocks in; motion fields, predictions and residuals of pixels out.

The only place that touches blocks, and the definition of what compiled kernels must reproduce bit
for bit: everything here is integer arithmetic. Vectors are in quarter pixels, destination minus
source, x right and y down. ``>>`` rounds towards minus infinity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL = 8
"""Blocks are 8 or 16 pixels wide and high, and 8-aligned: a grid of 8x8 cells holds them all."""

QUARTERS = 4
"""Quarter pixels in a pixel."""


@dataclass(slots=True)
class MotionCells:
    """Vectors of one picture, one per 8x8 cell and direction."""

    past: np.ndarray
    """[h, w, 2] int16, quarter pixels: displacement since the past reference, 0 where invalid."""

    valid_past: np.ndarray
    """[h, w] bool."""

    future: np.ndarray | None = None
    """[h, w, 2] int16: the same for the future reference; None if no cell has one."""

    valid_future: np.ndarray | None = None
    """[h, w] bool."""


@dataclass
class MotionField:
    """The same, one vector per pixel."""

    past: np.ndarray
    """[H, W, 2] int16, quarter pixels, 0 where invalid."""

    valid_past: np.ndarray
    """[H, W] bool."""

    future: np.ndarray | None = None
    valid_future: np.ndarray | None = None


def rasterise(blocks: np.ndarray, *, source: int, height: int, width: int):
    """Lay the blocks of one direction out on the grid of cells.

    Args:
        blocks: FFmpeg's ``AVMotionVector`` records: ``dst`` is the centre of a block of ``w`` x
            ``h`` pixels, and ``src = dst + motion / motion_scale``.
        source: -1 for vectors into past references, +1 into future ones.
        height, width: Frame size, pixels.

    Returns:
        Cells [h, w, 2] int16 in quarter pixels, and validity [h, w] bool, where h and w count the
        cells that cover the frame.
    """
    rows, columns = -(-height // CELL), -(-width // CELL)
    cells = np.zeros((rows, columns, 2), np.int16)
    valid = np.zeros((rows, columns), bool)
    blocks = blocks[blocks["source"] == source]
    if len(blocks):
        # The scale is 1, 2 or 4, the same for all blocks of a stream.
        to_quarters = QUARTERS // blocks["motion_scale"].astype(np.int32)
        vectors = np.stack(
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
                cells[row[chosen], column[chosen]] = vectors[chosen]
                valid[row[chosen], column[chosen]] = True
    return cells, valid


def whole_pixels(cells: np.ndarray) -> np.ndarray:
    """Truncate vectors towards zero to whole pixels, still counted in quarters.

    This is FFmpeg's rule, ``src = dst + trunc(motion / motion_scale)``, on which CoViAR relies.
    """
    return np.sign(cells) * (np.abs(cells) & ~np.int16(QUARTERS - 1))


def paint(cells: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Spread the values of cells, [h, w, ...], over their pixels, [height, width, ...]."""
    rows = np.repeat(cells, CELL, axis=1)[:, :width]
    return np.repeat(rows, CELL, axis=0)[:height]


def densify(cells: MotionCells, *, height: int, width: int, whole: bool) -> MotionField:
    """Vectors of cells to vectors of pixels.

    Args:
        cells: Vectors of one picture.
        height, width: Frame size, pixels.
        whole: CoViAR's whole pixels: truncated, and void where they point outside the frame.
    """

    def dense(vectors, valid):
        if vectors is None:
            return None, None
        if whole:
            vectors = whole_pixels(vectors)
        vectors = paint(vectors, height=height, width=width)
        valid = paint(valid, height=height, width=width)
        if whole:
            drop_outside(vectors, valid)
        return vectors, valid

    return MotionField(
        *dense(cells.past, cells.valid_past), *dense(cells.future, cells.valid_future)
    )


def drop_outside(motion: np.ndarray, valid: np.ndarray) -> None:
    """CoViAR's rule, in place: whole-pixel vectors whose source lies outside the frame are void.

    Args:
        motion: [H, W, 2] quarter pixels, multiples of 4.
        valid: [H, W] bool.
    """
    height, width = valid.shape
    x = np.arange(width) - (motion[..., 0] >> 2)
    y = np.arange(height)[:, None] - (motion[..., 1] >> 2)
    outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
    motion[outside] = 0
    valid[outside] = False


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


def average(
    past: np.ndarray, future: np.ndarray, *, valid_past: np.ndarray, valid_future: np.ndarray
) -> np.ndarray:
    """Bi-prediction: ``(past + future + 1) >> 1`` where both hold, else the one that does.

    Pixels with neither vector take ``past``, like those of P-frames.

    Args:
        past, future: [H, W, 3] uint8, predictions from each direction.
        valid_past, valid_future: [H, W] bool.
    """
    both = valid_past & valid_future
    only_future = valid_future & ~valid_past
    prediction = past.copy()
    prediction[only_future] = future[only_future]
    prediction[both] = (past[both].astype(np.uint16) + future[both] + 1) >> 1
    return prediction


def single_field(field: MotionField, *, past_distance: int, future_distance: int) -> np.ndarray:
    """Both directions in one: the mean over the valid ones of vector / distance.

    Args:
        field: Vectors of one picture.
        past_distance: Frames from the past reference to the picture; 1 leaves vectors as they are.
        future_distance: The same for the future reference, negative.

    Returns:
        [H, W, 2] float32, pixels; 0 where no direction is valid.
    """
    past = field.past.astype(np.float32) / (QUARTERS * past_distance)
    if field.future is None:
        return past
    future = field.future.astype(np.float32) / (QUARTERS * future_distance)
    both = field.valid_past & field.valid_future
    return (past + future) * np.where(both, np.float32(0.5), np.float32(1))[..., None]


def residual(frame: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """``frame - prediction``: uint8 in, int16 out, -255..255."""
    return np.subtract(frame, prediction, dtype=np.int16)
