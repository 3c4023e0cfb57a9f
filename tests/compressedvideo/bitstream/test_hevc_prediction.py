"""Vectors of HEVC against pixels: without residual a block is its prediction, bit for bit.

MMCONDENSE_HEVC_FRAMES=200 python -m pytest tests/compressedvideo/bitstream/test_hevc_prediction.py

encodes so many frames a clip at 336x256 (5 M cells without residual in all) instead of a few
small ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from compressedvideo.bitstream.hevc import HevcParser, ParsedPicture, is_available
from compressedvideo.bitstream.record import Flags
from tests.compressedvideo.bitstream.hevc_clips import decode, encode, moving_shapes, packets_of
from tests.compressedvideo.bitstream.hevc_prediction import Reference, prediction

pytestmark = pytest.mark.skipif(not is_available(), reason="no compiled HEVC parser")

NUM_FRAMES = int(os.environ.get("MMCONDENSE_HEVC_FRAMES", "0"))
UNFILTERED = "no-deblock=1:no-sao=1:weightp=0:keyint=40:ctu=16:min-cu-size=8:max-tu-size=16"
CLIPS = {
    "default": "bframes=4",
    "partitions": "rect=1:amp=1:limit-modes=0:rd=4:bframes=3",
    "many-references": "ref=6:bframes=5:b-adapt=0:b-pyramid=1",
    "uneven": "bframes=2:open-gop=1:keyint=9:min-keyint=9:scenecut=0",
    "no-temporal": "temporal-mvp=0:bframes=3",
    "p-only": "bframes=0:ref=4:max-merge=5",
    "wavefronts": "wpp=1:bframes=3",
    "lowdelay": "bframes=0:rect=1:limit-refs=0:ref=3",
}


def pictures_of(path: Path) -> tuple[list[ParsedPicture], dict[int, int]]:
    """All pictures, costs included, and the display index of each number."""
    extradata, packets, _ = packets_of(path)
    records, _ = HevcParser(extradata).headers(packets)
    assert not (records["flags"] & (Flags.HIDDEN | Flags.DAMAGED)).any()
    order = np.lexsort((records["order"], records["epoch"]))
    display = {int(records["picture"][i]): place for place, i in enumerate(order)}
    ones = b"\1" * len(packets)
    return HevcParser(extradata).parse(packets, needed=ones, wanted=ones, costs=True), display


def luma_of(path: Path) -> list[np.ndarray]:
    return [frame.to_ndarray()[: frame.height] for frame in decode(path)]


def check_prediction(path: Path, bit_depth: int) -> tuple[int, int]:
    """Compares 4x4 cells without residual; returns how many there were, and how many of two
    predictions."""
    pictures, display = pictures_of(path)
    frames = luma_of(path)
    references = {number: Reference(frames[i], bit_depth) for number, i in display.items()}
    count = twice = 0
    for picture in pictures:
        assert picture.error is None, picture
        assert picture.ends_exactly, picture.picture
        assert picture.costs is not None
        assert picture.slots is not None
        predicted, valid = prediction(picture, references, bit_depth)
        height, width = picture.size
        size = picture.costs.size
        empty = (picture.costs.coefficients == 0).repeat(size, 0).repeat(size, 1)[:height, :width]
        compared = empty & valid
        assert (predicted == frames[display[picture.picture]])[compared].all(), picture.picture
        count += int(compared.sum()) // 16
        both = (picture.slots != 255).all(0).repeat(picture.cell, 0).repeat(picture.cell, 1)
        twice += int((compared & both[:height, :width]).sum()) // 16
    return count, twice


@pytest.mark.parametrize("params", CLIPS.values(), ids=CLIPS)
def test_what_has_no_residual_is_its_prediction(params, tmp_path):
    num_frames, width, height = (NUM_FRAMES, 336, 256) if NUM_FRAMES else (20, 136, 104)
    path = encode(
        tmp_path / "clip.mkv",
        moving_shapes(num_frames, width, height),
        params=f"{UNFILTERED}:{params}",
        preset="fast",
        crf=34,
    )
    count, twice = check_prediction(path, 8)
    print(f"{count} cells, {twice} of two predictions")
    assert count > num_frames * width * height // 16 // 5
    assert (twice > 100) == ("bframes=0" not in params)


def test_ten_bits(tmp_path):
    path = encode(
        tmp_path / "clip.mkv",
        moving_shapes(16, 136, 104),
        params=f"{UNFILTERED}:bframes=3",
        pix_fmt="yuv420p10le",
        preset="fast",
        crf=34,
    )
    count, twice = check_prediction(path, 10)
    assert count > 16 * 136 * 104 // 16 // 5
    assert twice > 0
