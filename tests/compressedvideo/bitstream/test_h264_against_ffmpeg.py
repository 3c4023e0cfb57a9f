"""H.264 vectors against those that FFmpeg exports, over x264's tools drawn at random.

FFmpeg's export differs in four ways, all its own: it keeps of a reference only the list it is in;
it invents (0, 0) for partitions that do not use a list which another one of their macroblock uses;
of an 8x8 block it keeps the upper left 4x4 alone; and it exports what it makes up for lost
macroblocks. The second and third are counted here, the first is in test_h264_prediction.py's
hands, and there are no lost macroblocks.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo.bitstream import h264
from compressedvideo.bitstream.h264 import H264Parser, ParsedPicture
from compressedvideo.bitstream.parsed import NO_SLOT
from compressedvideo.bitstream.record import Flags
from tests.compressedvideo.bitstream.x264 import encode, tools

pytestmark = pytest.mark.skipif(not h264.is_available(), reason="no compiled H.264 parser")

NUM_ENCODES = int(os.environ.get("MMCONDENSE_H264_ENCODES", "40"))


def read(path: Path) -> tuple[list[ParsedPicture], dict[int, np.ndarray | None], list[bytes]]:
    """Parsed pictures in decoding order, and exported records by number of the packet."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        context = container.streams.video[0].codec_context
        context.thread_count = 1
        context.options = {"flags2": "+export_mvs"}
        packets = [packet for packet in container.demux(video=0) if packet.size]
        data = [bytes(packet) for packet in packets]
        frames = []
        for number, packet in enumerate(packets):
            packet.pts = packet.dts = number
            frames += context.decode(packet)
        frames += context.decode(None)
        extradata = context.extradata
    exported = {}
    for frame in frames:
        records = frame.side_data.get("MOTION_VECTORS")
        exported[frame.pts] = None if records is None else records.to_ndarray()
    every = b"\1" * len(data)
    return H264Parser(extradata).parse(data, needed=every, wanted=every), exported, data


def blocks_of(picture: ParsedPicture) -> tuple[np.ndarray, np.ndarray]:
    """Vectors as coded and slots per 8x8 block, of its upper left 4x4: [2, R, C, 2], [2, R, C]."""
    step = 8 // picture.cell
    return -picture.vectors[:, ::step, ::step].astype(int), picture.slots[:, ::step, ::step]


def compare(picture: ParsedPicture, records: np.ndarray | None, counts: Counter) -> None:
    vectors, slots = blocks_of(picture)
    rows, columns = slots.shape[1:]
    covered = np.zeros(slots.shape, bool)
    for record in () if records is None else records:
        width, height = int(record["w"]), int(record["h"])
        which = int(record["source"] > 0)
        top = (int(record["dst_y"]) - height // 2) // 8
        left = (int(record["dst_x"]) - width // 2) // 8
        area = np.s_[which, top : top + max(height // 8, 1), left : left + max(width // 8, 1)]
        coded = [int(record["motion_x"]), int(record["motion_y"])]
        if top >= rows or left >= columns:
            continue
        counts["records"] += 1
        covered[area] = True
        if slots[area].ravel()[0] == NO_SLOT:
            assert coded == [0, 0]
            assert (slots[area] == NO_SLOT).all()
            counts["invented"] += 1
        else:
            assert (vectors[area] == coded).all(), (picture.picture, area, coded)
            assert (slots[area] != NO_SLOT).all()
    assert (covered | (slots == NO_SLOT)).all()
    if picture.cell == 4:
        whole = picture.vectors[:, ::2, ::2].repeat(2, 1).repeat(2, 2)
        height, width = picture.vectors.shape[1:3]
        counts["4x4 lost"] += int((whole[:, :height, :width] != picture.vectors).any(-1).sum())


def compare_file(path: Path) -> Counter:
    pictures, exported, data = read(path)
    counts = Counter()
    for picture in pictures:  # one a packet
        assert picture.error is None, (picture.picture, picture.error)
        if picture.picture in exported:
            compare(picture, exported[picture.picture], counts)
            counts["pictures"] += 1
    assert len(pictures) == len(data)
    return counts


def test_encoded_streams(tmp_path):
    total: Counter = Counter()
    for seed in range(NUM_ENCODES):
        options, pixel_format, (width, height) = tools(random.Random(seed))
        path = encode(
            tmp_path / f"{seed}.mkv",
            options,
            num_frames=20,
            width=width,
            height=height,
            pixel_format=pixel_format,
        )
        total += compare_file(path)
        path.unlink()
    print(NUM_ENCODES, "encodes:", dict(total))
    assert total["pictures"] == 20 * NUM_ENCODES
    assert total["records"] > 400 * NUM_ENCODES
    assert 0 < total["invented"] < total["records"] // 5
    assert total["4x4 lost"] > 0


@pytest.mark.parametrize(
    ("name", "num_pictures", "num_records"),
    [
        ("clips/demo.mp4", 280, 150_000),
        ("clips/flipping_a_pancake.mkv", 310, 140_000),
        ("clips/part_0.mp4", 32, 20_000),
        ("clips/video_90.mov", 3, 1_300),
        ("wild/05_h264_b_in_avi.avi", 60, 9_000),
        ("wild/09_samsung_sef_slow_motion.mp4", 64, 25_000),
        ("wild/11_intra_refresh.mp4", 100, 13_000),
        ("wild/13_size_change.ts", 90, 23_000),
        ("wild/18_i_without_recovery_sei_HPCV_BRCM.mp4", 36, 18_000),
    ],
)
def test_real_streams(name, num_pictures, num_records, shared_data):
    counts = compare_file(shared_data / name)
    print(dict(counts))
    assert counts["pictures"] == num_pictures
    assert counts["records"] > num_records


def test_parsing_what_is_needed_gives_the_same(tmp_path):
    """Wanted pictures alone with their co-located ones, of others the headers."""
    options, _, _ = tools(random.Random(3))
    options |= {"bframes": 3, "b-pyramid": "normal", "keyint": 250, "direct": "auto"}
    path = encode(tmp_path / "clip.mkv", options, num_frames=30, width=112, height=80)
    everything, _, data = read(path)
    with av.open(str(path)) as container:
        parser = H264Parser(container.streams.video[0].codec_context.extradata)
    records, _ = parser.headers(data)
    colocated = records["colocated"].tolist()
    assert max(colocated) > 0
    spared = 0
    for number, expected in enumerate(everything):
        chain, at = {number}, number
        while (at := colocated[at]) >= 0:
            chain.add(at)
        parser.reset()
        needed = bytes(i in chain for i in range(len(data)))
        wanted = bytes(i == number for i in range(len(data)))
        (picture,) = parser.parse(data, needed=needed, wanted=wanted)
        assert picture.picture == number
        assert picture.error is None
        assert picture.pictures == expected.pictures
        assert np.array_equal(picture.vectors, expected.vectors)
        assert np.array_equal(picture.slots, expected.slots)
        spared += len(data) - len(chain)
    assert spared > 20 * len(data)


@pytest.mark.parametrize("open_gop", [0, 1])
def test_parsing_from_a_key_picture_on_gives_the_same(open_gop, tmp_path):
    options = {"threads": 1, "bframes": 3, "b-pyramid": "normal", "b-adapt": 0, "ref": 4}
    options |= {"keyint": 8, "scenecut": 0, "open-gop": open_gop, "direct": "auto"}
    path = encode(tmp_path / "clip.mkv", options, num_frames=33, width=112, height=80)
    everything, _, data = read(path)
    with av.open(str(path)) as container:
        parser = H264Parser(container.streams.video[0].codec_context.extradata)
    records, _ = parser.headers(data)
    keys = np.flatnonzero(records["flags"] & Flags.KEY).tolist()
    leading = (records["flags"] & Flags.LEADING) != 0
    assert len(keys) >= 4
    assert leading.any() == bool(open_gop)
    for key in keys[1:]:
        parser.reset()
        every = b"\1" * (len(data) - key)
        for picture in parser.parse(data[key:], needed=every, wanted=every):
            expected = everything[picture.picture + key]
            following = [at for at in keys if at > key]
            if following and picture.picture + key >= following[0]:
                break
            if leading[picture.picture + key]:
                continue
            assert picture.error is None
            assert np.array_equal(picture.vectors, expected.vectors)
            named = np.array([*picture.pictures, *[-2] * 256])[picture.slots]
            there = np.array([*expected.pictures, *[-2] * 256])[expected.slots]
            assert np.array_equal(np.where(named < 0, named, named + key), there)


def test_costs_add_up(tmp_path):
    """Bits of all macroblocks and the headers make up the packets."""
    options = {"threads": 1, "cabac": 1, "keyint": 250, "bframes": 2, "crf": 20}
    path = encode(tmp_path / "clip.mkv", options, num_frames=12, width=176, height=144)
    _, _, data = read(path)
    with av.open(str(path)) as container:
        parser = H264Parser(container.streams.video[0].codec_context.extradata)
    every = b"\1" * len(data)
    pictures = parser.parse(data, needed=every, wanted=every, costs=True)
    for picture, packet in zip(pictures[1:], data[1:], strict=True):
        costs = picture.costs
        assert costs.bits.shape == (9, 11)
        assert 0 < 8 * len(packet) - int(costs.bits.sum()) < 400
        assert (costs.coefficients[costs.bits < 8] == 0).all()
        assert costs.qp.min() >= 0
        assert costs.qp.max() <= 51
        assert set(np.unique(costs.types).tolist()) <= set(h264.MacroblockType)
