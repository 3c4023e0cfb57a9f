"""The pure functions on arrays, against loops over blocks and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo.motion import fields as motion
from tests.compressedvideo.slow_reference import paint_blocks, slow_predict, slow_warp

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
    cells, valid = motion.rasterise(blocks, source=source, height=HEIGHT, width=WIDTH)
    field = motion.densify(
        motion.MotionCells(cells, valid), height=HEIGHT, width=WIDTH, whole=whole
    )
    expected, expected_valid = paint_blocks(
        blocks, source=source, height=HEIGHT, width=WIDTH, whole=whole
    )
    np.testing.assert_array_equal(field.past / motion.QUARTERS, expected)
    np.testing.assert_array_equal(field.valid_past, expected_valid)


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


def test_average_equals_loops(rng):
    past, future = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), np.uint8)
    valid_past, valid_future = rng.random((2, HEIGHT, WIDTH)) < 0.5
    still = np.zeros((HEIGHT, WIDTH, 2))
    averaged = motion.average(past, future, valid_past=valid_past, valid_future=valid_future)
    expected = slow_predict(past, still, valid_past, future, still, valid_future)
    np.testing.assert_array_equal(averaged, expected)


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
    past = np.array([[[8, -4], [8, 4], [0, 0], [0, 0]]], np.int16)  # [1, 4, 2], quarter pixels
    future = np.array([[[-4, 0], [0, 0], [-4, 8], [0, 0]]], np.int16)
    field = motion.MotionField(
        past,
        np.array([[True, True, False, False]]),
        future,
        np.array([[True, False, True, False]]),
    )
    velocity = motion.single_field(field, past_distance=2, future_distance=-1)
    # past / 2 and future / -1, in pixels: (1, -.5) and (1, 0); (1, .5); (1, -2); none
    np.testing.assert_array_equal(velocity, [[[1, -0.25], [1, 0.5], [1, -2], [0, 0]]])


def test_residual_has_its_full_range():
    frame = np.array([[[0, 255, 7]]], np.uint8)
    difference = motion.residual(frame, 255 - frame)
    assert difference.dtype == np.int16
    assert difference.tolist() == [[[-255, 255, 7 - 248]]]
