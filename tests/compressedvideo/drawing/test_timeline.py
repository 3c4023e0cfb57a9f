"""The strip below a video."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo.drawing.timeline import MotionCurve, ScoreRow, Timeline, clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (7.04, "0:07"), (7.5, "0:07.5"), (59.99, "1:00"), (3723, "1:02:03")],
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_a_row_is_brighter_where_the_score_is_higher():
    row = ScoreRow("", [(0, 1, 0.1), (1, 3, 0.9), (3, 5, 0.5)])
    assert [row.at(seconds) for seconds in (0.5, 1, 2.9, 4, 7)] == [0.1, 0.9, 0.9, 0.5, 0]
    timeline = Timeline(500, 4.99, rows=[row, ScoreRow("", [(0, 5, 0)])])
    image = np.asarray(timeline.image()).astype(int)
    assert image.shape == (2 * 24 + 22, 500, 3)
    green = image[20, [50, 200, 400], 1]
    assert green[0] < green[2] < green[1]
    assert (image[44, 50] == image[44, 400]).all()


def test_the_playhead_is_where_one_is():
    timeline = Timeline(501, 10, rows=[ScoreRow("class", [(0, 10, 0.5)])])
    image = np.asarray(timeline.image(2.5))
    red = np.flatnonzero((image[1] == (255, 80, 80)).all(axis=-1))
    assert set(red) <= {124, 125, 126}
    assert len(red)
    assert np.array_equal(image, np.asarray(timeline.image(2.5)))  # the strip itself stays clean


def test_the_curve_is_as_high_as_the_motion():
    lengths = np.array([np.nan, 1, 2, np.nan, 4], np.float32)
    timeline = Timeline(500, 5, curve=MotionCurve(lengths, np.array([0])))
    image = np.asarray(timeline.image())
    line = (image == (255, 216, 77)).all(axis=-1)
    heights = line[:, [50, 150, 250, 350, 450]].sum(axis=0) - 1
    assert heights == pytest.approx([0, 46 / 4, 46 / 2, 46 / 2, 46], abs=1)


def test_names_that_are_too_long_are_cut():
    row = ScoreRow("a very long name of a class " * 9, [(0, 1, 1.0)])
    image = np.asarray(Timeline(200, 1, rows=[row]).image())
    assert (image[2:22, 160:] == image[2, 199]).all()
