"""With one past and one future reference, kernels give what they gave when they knew no others.

The reference below is frozen: results of clips, and models trained on them, rest on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from compressedvideo.motion.cells import NO_REFERENCE, MotionCells
from compressedvideo.motion.kernels import BLOCK, CompiledKernels, NumpyKernels, _kernels

SIZES = [(44, 52), (16, 16), (8, 40), (37, 85), (1, 9), (64, 72)]
SPREADS = [3, 60, 400]
"""Quarter pixels: few, some and most vectors point outside."""
DISTANCES = (2, -1)

pytestmark = [
    pytest.mark.parametrize("whole", [False, True]),
    pytest.mark.parametrize("spread", SPREADS),
    pytest.mark.parametrize(("height", "width"), SIZES),
    pytest.mark.parametrize("chain", ["past", "future", "both", "neither"]),
]
IMPLEMENTATIONS = [NumpyKernels()] + ([] if _kernels is None else [CompiledKernels()])


# -- frozen


@dataclass
class Directions:
    """Vectors [..., 2] in quarter pixels, and where they hold; no future: None."""

    past: np.ndarray
    valid_past: np.ndarray
    future: np.ndarray | None
    valid_future: np.ndarray | None


def old_densify(cells: Directions, height: int, width: int, whole: bool) -> Directions:
    def paint(values):
        return values.repeat(8, axis=0).repeat(8, axis=1)[:height, :width].copy()

    def dense(vectors, valid):
        if vectors is None:
            return None, None
        if whole:
            vectors = np.sign(vectors) * (np.abs(vectors) & ~np.int16(3))
        vectors, valid = paint(vectors), paint(valid)
        if whole:
            x = np.arange(width) - (vectors[..., 0] >> 2)
            y = np.arange(height)[:, None] - (vectors[..., 1] >> 2)
            outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
            vectors[outside] = 0
            valid[outside] = False
        return vectors, valid

    return Directions(
        *dense(cells.past, cells.valid_past), *dense(cells.future, cells.valid_future)
    )


def old_follow(accumulated, motion, where, reference) -> None:
    height, width = where.shape
    for y in range(height):
        for x in range(width):
            from_x = x + ((2 - int(motion[y, x, 0])) >> 2)
            from_y = y + ((2 - int(motion[y, x, 1])) >> 2)
            if where[y, x] and 0 <= from_x < width and 0 <= from_y < height:
                accumulated[y, x] = motion[y, x] + reference[from_y, from_x]


def old_accumulate(field: Directions, start, past, future) -> np.ndarray:
    out = start.copy()
    if future is not None and field.future is not None:
        old_follow(out, field.future, field.valid_future & ~field.valid_past, future)
    if past is not None:
        old_follow(out, field.past, field.valid_past, past)
    return out


def old_single_field(field: Directions) -> np.ndarray:
    past = field.past.astype(np.float32) / (4 * DISTANCES[0])
    if field.future is None:
        return past
    future = field.future.astype(np.float32) / (4 * DISTANCES[1])
    both = field.valid_past & field.valid_future
    return (past + future) * np.where(both, np.float32(0.5), np.float32(1))[..., None]


def old_warp(reference, motion) -> np.ndarray:
    height, width = motion.shape[:2]
    x = 4 * np.arange(width) - motion[..., 0].astype(int)
    y = 4 * np.arange(height)[:, None] - motion[..., 1].astype(int)
    fx, fy = (x & 3)[..., None], (y & 3)[..., None]

    def pixel(down, right):
        row = np.clip((y >> 2) + down, 0, height - 1)
        return reference[row, np.clip((x >> 2) + right, 0, width - 1)].astype(int)

    upper = (4 - fx) * pixel(0, 0) + fx * pixel(0, 1)
    lower = (4 - fx) * pixel(1, 0) + fx * pixel(1, 1)
    return ((4 - fy) * upper + fy * lower + 8) >> 4


def old_residual(field: Directions, frame, past, future) -> np.ndarray:
    prediction = old_warp(past, field.past)
    if future is not None and field.future is not None:
        other = old_warp(future, field.future)
        both = field.valid_past & field.valid_future
        alone = field.valid_future & ~field.valid_past
        prediction[alone] = other[alone]
        prediction[both] = (prediction[both] + other[both] + 1) >> 1
    return frame.astype(int) - prediction


# -- now


@dataclass
class Scene:
    old: Directions
    """Per cell."""
    field: Directions
    """Per pixel."""
    cells: MotionCells
    blocks: np.ndarray


@pytest.fixture
def rng(chain, height, width, spread):
    return np.random.default_rng([len(chain), height, width, spread])


@pytest.fixture
def scene(rng, chain, height, width, spread, whole) -> Scene:
    """A P-picture if the chain is the past one, else a B-picture; lists as FFmpeg exports them."""
    rows, columns = -(-height // 8), -(-width // 8)
    num_lists = 1 if chain == "past" else 2
    valid = rng.random((num_lists, rows, columns)) < 0.7
    vectors = rng.integers(-spread, spread + 1, (num_lists, rows, columns, 2)).astype(np.int16)
    vectors[:, :, 1::2] = vectors[:, :, : columns // 2 * 2 : 2]
    vectors[~valid] = 0
    slots = np.full((2, rows, columns), NO_REFERENCE, np.uint8)
    filled = np.zeros((2, rows, columns, 2), np.int16)
    filled[:num_lists] = vectors
    records = []
    for number in range(num_lists):
        slots[number][valid[number]] = number
        for row, column in np.argwhere(valid[number]):
            record = np.zeros((), BLOCK)
            record["source"], record["motion_scale"] = (-1, 1)[number], 4
            record["w"] = record["h"] = 8
            record["dst_x"], record["dst_y"] = 8 * column + 4, 8 * row + 4
            record["motion_x"], record["motion_y"] = -vectors[number, row, column]
            records.append(record)
    future = (vectors[1], valid[1]) if num_lists == 2 else (None, None)
    old = Directions(vectors[0], valid[0], *future)
    pictures = (0, 3) if chain != "past" and valid[1].any() else (0,)
    return Scene(
        old,
        old_densify(old, height, width, whole),
        MotionCells(filled, slots, pictures, 8),
        np.stack(records) if records else np.zeros(0, BLOCK),
    )


@pytest.mark.parametrize("kernels", IMPLEMENTATIONS)
def test_all_results_are_as_before(kernels, rng, scene, chain, height, width, whole):
    laid_out = kernels.cells(scene.blocks.tobytes(), height=height, width=width, past=0, future=3)
    np.testing.assert_array_equal(laid_out.vectors, scene.cells.vectors)
    np.testing.assert_array_equal(laid_out.slots, scene.cells.slots)
    assert (laid_out.pictures, laid_out.cell) == (scene.cells.pictures, 8)

    accumulated = rng.integers(-40, 40, (3, height, width, 2)).astype(np.int16)
    past = accumulated[0] if chain in ("past", "both") else None
    future = accumulated[1] if chain in ("future", "both") else None
    start = accumulated[0] if chain == "past" else accumulated[2]
    out = np.full_like(start, 99)
    kernels.accumulate(
        out,
        laid_out,
        start=start,
        references=[past, future],
        prefer=[True, False],
        whole=whole,
    )
    np.testing.assert_array_equal(out, old_accumulate(scene.field, start, past, future))

    followed = old_accumulate(scene.field, accumulated[0], accumulated[0], None)
    followed = old_accumulate(scene.field, followed, followed, None)
    for run in ([scene.blocks.tobytes()] * 2, [laid_out] * 2, [scene.blocks.tobytes(), laid_out]):
        between = np.empty_like(out)
        kernels.accumulate_run(out, run, between=between, start=accumulated[0], whole=whole)
        np.testing.assert_array_equal(out, followed)

    velocity = old_single_field(scene.field)
    for dtype in (np.float32, np.int16):
        motion = np.full((height, width, 2), 99, dtype)
        kernels.single_field(motion, laid_out, distances=DISTANCES, whole=whole)
        assert motion.tobytes() == velocity.astype(dtype).tobytes()
    grid = np.full(scene.old.past.shape, 99, np.float32)
    kernels.cell_field(grid, laid_out, distances=DISTANCES)
    assert grid.tobytes() == old_single_field(scene.old).tobytes()

    valid = np.ones((height, width), bool)
    field = scene.field
    for chosen, vectors, holds in (
        ([True, False], field.past, field.valid_past),
        ([False, True], field.future, field.valid_future),
    ):
        if vectors is None or holds is None:
            continue
        kernels.direction(motion, valid, laid_out, chosen=chosen, whole=whole)
        np.testing.assert_array_equal(motion, np.trunc(vectors / 4))
        np.testing.assert_array_equal(valid, holds)

    frame, *pictures = rng.integers(0, 256, (3, height, width, 3), np.uint8)
    residual = np.full((height, width, 3), 99, np.int16)
    for other in (pictures[1], None):
        kernels.field_residual(
            residual,
            laid_out,
            frame=frame,
            references=[pictures[0], other],
            fallback=pictures[0],
            whole=whole,
        )
        expected = old_residual(scene.field, frame, pictures[0], other)
        np.testing.assert_array_equal(residual, expected)
