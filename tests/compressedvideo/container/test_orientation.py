"""Orientations against FFmpeg's filters, and a matrix's meaning against its command line's."""

from __future__ import annotations

import math

import av
import av.filter
import numpy as np
import pytest

from compressedvideo.container.orientation import IDENTITY, Orientation, orientation_of
from compressedvideo.errors import UnsupportedVideoError

ONE, UNIT = 1 << 16, 1 << 30

FILTERS = {
    Orientation.UPRIGHT: [],
    Orientation.MIRRORED: [("hflip", "")],
    Orientation.FLIPPED: [("vflip", "")],
    Orientation.HALF_TURN: [("hflip", ""), ("vflip", "")],
    Orientation.CLOCKWISE: [("transpose", "clock")],
    Orientation.COUNTERCLOCKWISE: [("transpose", "cclock")],
    Orientation.TRANSPOSED: [("transpose", "cclock_flip")],
    Orientation.TRANSVERSED: [("transpose", "clock_flip")],
}


def matrix(a: float, b: float, c: float, d: float) -> tuple[int, ...]:
    a, b, c, d = (round(number * ONE) for number in (a, b, c, d))
    return a, b, 0, c, d, 0, 7 * ONE, 9 * ONE, UNIT


def by_ffmpeg(image: np.ndarray, filters: list[tuple[str, str]]) -> np.ndarray:
    graph = av.filter.Graph()
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    nodes = [graph.add_buffer(width=frame.width, height=frame.height, format="rgb24")]
    nodes += [graph.add(name, arguments) for name, arguments in filters]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    graph.push(frame)
    return graph.pull().to_ndarray(format="rgb24")


@pytest.mark.parametrize("orientation", Orientation)
def test_pictures_are_those_of_ffmpegs_filters(orientation):
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    expected = by_ffmpeg(image, FILTERS[orientation])
    np.testing.assert_array_equal(orientation.picture(image), expected)
    stack = np.stack([image, image[::-1]])
    np.testing.assert_array_equal(orientation.picture(stack, axes=(1, 2))[0], expected)
    assert orientation.transposes == (expected.shape[0] == 64)


@pytest.mark.parametrize("orientation", Orientation)
def test_vectors_turn_with_what_they_move(orientation):
    start, step = np.array([10, 20]), np.array([3, -5])  # x, y
    positions = []
    for x, y in (start, start + step):
        image = np.zeros((40, 30))
        image[y, x] = 1
        row, column = np.argwhere(orientation.picture(image))[0]
        positions.append(np.array([column, row]))
    np.testing.assert_array_equal(orientation.vectors(step), positions[1] - positions[0])


def slow_autorotate(numbers: tuple[int, ...]) -> list[tuple[str, str]] | None:
    """The rule of FFmpeg's command line (fftools/ffmpeg_filter.c), line by line; None: free."""
    scales = [math.hypot(numbers[i] / ONE, numbers[i + 3] / ONE) for i in (0, 1)]
    if 0.0 in scales:
        return []
    turn = math.atan2(numbers[1] / ONE / scales[1], numbers[0] / ONE / scales[0])
    theta = -float(np.trunc(-math.degrees(turn) + math.copysign(0.5, -math.degrees(turn))))
    theta -= 360 * math.floor(theta / 360 + 0.9 / 360)
    if abs(theta - 90) < 1:
        return [("transpose", "cclock_flip" if numbers[3] > 0 else "clock")]
    if abs(theta - 180) < 1:
        return [("hflip", "")] * (numbers[0] < 0) + [("vflip", "")] * (numbers[4] < 0)
    if abs(theta - 270) < 1:
        return [("transpose", "clock_flip" if numbers[3] < 0 else "cclock")]
    if abs(theta) > 1:
        return None
    return [("vflip", "")] if abs(theta) < 1 and numbers[4] < 0 else []


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (matrix(1, 0, 0, 1), Orientation.UPRIGHT),
        (matrix(-1, 0, 0, 1), Orientation.MIRRORED),
        (matrix(1, 0, 0, -1), Orientation.FLIPPED),
        (matrix(-1, 0, 0, -1), Orientation.HALF_TURN),
        (matrix(0, 1, -1, 0), Orientation.CLOCKWISE),
        (matrix(0, -1, 1, 0), Orientation.COUNTERCLOCKWISE),
        (matrix(0, 1, 1, 0), Orientation.TRANSPOSED),
        (matrix(0, -1, -1, 0), Orientation.TRANSVERSED),
        (matrix(2, 0, 0, 0.5), Orientation.UPRIGHT),
        (matrix(0, 3, -0.1, 0), Orientation.CLOCKWISE),
        (matrix(math.cos(0.003), math.sin(0.003), -math.sin(0.003), 1), Orientation.UPRIGHT),
        (matrix(0, 0, 0, 0), Orientation.UPRIGHT),
        (matrix(1, 0, 0, 0), Orientation.UPRIGHT),
        ((0,) * 9, Orientation.UPRIGHT),
        (IDENTITY, Orientation.UPRIGHT),
        (None, Orientation.UPRIGHT),
    ],
)
def test_what_a_matrix_means(numbers, expected):
    assert orientation_of(numbers) == expected
    if numbers is not None:
        assert slow_autorotate(numbers) == FILTERS[expected]


def test_any_matrix_means_what_it_means_to_ffmpeg():
    rng = np.random.default_rng(0)
    num_free = 0
    for _ in range(3000):
        numbers = matrix(*rng.choice([-2, -1, -0.02, 0, 0, 0.01, 1, 1.5], 4))
        filters = slow_autorotate(numbers)
        if filters is None:
            num_free += 1
            with pytest.raises(UnsupportedVideoError, match="degrees"):
                orientation_of(numbers)
        else:
            assert FILTERS[orientation_of(numbers)] == filters
    assert 100 < num_free < 2900


def test_other_turns_are_refused_by_name():
    turn = math.radians(30)
    tilted = matrix(math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn))
    with pytest.raises(UnsupportedVideoError, match=r"clip\.mov: .* 30 degrees.*\(codec h264\)"):
        orientation_of(tilted, path="clip.mov", codec="h264")
