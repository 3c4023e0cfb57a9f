"""A GOP side by side: what each tile shows."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.drawing import gop_strip
from compressedvideo.drawing.gop_strip import draw_gop
from compressedvideo.drawing.overlay import flow_colours, full_colour_pixels
from tests.compressedvideo.slow_reference import translating_frames

HEIGHT, WIDTH, STEP = 48, 64, (2, 1)
SCALE = 4  # 64 pixels to 256: the first multiple above 240


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """A pan, in MPEG-4: I, two B, P."""
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    frames = translating_frames(7, step=STEP, height=HEIGHT, width=WIDTH)
    encode_frames(path, frames, codec="mpeg4", gop_size=7, b_frames=2)
    return path


def tile(picture: np.ndarray, *, row: int, column: int) -> np.ndarray:
    top = gop_strip._ARCS + gop_strip._HEAD + row * (HEIGHT * SCALE + gop_strip._GAP)
    left = gop_strip._LABELS + column * (WIDTH * SCALE + gop_strip._GAP)
    enlarged = picture[top : top + HEIGHT * SCALE, left : left + WIDTH * SCALE]
    return enlarged[::SCALE, ::SCALE]


def test_tiles_are_what_the_reader_says(clip) -> None:
    with CompressedVideo(clip) as video:
        picture = np.asarray(draw_gop(video, [0, 2, 3]))
        read = video.read([0, 2, 3], modalities=("rgb", "residual"))
        assert read.frame_types == ["I", "B", "P"]
    for column in range(3):
        np.testing.assert_array_equal(tile(picture, row=0, column=column), read.rgb[column])
        residual = tile(picture, row=2, column=column)
        expected = np.clip(4 * read.residual[column].astype(int) + 128, 0, 255)
        np.testing.assert_array_equal(residual, expected)
    full = full_colour_pixels(WIDTH, HEIGHT)
    speed = flow_colours(np.array(STEP, np.float32), full=full)
    for column in (1, 2):  # per frame, whichever the distance to the reference
        middle = tile(picture, row=1, column=column)[16:32, 24:40]
        assert np.abs(middle.astype(int) - speed).max() < 12
    assert (tile(picture, row=1, column=0) == 255).all()
    bits = [tile(picture, row=3, column=column).astype(int).sum() for column in range(3)]
    assert bits[0] > bits[2] > 0


def test_arrows_come_from_the_pictures_that_frames_are_predicted_from(clip) -> None:
    with CompressedVideo(clip) as video:
        strips = [np.asarray(draw_gop(video, frames)) for frames in ([0, 3], [2, 3], [0])]
    arcs = [strip[: gop_strip._ARCS].reshape(-1, 3).tolist() for strip in strips]
    past, future = (list(gop_strip._KINDS[kind]) for kind in "PB")
    assert past in arcs[0]
    assert future not in arcs[0]
    assert future in arcs[1]  # the B-frame, from the P-frame behind it
    assert past not in arcs[1]
    assert past not in arcs[2]


def test_of_a_codec_without_vectors_there_are_pictures(tmp_path) -> None:
    path = tmp_path / "clip.webm"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libvpx", rate=25, width=WIDTH, height=HEIGHT)
        for frame in translating_frames(5, step=STEP, height=HEIGHT, width=WIDTH):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    with CompressedVideo(path) as video:
        picture = draw_gop(video, [1, 2])
    tiles = picture.height - gop_strip._ARCS - gop_strip._HEAD
    assert tiles == HEIGHT * SCALE + gop_strip._GAP
