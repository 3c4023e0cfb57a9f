"""Vectors and frames made by hand, and the clip that becomes of them."""

from __future__ import annotations

import av
import numpy as np
import pytest

from compressedvideo.allocate import allocate_clip
from compressedvideo.assemble import Arrival, ClipAssembler
from compressedvideo.damage import Damage
from compressedvideo.decoding.colours import ColourConverter
from compressedvideo.errors import CorruptVideoError, UnsupportedVideoError
from compressedvideo.index import Picture, link_nearest
from compressedvideo.limits import Limits
from compressedvideo.motion.cells import NO_PICTURE, NO_REFERENCE, MotionCells
from compressedvideo.motion.parsed import Costs
from compressedvideo.plan import plan_gop
from compressedvideo.request import Request

HEIGHT, WIDTH = 16, 24
NOISE = np.random.default_rng(0).integers(0, 256, (4, HEIGHT, WIDTH, 3)).astype(np.uint8)
"""[4, H, W, 3]: the frames of I0 P3 B1 B2, none like another."""


def cells(*predictions: tuple[int, tuple[int, int]]) -> MotionCells:
    """All cells alike: up to two predictions, a reference and a vector in quarter pixels each."""
    vectors = np.zeros((2, 2, 3, 2), np.int16)
    slots = np.full((2, 2, 3), NO_REFERENCE, np.uint8)
    for number, (_, vector) in enumerate(predictions):
        vectors[number], slots[number] = vector, number
    return MotionCells(vectors, slots, tuple(reference for reference, _ in predictions), 8)


VECTORS = {
    0: cells(),
    3: cells((0, (24, -12))),  # (6, -3) pixels in three frames
    1: cells((0, (4, -8)), (3, (-16, 8))),  # (1, -2) in one, and (2, -1) per frame back from two
    2: cells((3, (-8, 4))),  # (2, -1) per frame
}


def assemble(*modalities, frames, arrivals=None, **options):
    """A clip of the GOP I0 P3 B1 B2, all of it arriving in decoding order."""
    pictures = [
        Picture(number, display, kind, display in (0, 3), number, number, 0, 0, display, -1)
        for number, (kind, display) in enumerate([("I", 0), ("P", 3), ("B", 1), ("B", 2)])
    ]
    link_nearest(pictures)
    options = {"reference": "previous", "precision": "subpixel", "per_frame": False, **options}
    request = Request(modalities=frozenset(modalities), **options)
    iframes = [0] if "iframe" in modalities else []
    clip = allocate_clip(
        request,
        frames=np.array(frames),
        iframes=np.array([0] * len(frames)),
        keyframes=np.array([0]),
        height=HEIGHT,
        width=WIDTH,
        cell=8,
        limits=Limits(),
        path="clip.mp4",
        out=None,
    )
    plan = plan_gop(
        pictures,
        request,
        frames=sorted(set(frames)),
        iframes=iframes,
        iframe_inds=[0],
        parses=True,
        provenance="parsed",
    )
    assembler = ClipAssembler(
        clip,
        request,
        colours=ColourConverter(),
        height=HEIGHT,
        width=WIDTH,
        iframe_inds=[0],
        damage=Damage("raise", path="clip.mp4", codec="h264"),
        path="clip.mp4",
        codec="h264",
    )
    if arrivals is None:
        arrivals = [Arrival(p, VECTORS[p.display], frame=frame_of(p.display)) for p in pictures]
    else:
        arrivals = arrivals(pictures)
    assembler.fill(plan, arrivals)
    return clip


def frame_of(display: int, **size: int) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(NOISE[display], format="rgb24")


def moved(display: int, x: int, y: int) -> np.ndarray:
    """A frame's pixels, displaced; borders repeated."""
    rows = np.clip(np.arange(HEIGHT) - y, 0, HEIGHT - 1)
    columns = np.clip(np.arange(WIDTH) - x, 0, WIDTH - 1)
    return NOISE[display][rows][:, columns].astype(int)


def test_motion_of_p_frames_is_as_coded_and_of_b_frames_per_frame():
    clip = assemble("motion", frames=[3, 1, 0, 2])
    assert [vectors[5, 5].tolist() for vectors in clip.motion] == [
        [6, -3],
        [1.5, -1.5],  # the mean of (1, -2) and (2, -1)
        [0, 0],
        [2, -1],
    ]
    assert clip.reference_distance.tolist() == [3, 1, 0, 2]
    assert clip.future_distance.tolist() == [0, -2, 0, -1]
    assert clip.frame_types == ["P", "B", "I", "B"]
    assert clip.provenance == ["parsed", "parsed", "none", "parsed"]
    per_frame = assemble("motion", frames=[3], per_frame=True)
    assert per_frame.motion[0, 5, 5].tolist() == [2, -1]


def test_directions_are_as_coded():
    clip = assemble("motion_past", "motion_future", frames=[1, 2])
    assert clip.motion_past[:, 5, 5].tolist() == [[1, -2], [0, 0]]
    assert clip.motion_future[:, 5, 5].tolist() == [[-4, 2], [-2, 1]]
    assert clip.valid_past[:, 5, 5].tolist() == [True, False]
    assert clip.valid_future.all()


def test_residuals_are_against_what_was_predicted_from():
    clip = assemble("residual", frames=[3, 1, 2, 0])
    np.testing.assert_array_equal(clip.residual[0], NOISE[3].astype(int) - moved(0, 6, -3))
    both = (moved(0, 1, -2) + moved(3, -4, 2) + 1) >> 1
    np.testing.assert_array_equal(clip.residual[1], NOISE[1].astype(int) - both)
    np.testing.assert_array_equal(clip.residual[2], NOISE[2].astype(int) - moved(3, -2, 1))
    assert not clip.residual[3].any()


def test_motion_accumulates_to_the_i_frame():
    clip = assemble("motion", "residual", "iframe", frames=[3, 2, 1], reference="iframe")
    # frame 2 follows frame 3, of which it says (-2, 1): (6, -3) + (-2, 1)
    assert clip.motion[:, 8, 10].tolist() == [[6, -3], [4, -2], [1, -2]]
    assert clip.reference_distance.tolist() == [3, 2, 1]
    np.testing.assert_array_equal(
        clip.residual[1, 8, 10], NOISE[2, 8, 10].astype(int) - NOISE[0, 10, 6]
    )
    np.testing.assert_array_equal(clip.iframes, NOISE[[0, 0, 0]])
    rate = assemble("motion", frames=[3], reference="iframe", per_frame=True)
    assert rate.motion[0, 8, 10].tolist() == [2, -1]


def test_frames_may_be_asked_for_repeatedly():
    clip = assemble("rgb", "motion", "cells", frames=[3, 0, 3])
    np.testing.assert_array_equal(clip.rgb, NOISE[[3, 0, 3]])
    np.testing.assert_array_equal(clip.motion[0], clip.motion[2])
    assert clip.cells[1] is None
    assert clip.cells[0].pictures == clip.cells[2].pictures == (0,)
    np.testing.assert_array_equal(clip.cells[0].vectors, VECTORS[3].vectors)


def test_predictions_from_missing_pictures_do_not_count_in_b_frames():
    broken = {**VECTORS, 1: cells((0, (4, -8)), (NO_PICTURE, (40, 40)))}
    clip = assemble(
        "motion",
        "residual",
        frames=[1],
        arrivals=lambda pictures: [
            Arrival(p, broken[p.display], frame=frame_of(p.display)) for p in pictures
        ],
    )
    assert clip.motion[0, 5, 5].tolist() == [1, -2]
    np.testing.assert_array_equal(clip.residual[0], NOISE[1].astype(int) - moved(0, 1, -2))


def test_costs_have_the_parsers_blocks():
    def arrivals(pictures):
        for picture in pictures:
            bits = np.full((1, 1), 10 + picture.display, np.uint32)
            costs = Costs(32, bits, np.full((1, 1), picture.display, np.uint16))
            yield Arrival(picture, VECTORS[picture.display], costs)

    clip = assemble("bits", frames=[2, 0], arrivals=arrivals)
    assert (clip.bits_block, clip.bits.tolist()) == (32, [[[12]], [[10]]])
    assert (clip.coefficients.tolist(), clip.bits.dtype) == ([[[2]], [[0]]], np.int32)


def test_what_does_not_arrive_is_named():
    def without(what):
        return lambda pictures: [
            Arrival(
                p,
                None if (what, p.display) == ("vectors", 1) else VECTORS[p.display],
                frame=None if (what, p.display) == ("frame", 1) else frame_of(p.display),
            )
            for p in pictures
        ]

    for what in ("vectors", "frame"):
        with pytest.raises(CorruptVideoError, match=r"clip\.mp4: the decoder does not") as caught:
            assemble("rgb", "motion", frames=[3, 1], arrivals=without(what))
        assert (caught.value.frame, caught.value.codec) == (1, "h264")


def test_another_size_is_refused():
    def arrivals(pictures):
        for picture in pictures:
            pixels = NOISE[picture.display][:, :16] if picture.display == 3 else NOISE[0]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            yield Arrival(picture, frame=frame)

    with pytest.raises(UnsupportedVideoError, match="changes from 24x16 to 16x16") as caught:
        assemble("rgb", frames=[0, 3], arrivals=arrivals)
    assert caught.value.frame == 3


def test_types_that_no_header_said_are_read_off_frames():
    def arrivals(pictures):
        for picture in pictures:
            picture.kind = "?"
            frame = frame_of(picture.display)
            frame.pict_type = av.video.frame.PictureType.B
            yield Arrival(picture, frame=frame)

    assert assemble("rgb", frames=[0, 2], arrivals=arrivals).frame_types == ["B", "B"]
