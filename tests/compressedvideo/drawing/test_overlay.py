"""Arrows and colours on frames."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from compressedvideo.drawing.overlay import (
    arrow_vectors,
    draw_motion,
    flow_colours,
    picture_size,
)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((112, 112), (360, 360)),
        ((320, 240), (480, 360)),
        ((640, 360), (640, 360)),
        ((1920, 1080), (1280, 720)),
        ((1081, 1921), (720, 1280)),
        ((4000, 100), (1280, 32)),
    ],
)
def test_pictures_are_large_enough_and_even(size, expected):
    assert picture_size(*size) == expected


def test_colours_are_those_of_the_hue_circle():
    angles = np.arange(24) / 24 * 2 * np.pi
    for length, saturation in ((0, 0), (1, 0.25), (4, 1), (9, 1)):
        motion = length * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        expected = [colorsys.hsv_to_rgb(i / 24, saturation, 1) for i in range(24)]
        colours = flow_colours(motion, full=4).astype(int)
        assert np.abs(colours - np.array(expected) * 255).max() <= 1


def test_arrows_are_means_of_squares_of_cells():
    motion = np.zeros((5, 6, 2), np.float32)
    motion[0:2, 2:4] = [[[4, 0], [0, 0]], [[4, 0], [0, 8]]]
    middles, vectors = arrow_vectors(motion, step=2)
    assert middles.tolist() == [[3, 1]]
    assert vectors.tolist() == [[2, 2]]


def changed(image, plain) -> np.ndarray:
    return np.argwhere((np.asarray(image) != np.asarray(plain)).any(axis=-1))


def test_an_arrow_ends_where_the_content_is_and_is_four_frames_long():
    """One square of 8x8 cells moves by 5 pixels a frame, in a video of 360x360: no scaling."""
    rgb = np.full((360, 360, 3), 60, np.uint8)
    motion = np.zeros((45, 45, 2), np.float32)
    motion[21:24, 21:24] = [5, 0]  # pixels 168 to 191
    plain = draw_motion(rgb, None, cell=8)
    assert (np.asarray(plain) == 60).all()
    rows, columns = changed(draw_motion(rgb, motion, cell=8), plain).T
    assert abs(columns.max() - 180) <= 1
    assert abs(columns.min() - (180 - 4 * 5)) <= 1
    assert abs(rows.mean() - 180) <= 1


def test_colours_cover_what_moves():
    rgb = np.full((90, 120, 3), 200, np.uint8)  # drawn four times as large
    motion = np.zeros((12, 15, 2), np.float32)
    motion[:, 5:10] = [-9, 0]
    image = np.asarray(draw_motion(rgb, motion, cell=8, style="colours"))
    assert image.shape == (360, 480, 3)
    assert (image[:, :160] == image[0, 0]).all()
    assert image[180, 240] == pytest.approx([100, 228, 228], abs=1)  # half grey, half cyan
    with pytest.raises(ValueError, match="style='fog'"):
        draw_motion(rgb, motion, cell=8, style="fog")
