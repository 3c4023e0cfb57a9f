"""H.264 vectors and references against decoded pixels: predictions are right bit for bit.

All real content, 5 million blocks and more:

    MMCONDENSE_H264_REAL=1 python -m pytest tests/.../test_h264_prediction.py -n 0 -s
"""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo.bitstream import h264
from compressedvideo.bitstream.h264 import H264Parser
from compressedvideo.bitstream.h264 import MacroblockType as Type
from compressedvideo.bitstream.parsed import NO_SLOT
from tests.compressedvideo.bitstream.h264_prediction import PredictionCheck
from tests.compressedvideo.bitstream.x264 import encode

pytestmark = pytest.mark.skipif(not h264.is_available(), reason="no compiled H.264 parser")


def read(path: Path):
    """Parsed pictures with costs, luminance and order count of each, by number."""
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        context.thread_count = 1
        packets = [packet for packet in container.demux(video=0) if packet.size]
        data = [bytes(packet) for packet in packets]
        frames = []
        for number, packet in enumerate(packets):
            packet.pts = packet.dts = number
            frames += context.decode(packet)
        frames += context.decode(None)
        parser = H264Parser(context.extradata)
    lumas = {}
    for frame in frames:  # one picture a packet
        plane = frame.planes[0]
        kind = np.uint16 if "10" in frame.format.name else np.uint8
        rows = np.frombuffer(plane, kind).reshape(frame.height, plane.line_size // kind().itemsize)
        lumas[frame.pts] = rows[:, : frame.width].copy()
    records, _ = parser.headers(data)
    orders = dict(zip(records["picture"].tolist(), records["order"].tolist(), strict=True))
    parser.reset()
    every = b"\1" * len(data)
    return parser.parse(data, needed=every, wanted=every, costs=True), lumas, orders


def check(path: Path, **kind) -> PredictionCheck:
    pictures, lumas, orders = read(path)
    result = PredictionCheck(**kind)
    for picture in pictures:
        assert picture.error is None, picture.error
        if (picture.slots != NO_SLOT).any():
            result.check(picture, lumas, orders)
    return result


INTER = {Type.P_SKIP, Type.INTER_16X16, Type.INTER_16X8, Type.INTER_8X16, Type.INTER_8X8}
B = {Type.B_SKIP}  # B_DIRECT has coefficients

STREAMS = {
    "p": ({"bframes": 0, "cabac": 1}, 15_000, INTER),
    "p-cavlc-sub8x8": ({"bframes": 0, "cabac": 0, "partitions": "all", "crf": 34}, 8_000, INTER),
    "b-spatial": ({"bframes": 3, "direct": "spatial"}, 15_000, INTER | B),
    "b-temporal": ({"bframes": 3, "direct": "temporal", "b-pyramid": "none"}, 15_000, INTER | B),
    "b-temporal-pyramid": (
        {
            "bframes": 3,
            "direct": "temporal",
            "b-pyramid": "normal",
            "cabac": 0,
            "partitions": "all",
        },
        10_000,
        INTER | B,
    ),
    "b-implicit-weights": ({"bframes": 3, "weightb": 1, "direct": "auto"}, 15_000, INTER | B),
    "b-slices-many-references": (
        {"bframes": 2, "ref": 8, "slices": 3, "crf": 32},
        10_000,
        INTER | B,
    ),
    "open-gop": ({"bframes": 3, "keyint": 8, "open-gop": 1}, 15_000, INTER | B),
    "deblocked": ({"bframes": 2, "no-deblock": 0}, 5_000, {Type.P_SKIP, Type.INTER_16X16} | B),
    "coarse": ({"bframes": 2, "qp": 45}, 20_000, INTER | B),
    "high-10": ({"bframes": 2, "pixel_format": "yuv420p10le"}, 15_000, INTER | B),
    "high-4:4:4": ({"bframes": 2, "pixel_format": "yuv444p"}, 8_000, INTER | B),
    "high-4:2:2-cavlc": (
        {"bframes": 2, "cabac": 0, "pixel_format": "yuv422p"},
        8_000,
        INTER | B,
    ),
}


@pytest.mark.parametrize(("settings", "count", "types"), STREAMS.values(), ids=STREAMS)
def test_blocks_without_coefficients_are_their_prediction(settings, count, types, tmp_path):
    options = {"threads": 1, "weightp": 0, "weightb": 0, "crf": 28, "no-deblock": 1, **settings}
    pixel_format = options.pop("pixel_format", "yuv420p")
    path = encode(
        tmp_path / "clip.mp4",
        options,
        num_frames=32,
        width=176,
        height=144,
        pixel_format=pixel_format,
    )
    result = check(
        path,
        depth=10 if "10" in pixel_format else 8,
        deblocked=not options["no-deblock"],
        implicit=options["weightb"] == 1,
    )
    print(result.num_checked, result.kinds)
    assert result.num_wrong == 0
    assert result.num_checked > count
    assert set(result.kinds) >= types


def test_a_wrong_vector_would_be_noticed(tmp_path):
    """The check itself: a quarter pixel more in one block in eight."""
    options = {"threads": 1, "weightp": 0, "bframes": 0, "no-deblock": 1, "crf": 28}
    path = encode(tmp_path / "clip.mp4", options, num_frames=12, width=176, height=144)
    pictures, lumas, orders = read(path)
    result = PredictionCheck(deblocked=False)
    for picture in pictures[1:]:
        picture.vectors = picture.vectors.copy()
        picture.vectors[0, ::4, ::2, 0] += 1
        result.check(picture, lumas, orders)
    assert result.num_wrong > 200


REAL_STREAMS = [
    ("demo.mp4", {"bframes": 3, "weightb": 1, "direct": "spatial"}),
    ("flipping_a_pancake.mkv", {"bframes": 3, "direct": "temporal", "cabac": 0}),
    ("demo.mp4", {"bframes": 2, "partitions": "all", "ref": 5, "crf": 34}),
    ("flipping_a_pancake.mkv", {"bframes": 0, "ref": 3, "slices": 4, "crf": 33}),
    ("demo.mp4", {"bframes": 3, "b-pyramid": "none", "direct": "temporal", "weightb": 1}),
    ("flipping_a_pancake.mkv", {"bframes": 3, "open-gop": 1, "keyint": 12, "crf": 34}),
    ("demo.mp4", {"bframes": 3, "no-deblock": 0, "crf": 32}),
]


@pytest.mark.parametrize(("name", "settings"), REAL_STREAMS)
def test_real_content(name, settings, shared_data, tmp_path):
    """Real clips, encoded again so that the frame is whole macroblocks and nothing is weighted."""
    if not os.environ.get("MMCONDENSE_H264_REAL") and settings != REAL_STREAMS[0][1]:
        pytest.skip("one is enough: MMCONDENSE_H264_REAL=1 runs all")
    options = {"threads": 1, "weightp": 0, "weightb": 0, "crf": 30, "no-deblock": 1, **settings}
    with av.open(str(shared_data / "clips" / name)) as container:
        frames = container.decode(video=0)
        images = [frame.to_ndarray(width=336, height=256, format="rgb24") for frame in frames]
    path = encode(
        tmp_path / "clip.mkv", options, num_frames=len(images), width=336, height=256, images=images
    )
    result = check(path, deblocked=not options["no-deblock"], implicit=options["weightb"] == 1)
    print(result.num_checked, "blocks", result.num_wrong, "wrong", result.kinds)
    assert result.num_wrong == 0
    assert result.num_checked > (200_000 if options["no-deblock"] else 50_000)
