"""A clip's memory: which arrays, what they hold, and whose memory they are in."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from compressedvideo.allocate import allocate_clip
from compressedvideo.limits import Limits
from compressedvideo.request import Request

ALL = ("iframe", "rgb", "motion", "residual", "motion_past", "motion_future")


def allocate(*modalities: str, frames=(3, 1, 3), iframes=(0, 2), out=None, size=(5, 9), **options):
    height, width = size
    options = {"reference": "previous", "precision": "subpixel", "per_frame": False, **options}
    return allocate_clip(
        Request(modalities=frozenset(modalities), **options),
        frames=np.array(frames),
        iframes=np.array(iframes),
        keyframes=np.array([0, 3]),
        height=height,
        width=width,
        cell=4,
        limits=Limits(),
        path="clip.mp4",
        out=out,
    )


def test_shapes_types_and_what_is_known_already():
    clip = allocate(*ALL, "cells")
    assert (clip.iframes.shape, clip.iframes.dtype) == ((2, 5, 9, 3), np.uint8)
    assert (clip.rgb.shape, clip.rgb.dtype) == ((3, 5, 9, 3), np.uint8)
    assert (clip.motion.shape, clip.motion.dtype) == ((3, 5, 9, 2), np.float32)
    assert (clip.residual.shape, clip.residual.dtype) == ((3, 5, 9, 3), np.int16)
    for vectors, valid in (
        (clip.motion_past, clip.valid_past),
        (clip.motion_future, clip.valid_future),
    ):
        assert (vectors.shape, valid.shape, valid.dtype) == ((3, 5, 9, 2), (3, 5, 9), np.bool_)
        assert not vectors.any()
        assert not valid.any()
    assert clip.cells == [None] * 3
    assert clip.gop_inds.tolist() == [1, 0, 1]
    assert clip.iframe_is_virtual.tolist() == [False, True]
    assert (clip.frame_types, clip.provenance) == (["?"] * 3, ["none"] * 3)
    assert allocate("motion", precision="integer").motion.dtype == np.int16


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_memory_is_taken_before_it_is_written_to():
    """A forged header may announce large pictures, none of which comes."""

    def resident() -> int:
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    before = resident()
    clip = allocate(*ALL, size=(3000, 4000))
    assert clip.motion_past.nbytes == 3 * 3000 * 4000 * 8
    assert resident() - before < 10_000_000
    assert not clip.motion_past[2, ::100].any()


def test_only_what_is_wanted():
    clip = allocate("rgb")
    assert clip.rgb is not None
    others = ("iframes", "motion", "residual", "motion_past", "valid_past", "cells", "bits")
    assert [getattr(clip, name) for name in others] == [None] * len(others)


def test_the_grid_of_cells_covers_the_frame():
    clip = allocate("motion", layout="cells")
    assert (clip.motion.shape, clip.cell) == ((3, 2, 3, 2), 4)
    assert allocate("motion").cell == 0


def test_one_aligned_block_without_overlaps():
    clip = allocate(*ALL)
    arrays = [clip.iframes, clip.rgb, clip.motion, clip.residual]
    for number, array in enumerate(arrays):
        array[:] = number
        assert array.base is not None
    for number, array in enumerate(arrays):
        assert (array == number).all()
    first = min(array.ctypes.data for array in arrays)
    assert all((array.ctypes.data - first) % 64 == 0 for array in arrays)


@pytest.mark.parametrize(
    ("changes", "is_reused"),
    [
        (dict(), True),
        (dict(frames=(1, 2)), True),  # the beginning of it
        (dict(frames=(1, 2, 3, 4)), False),
        (dict(precision="integer"), False),
        (dict(layout="cells"), False),
    ],
)
def test_memory_is_reused_where_it_fits(changes, is_reused):
    before = allocate("motion")
    clip = allocate("motion", out=before, **changes)
    assert np.shares_memory(clip.motion, before.motion) == is_reused
    assert len(clip.motion) == len(changes.get("frames", (3, 1, 3)))


def test_read_only_and_strided_memory_is_left_alone():
    before = allocate("motion", "rgb")
    before.motion.flags.writeable = False
    before.rgb = np.zeros((3, 5, 18, 3), np.uint8)[:, :, ::2]
    clip = allocate("motion", "rgb", out=before)
    assert not np.shares_memory(clip.motion, before.motion)
    assert not np.shares_memory(clip.rgb, before.rgb)


def test_directions_of_an_earlier_clip_are_cleared():
    before = allocate("motion_past")
    before.motion_past[:] = 7
    clip = allocate("motion_past", out=before)
    assert np.shares_memory(clip.motion_past, before.motion_past)
    assert not clip.motion_past.any()
