"""Pictures with several references, against loops over pixels."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo.motion.cells import NO_REFERENCE, MotionCells
from compressedvideo.motion.kernels import CompiledKernels, NumpyKernels, _kernels

HEIGHT, WIDTH = 27, 45  # no multiples of 4
NUM_PICTURES = 3
IMPLEMENTATIONS = [NumpyKernels()] + ([] if _kernels is None else [CompiledKernels()])

pytestmark = [
    pytest.mark.parametrize("kernels", IMPLEMENTATIONS),
    pytest.mark.parametrize("cell", [4, 8]),
]


@pytest.fixture
def rng(cell):
    return np.random.default_rng(cell)


@pytest.fixture
def cells(rng, cell) -> MotionCells:
    """Any prediction from any picture, most of them inside the frame."""
    shape = 2, -(-HEIGHT // cell), -(-WIDTH // cell)
    slots = rng.integers(0, NUM_PICTURES, shape, np.uint8)
    slots[rng.random(shape) < 0.25] = NO_REFERENCE
    vectors = rng.integers(-40, 41, (*shape, 2)).astype(np.int16)
    vectors[slots == NO_REFERENCE] = 0
    return MotionCells(vectors, slots, (0, 1, 5), cell)


def predictions(cells: MotionCells, y: int, x: int, *, whole: bool) -> list[tuple[list[int], int]]:
    """Vector and slot of those that a pixel has, as CoViAR's rule leaves them."""
    found = []
    for number in (0, 1):
        place = number, y // cells.cell, x // cells.cell
        vector, slot = cells.vectors[place].tolist(), int(cells.slots[place])
        if slot == NO_REFERENCE:
            continue
        if whole:
            vector = [4 * int(v / 4) for v in vector]
            if not (0 <= x - vector[0] // 4 < WIDTH and 0 <= y - vector[1] // 4 < HEIGHT):
                continue
        found.append((vector, slot))
    return found


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("prefer", [(True, False, False), (False, True, True), (False,) * 3])
@pytest.mark.parametrize("missing", [(), (0,), (1, 2), (0, 1, 2)])
def test_accumulate_follows_the_past_first(kernels, rng, cells, whole, prefer, missing):
    *fields, start = rng.integers(-40, 40, (NUM_PICTURES + 1, HEIGHT, WIDTH, 2)).astype(np.int16)
    references = [None if slot in missing else field for slot, field in enumerate(fields)]
    out = np.empty_like(start)
    kernels.accumulate(out, cells, start=start, references=references, prefer=prefer, whole=whole)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            found = predictions(cells, y, x, whole=whole)
            preferred = [one for one in found if prefer[one[1]]]
            others = [one for one in found if one[1] not in missing]
            expected = start[y, x].tolist()
            for vector, slot in (preferred + others)[:1]:
                from_x, from_y = x + ((2 - vector[0]) >> 2), y + ((2 - vector[1]) >> 2)
                reference = references[slot]
                if reference is not None and 0 <= from_x < WIDTH and 0 <= from_y < HEIGHT:
                    expected = (vector + reference[from_y, from_x]).tolist()
            assert out[y, x].tolist() == expected, (y, x)


def test_runs_continue_slot_0_in_either_prediction(kernels, rng, cells):
    start = rng.integers(-40, 40, (HEIGHT, WIDTH, 2)).astype(np.int32)
    expected = start
    for _ in range(3):
        before, expected = expected, np.empty_like(start)
        kernels.accumulate(
            expected,
            cells,
            start=before,
            references=[before, None, None],
            prefer=[True, False, False],
            whole=False,
        )
    out, between = np.empty_like(start), np.empty_like(start)
    kernels.accumulate_run(out, [cells] * 3, between=between, start=start, whole=False)
    np.testing.assert_array_equal(out, expected)
    assert (out != start).any(axis=-1).mean() > 0.2


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("chosen", [(True, False, True), (False, True, False)])
def test_direction_takes_the_first_chosen_prediction(kernels, cells, whole, chosen):
    out, valid = np.empty((HEIGHT, WIDTH, 2), np.float32), np.empty((HEIGHT, WIDTH), bool)
    kernels.direction(out, valid, cells, chosen=chosen, whole=whole)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            # What CoViAR's rule voids does not give way to the other prediction.
            candidates = predictions(cells, y, x, whole=False)
            taken = [one for one in candidates if chosen[one[1]]][:1]
            if whole:
                inside = predictions(cells, y, x, whole=True)
                taken = [
                    (v, s) for v, s in ((truncated(v), s) for v, s in taken) if (v, s) in inside
                ]
            assert valid[y, x] == bool(taken)
            assert out[y, x].tolist() == ([v / 4 for v in taken[0][0]] if taken else [0, 0])


def truncated(vector: list[int]) -> list[int]:
    return [4 * int(v / 4) for v in vector]


@pytest.mark.parametrize("whole", [False, True])
def test_single_field_is_the_mean_of_what_counts(kernels, cells, whole):
    distances = [2, None, -3]
    out = np.empty((HEIGHT, WIDTH, 2), np.float32)
    kernels.single_field(out, cells, distances=distances, whole=whole)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            velocities = [
                np.float32(vector) / np.float32(4 * distance)
                for vector, slot in predictions(cells, y, x, whole=whole)
                if (distance := distances[slot]) is not None
            ]
            expected = np.zeros(2) if not velocities else sum(velocities) / len(velocities)
            assert out[y, x].tolist() == expected.tolist()


def test_cell_field_repeats_cells_in_a_finer_grid(kernels, cells, cell):
    distances = [1, -2, 4]
    painted = np.empty((HEIGHT, WIDTH, 2), np.float32)
    kernels.single_field(painted, cells, distances=distances, whole=False)
    for size in (cell, cell // 2):
        out = np.empty((-(-HEIGHT // size), -(-WIDTH // size), 2), np.float32)
        kernels.cell_field(out, cells, distances=distances)
        np.testing.assert_array_equal(out, painted[::size, ::size])
