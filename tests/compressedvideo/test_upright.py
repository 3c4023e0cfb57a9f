"""Clips as stored in, as displayed out, on arrays small enough to read."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo.allocate import allocate_clip
from compressedvideo.container.orientation import Orientation
from compressedvideo.limits import Limits
from compressedvideo.motion.cells import MotionCells
from compressedvideo.request import Request
from compressedvideo.upright import as_displayed

HEIGHT, WIDTH = 2, 3
PLACES = [[0, 1, 2], [3, 4, 5]]


@pytest.fixture
def clip():
    """One frame whose pixels are numbered by row; all of it moves 5 to the right and 7 down."""
    modalities = ("iframe", "rgb", "motion", "residual", "motion_past", "motion_future", "cells")
    clip = allocate_clip(
        Request("previous", "subpixel", frozenset(modalities), per_frame=False),
        frames=np.array([1]),
        iframes=np.array([0]),
        keyframes=np.array([0]),
        height=HEIGHT,
        width=WIDTH,
        cell=8,
        limits=Limits(),
        path="clip.mp4",
        out=None,
    )
    numbers = np.array(PLACES)[None, :, :, None]
    for pictures in (clip.iframes, clip.rgb, clip.residual):
        pictures[:] = numbers
    for vectors in (clip.motion, clip.motion_past, clip.motion_future):
        vectors[:] = [5, 7]
    clip.valid_past[:] = numbers[..., 0] == 2
    clip.valid_future[:] = numbers[..., 0] == 3
    clip.bits = clip.coefficients = numbers[..., 0].astype(np.int32)
    shape = 2, 1, 1
    clip.cells = [MotionCells(np.ones((*shape, 2), np.int16), np.zeros(shape, np.uint8), (0,), 8)]
    return clip


@pytest.mark.parametrize(
    ("orientation", "places", "motion"),
    [
        (Orientation.UPRIGHT, PLACES, [5, 7]),
        (Orientation.MIRRORED, [[2, 1, 0], [5, 4, 3]], [-5, 7]),
        (Orientation.FLIPPED, [[3, 4, 5], [0, 1, 2]], [5, -7]),
        (Orientation.HALF_TURN, [[5, 4, 3], [2, 1, 0]], [-5, -7]),
        (Orientation.TRANSPOSED, [[0, 3], [1, 4], [2, 5]], [7, 5]),
        (Orientation.CLOCKWISE, [[3, 0], [4, 1], [5, 2]], [-7, 5]),
        (Orientation.COUNTERCLOCKWISE, [[2, 5], [1, 4], [0, 3]], [7, -5]),
        (Orientation.TRANSVERSED, [[5, 2], [4, 1], [3, 0]], [-7, -5]),
    ],
)
def test_pictures_and_vectors_turn_together(clip, orientation, places, motion):
    cells = clip.cells
    upright = as_displayed(clip, orientation)
    for name in ("iframes", "rgb", "residual"):
        assert getattr(upright, name)[0, :, :, 0].tolist() == places, name
    for name in ("bits", "coefficients"):
        assert getattr(upright, name)[0].tolist() == places, name
    for name in ("motion", "motion_past", "motion_future"):
        vectors = getattr(upright, name)
        assert vectors.shape == (1, *np.shape(places), 2)
        assert (vectors == motion).all(), name
        assert vectors.flags.c_contiguous
    assert upright.valid_past[0].tolist() == (np.array(places) == 2).tolist()
    assert upright.valid_future[0].tolist() == (np.array(places) == 3).tolist()
    assert upright.cells is cells  # as stored
    assert (upright.cells[0].vectors == 1).all()


def test_what_was_not_asked_for_stays_away(clip):
    clip.rgb = clip.bits = None
    upright = as_displayed(clip, Orientation.CLOCKWISE)
    assert upright.rgb is None
    assert upright.bits is None
    assert upright.frame_inds.tolist() == [1]
