"""The pure functions on arrays, against loops over blocks and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo.motion import fields as motion
from compressedvideo.motion.cells import CELL, NO_REFERENCE, MotionCells
from tests.compressedvideo.slow_reference import paint_blocks, slow_warp

HEIGHT, WIDTH = 44, 52  # no multiples of 16, nor of 8


@pytest.fixture
def rng():
    return np.random.default_rng(1)


BLOCK = np.dtype(
    [
        ("source", "i4"),
        ("w", "u1"),
        ("h", "u1"),
        ("src_x", "i2"),
        ("src_y", "i2"),
        ("dst_x", "i2"),
        ("dst_y", "i2"),
        ("flags", "u8"),
        ("motion_x", "i4"),
        ("motion_y", "i4"),
        ("motion_scale", "u2"),
    ],
    align=True,
)


def random_blocks(rng: np.random.Generator, *, scale: int) -> np.ndarray:
    """Macroblocks cut into 16x16, 16x8, 8x16 or 8x8, as FFmpeg describes them."""
    blocks = []
    for top in range(0, HEIGHT, 16):
        for left in range(0, WIDTH, 16):
            if rng.random() < 0.2:
                continue  # intra
            w, h = rng.choice([8, 16], 2)
            for y in range(top, top + 16, h):
                for x in range(left, left + 16, w):
                    mx, my = (int(v) for v in rng.integers(-25, 26, 2) * (rng.random() > 0.2))
                    block = np.zeros((), BLOCK)
                    block["source"] = rng.choice([-1, 1])
                    block["w"], block["h"] = w, h
                    block["dst_x"], block["dst_y"] = x + w // 2, y + h // 2
                    block["motion_x"], block["motion_y"] = mx, my
                    block["src_x"] = block["dst_x"] + int(mx / scale)  # C's division
                    block["src_y"] = block["dst_y"] + int(my / scale)
                    block["motion_scale"] = scale
                    blocks.append(block)
    return np.stack(blocks)


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("source", [-1, 1])
@pytest.mark.parametrize("whole", [False, True])
def test_rasterise_and_densify_equal_painting_block_by_block(rng, scale, source, whole):
    blocks = random_blocks(rng, scale=scale)
    vectors, used = motion.rasterise(blocks, source=source, height=HEIGHT, width=WIDTH)
    slots = np.where(used, np.uint8(0), np.uint8(NO_REFERENCE))
    cells = MotionCells(vectors[None], slots[None], (0,), CELL)
    field = motion.densify(cells, height=HEIGHT, width=WIDTH, whole=whole)
    expected, expected_valid = paint_blocks(
        blocks, source=source, height=HEIGHT, width=WIDTH, whole=whole
    )
    np.testing.assert_array_equal(field.vectors[0] / motion.QUARTERS, expected)
    np.testing.assert_array_equal(field.slots[0] != NO_REFERENCE, expected_valid)


def random_cells(rng: np.random.Generator, *, cell: int, num_pictures: int) -> MotionCells:
    shape = 2, -(-HEIGHT // cell), -(-WIDTH // cell)
    slots = rng.integers(0, num_pictures, shape, np.uint8)
    slots[rng.random(shape) < 0.3] = NO_REFERENCE
    vectors = rng.integers(-90, 91, (*shape, 2)).astype(np.int16)
    vectors[slots == NO_REFERENCE] = 0
    return MotionCells(vectors, slots, tuple(range(num_pictures)), cell)


@pytest.mark.parametrize("cell", [4, 8])
@pytest.mark.parametrize("whole", [False, True])
def test_densify_equals_loops(rng, cell, whole):
    cells = random_cells(rng, cell=cell, num_pictures=3)
    field = motion.densify(cells, height=HEIGHT, width=WIDTH, whole=whole)
    for number in (0, 1):
        for y in range(HEIGHT):
            for x in range(WIDTH):
                vector = cells.vectors[number, y // cell, x // cell].tolist()
                slot = int(cells.slots[number, y // cell, x // cell])
                if whole:
                    vector = [int(v / 4) * 4 for v in vector]
                    from_x, from_y = x - vector[0] // 4, y - vector[1] // 4
                    if not (0 <= from_x < WIDTH and 0 <= from_y < HEIGHT):
                        vector, slot = [0, 0], NO_REFERENCE
                assert field.vectors[number, y, x].tolist() == vector
                assert field.slots[number, y, x] == slot


def test_of_slots_looks_up_and_refuses_what_is_not_there():
    slots = np.array([[0, 2], [255, 1]], np.uint8)
    assert motion.of_slots(slots, [1.5, 2.5, 4.5], unused=-1.0).tolist() == [[1.5, 4.5], [-1, 2.5]]
    with pytest.raises(ValueError, match="slot 2 names none of 2 references"):
        motion.of_slots(slots, [1, 2], unused=0)


def test_the_higher_rank_is_chosen_and_the_first_of_equals():
    ranks = np.array([[0, 0, 1, 1, 1, 2, 2], [0, 1, 0, 1, 2, 1, 2]])
    first, second = motion.choose(ranks)
    assert first.tolist() == [False, False, True, True, False, True, True]
    assert second.tolist() == [False, True, False, False, True, False, False]


def test_whole_pixels_truncates_towards_zero():
    quarters = np.array([-9, -8, -7, -4, -3, -1, 0, 1, 3, 4, 7, 8, 9], np.int16)
    expected = [-8, -8, -4, -4, 0, 0, 0, 0, 0, 4, 4, 8, 8]
    assert motion.whole_pixels(quarters).tolist() == expected


def test_warp_by_hand():
    reference = np.zeros((1, 3, 3), np.uint8)
    reference[0, :, 0] = 10, 20, 41
    quarters = np.zeros((1, 3, 2), np.int16)

    def moved_by(x: int) -> list[int]:
        quarters[..., 0] = x
        return motion.warp(reference, quarters)[0, :, 0].tolist()

    assert moved_by(4) == [10, 10, 20]  # content moved right by 1: the border repeats
    assert moved_by(-4) == [20, 41, 41]
    assert moved_by(2) == [10, 15, 31]  # (20 + 41) / 2 = 30.5, rounded up
    assert moved_by(1) == [10, 18, 36]  # 17.5 and 35.75
    assert moved_by(400) == [10, 10, 10]


def test_warp_equals_floating_point(rng):
    reference = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    quarters = rng.integers(-300, 300, (HEIGHT, WIDTH, 2)).astype(np.int16)
    warped = motion.warp(reference, quarters)
    assert warped.dtype == np.uint8
    np.testing.assert_array_equal(warped, slow_warp(reference, quarters / 4))


@pytest.mark.parametrize("cell", [4, 8])
@pytest.mark.parametrize("missing", [None, 1])
def test_predict_equals_loops(rng, cell, missing):
    """Both predictions from any picture; those from a missing one do not count."""
    cells = random_cells(rng, cell=cell, num_pictures=3)
    field = motion.densify(cells, height=HEIGHT, width=WIDTH, whole=False)
    *references, fallback = rng.integers(0, 256, (4, HEIGHT, WIDTH, 3), np.uint8)
    warped = [
        [slow_warp(picture, field.vectors[number] / 4) for picture in references]
        for number in (0, 1)
    ]
    given = [None if slot == missing else picture for slot, picture in enumerate(references)]
    prediction = motion.predict(field, given, fallback=fallback)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            counting = [
                warped[number][field.slots[number, y, x]][y, x]
                for number in (0, 1)
                if field.slots[number, y, x] not in (NO_REFERENCE, missing)
            ]
            expected = fallback[y, x]
            if counting:
                expected = np.floor(sum(counting) / len(counting) + 0.5)
            assert prediction[y, x].tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
@pytest.mark.parametrize("step", [1, 4])
def test_follow_equals_coviars_loop(rng, step, dtype):
    previous = (rng.integers(-40, 40, (HEIGHT, WIDTH, 2)) // step * step).astype(dtype)
    vectors = (rng.integers(-100, 100, (HEIGHT, WIDTH, 2)) // step * step).astype(np.int16)
    where = rng.random((HEIGHT, WIDTH)) < 0.7
    accumulated = previous.copy()
    motion.follow(accumulated, motion=vectors, where=where, reference=previous)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            # The pixel nearest to p - motion, halves to the right and down.
            source_x = int(np.floor(x - vectors[y, x, 0] / 4 + 0.5))
            source_y = int(np.floor(y - vectors[y, x, 1] / 4 + 0.5))
            expected = previous[y, x]
            if where[y, x] and 0 <= source_x < WIDTH and 0 <= source_y < HEIGHT:
                expected = vectors[y, x] + previous[source_y, source_x]
            assert accumulated[y, x].tolist() == expected.tolist()


def test_single_field_is_the_mean_of_velocities():
    first = [[8, -4], [8, 4], [0, 0], [0, 0], [8, 8], [4, 0]]  # quarter pixels
    second = [[-4, 0], [0, 0], [-4, 8], [0, 0], [12, -8], [-4, 8]]
    slots = [[0, 0, 255, 255, 1, 0], [2, 255, 2, 255, 0, 3]]
    field = motion.MotionField(
        np.array([[first], [second]], np.int16), np.array(slots, np.uint8)[:, None]
    )
    velocity = motion.single_field(field, [2, 4, -1, None])
    # (1, -.5) and (1, 0); (1, .5); (1, -2); none; two of the past: (.5, .5) and (1.5, -1);
    # the second one does not count
    expected = [[1, -0.25], [1, 0.5], [1, -2], [0, 0], [1, -0.25], [0.5, 0]]
    np.testing.assert_array_equal(velocity, [expected])
    assert not np.signbit(velocity[0, 3]).any()
    with pytest.raises(ValueError, match="a distance of 0"):
        motion.single_field(field, [2, 4, 0, None])


def test_residual_has_its_full_range():
    frame = np.array([[[0, 255, 7]]], np.uint8)
    difference = motion.residual(frame, 255 - frame)
    assert difference.dtype == np.int16
    assert difference.tolist() == [[[-255, 255, 7 - 248]]]
