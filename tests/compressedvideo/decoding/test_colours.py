"""Our conversion to RGB against FFmpeg's, byte for byte."""

from __future__ import annotations

import av
import numpy as np
import pytest

from compressedvideo.decoding import colours
from compressedvideo.decoding.colours import ColourConverter


def random_frame(width: int, height: int, pixel_format: str = "yuv420p") -> av.VideoFrame:
    frame = av.VideoFrame(width, height, pixel_format)
    random = np.random.default_rng(width * height)
    for plane in frame.planes:
        plane.update(random.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    return frame


def by_ffmpeg(frame: av.VideoFrame) -> np.ndarray:
    return frame.to_ndarray(format="rgb24", threads=1)


SIZES = [(32, 2), (34, 4), (62, 10), (320, 240), (340, 256), (366, 24)]
OTHER_SIZES = [(1, 1), (16, 16), (33, 20), (320, 239)]


@pytest.mark.parametrize(("width", "height"), SIZES + OTHER_SIZES)
def test_colours_are_those_of_ffmpeg(width, height):
    frame = random_frame(width, height)
    expected = by_ffmpeg(frame)
    np.testing.assert_array_equal(ColourConverter().rgb(frame), expected)
    out = np.zeros((height, width + 3, 3), np.uint8)[:, :width]
    assert ColourConverter().rgb(frame, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("pixel_format", ["yuvj420p", "yuv422p", "yuv420p10le", "gray"])
def test_other_formats_are_converted_by_ffmpeg(pixel_format):
    frame = random_frame(64, 32, pixel_format)
    np.testing.assert_array_equal(ColourConverter().rgb(frame), by_ffmpeg(frame))


@pytest.mark.parametrize(("colorspace", "color_range"), [(1, 1), (6, 1), (9, 0), (2, 2), (2, 1)])
def test_other_colours_are_converted_by_ffmpeg(colorspace, color_range):
    frame = random_frame(64, 32)
    frame.colorspace, frame.color_range = colorspace, color_range
    np.testing.assert_array_equal(ColourConverter().rgb(frame), by_ffmpeg(frame))


def test_planes_are_checked():
    compiled = pytest.importorskip("compressedvideo.decoding._colours")
    assert colours._colours is compiled
    out, luma, chroma = np.zeros((2, 32, 3), np.uint8), bytes(64), bytes(16)
    compiled.yuv420_to_rgb(out, luma, 32, chroma, 16, chroma, 16)
    for wrong in (
        (out, luma[1:], 32, chroma, 16, chroma, 16),
        (out, luma, 32, chroma[1:], 16, chroma, 16),
        (out, luma, 32, chroma, 16, chroma, 15),
        (out, luma, -32, chroma, 16, chroma, 16),
        (out[..., :2], luma, 32, chroma, 16, chroma, 16),
    ):
        with pytest.raises(ValueError, match=r"plane|out"):
            compiled.yuv420_to_rgb(*wrong)
