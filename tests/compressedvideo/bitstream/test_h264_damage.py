"""What the H.264 parser refuses, and what it says of damaged streams."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo.bitstream import h264
from compressedvideo.bitstream.h264 import H264Parser
from tests.compressedvideo.bitstream.h264_writer import SP, TOP, I, P, Slice, Stream, packet
from tests.compressedvideo.bitstream.x264 import encode

pytestmark = pytest.mark.skipif(not h264.is_available(), reason="no compiled H.264 parser")


def parse(packets: list[bytes], extradata: bytes = b"", **options) -> list[h264.ParsedPicture]:
    every = b"\1" * len(packets)
    return H264Parser(extradata).parse(packets, needed=every, wanted=every, **options)


def encoded(path: Path, **options) -> tuple[bytes, list[bytes]]:
    """Extradata and packets of 12 frames of 96x64, P unless said otherwise."""
    options = {"threads": 1, "bframes": 0, "keyint": 250, "scenecut": 0, **options}
    encode(path, options, num_frames=12, width=96, height=64)
    with av.open(str(path)) as container:
        extradata = container.streams.video[0].codec_context.extradata
        return extradata or b"", [bytes(data) for data in container.demux(video=0) if data.size]


# ---------------------------------------------------------------------------------- refused


def test_field_pictures_are_refused_by_name():
    s = Stream(fields=True)
    (picture,) = parse([packet(s.sps(), s.pps(), Slice(s, I, idr=True, structure=TOP))])
    assert picture.error == "field pictures (PAFF) are not supported"
    assert picture.is_unsupported
    assert picture.vectors is picture.slots is picture.pictures is picture.costs is None
    assert picture.size == (64, 64)


def test_streams_of_field_and_mbaff_pictures(shared_data):
    with av.open(str(shared_data / "wild" / "07_paff_FRExt4_Panasonic.ts")) as container:
        extradata = container.streams.video[0].codec_context.extradata
        packets = [bytes(data) for data in container.demux(video=0) if data.size]
    pictures = parse(packets, extradata)
    assert len(pictures) == len(packets)
    assert all(picture.is_unsupported for picture in pictures)
    assert {picture.error for picture in pictures} == {
        "field pictures (PAFF) are not supported",
        "macroblock-adaptive field coding (MBAFF) is not supported",
    }


def test_mbaff_is_refused_by_name(tmp_path):
    extradata, packets = encoded(tmp_path / "clip.mkv", tff=1)
    pictures = parse(packets, extradata)
    assert len(pictures) == 12
    assert {picture.error for picture in pictures} == {
        "macroblock-adaptive field coding (MBAFF) is not supported"
    }


def test_other_tools_are_refused_by_name():
    s = Stream()
    start = packet(s.sps(), s.pps(), Slice(s, I, idr=True))
    for slice_, error in (
        (Slice(s, SP, frame_num=1), "SP and SI slices are not supported"),
        (Slice(s, P, frame_num=1, unit_type=2), "data partitioning is not supported"),
    ):
        data = packet(slice_)
        picture = parse([start, data])[1]
        assert (picture.error, picture.is_unsupported) == (error, True)


def test_slices_out_of_order_are_refused_by_name(tmp_path):
    extradata, packets = encoded(tmp_path / "clip.h264", slices=3, aud=0)
    units = packets[3].split(b"\0\0\1")[1:]
    assert len(units) == 3
    shuffled = b"".join(b"\0\0\1" + units[i].rstrip(b"\0") for i in (0, 2, 1))
    pictures = parse([*packets[:3], shuffled, *packets[4:]], extradata)
    assert pictures[3].error == "arbitrary slice order (ASO) is not supported"
    assert pictures[3].is_unsupported
    assert [picture.error for picture in pictures[4:]] == [None] * 8


def test_slice_groups_are_refused_by_name():
    """A picture parameter set with two groups in raster runs."""
    s = Stream()
    bits = "1100010" + "10010000100"  # ids, CAVLC, 2 groups of type 0: 4 + 4
    bits += "11000111000" + "1"
    bits += "0" * (-len(bits) % 8)
    pps = b"\x68" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    (picture,) = parse([packet(s.sps(), pps, Slice(s, I, idr=True))], costs=True)
    assert picture.error == "flexible macroblock ordering (FMO) is not supported"


# ---------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("cabac", [0, 1])
def test_a_truncated_slice_is_marked_and_later_ones_are_not(cabac, tmp_path):
    extradata, packets = encoded(tmp_path / "clip.h264", cabac=cabac, crf=18)
    expected = parse(packets, extradata)
    cut = packets.copy()
    cut[4] = cut[4][: len(cut[4]) * 2 // 3]
    pictures = parse(cut, extradata)
    assert pictures[4].error is not None
    assert not pictures[4].is_unsupported
    assert 0 < pictures[4].error_bit <= 8 * len(cut[4]) + 8
    for number in (*range(4), *range(5, 12)):  # vectors of P depend on nothing else
        assert pictures[number].error is None
        assert np.array_equal(pictures[number].vectors, expected[number].vectors)
        assert np.array_equal(pictures[number].slots, expected[number].slots)


def test_a_lost_slice_is_noticed(tmp_path):
    extradata, packets = encoded(tmp_path / "clip.h264", slices=3, aud=0)
    units = packets[3].split(b"\0\0\1")[1:]
    lost = b"".join(b"\0\0\1" + units[i].rstrip(b"\0") for i in (0, 2))
    pictures = parse([*packets[:3], lost, *packets[4:]], extradata)
    assert pictures[3].error == "some macroblocks are in no slice"
    twice = b"".join(b"\0\0\1" + units[i].rstrip(b"\0") for i in (0, 1, 1, 2))
    pictures = parse([*packets[:3], twice, *packets[4:]], extradata)
    assert pictures[3].error == "a slice begins before the end of the one before"


def test_any_flipped_bit_is_noticed_or_leaves_a_picture(tmp_path):
    """Each bit of a picture's first bytes in turn: nothing raises, most are noticed."""
    extradata, packets = encoded(tmp_path / "clip.mkv", crf=24)
    errors = 0
    for bit in range(8 * 6, 8 * 70):
        data = bytearray(packets[2])
        data[bit // 8] ^= 128 >> bit % 8
        picture = parse([*packets[:2], bytes(data)], extradata)[-1]
        errors += picture.error is not None
        assert (picture.error is None) == (picture.vectors is not None)
    assert errors > 300


def test_direct_prediction_without_its_picture(tmp_path):
    extradata, packets = encoded(tmp_path / "clip.mkv", bframes=2, direct="temporal")
    parser = H264Parser(extradata)
    records, _ = parser.headers(packets)
    number = records["colocated"].tolist().index(1)
    parser.reset()
    only = bytes(i == number for i in range(12))
    (picture,) = parser.parse(packets, needed=only, wanted=only)
    assert picture.error == "direct prediction from a picture whose motion is not known"
    assert not picture.is_unsupported


def test_missing_references_are_named(tmp_path):
    extradata, packets = encoded(tmp_path / "clip.mkv", ref=1)
    pictures = parse([*packets[:4], *packets[5:]], extradata)
    assert pictures[3].pictures == (2,)
    assert pictures[4].pictures == (-1,)
    assert pictures[4].error is None
    assert pictures[5].pictures == (4,)


def test_nothing_at_all():
    assert parse([]) == []
    assert parse([b"", b"\0", b"\0\0\1", b"\0\0\1\x65", b"anything at all"]) == [
        dataclasses.replace(parse([b"\0\0\1\x65"])[0], picture=0)
    ]


@pytest.mark.parametrize("flags", [b"", b"\1", b"\1\1\1"])
def test_flags_must_fit(flags):
    parser = H264Parser(b"")
    with pytest.raises(ValueError, match="2 packets"):
        parser.parse([b"", b""], needed=flags, wanted=b"\1\1")


# ---------------------------------------------------------------------------------- bounds


def test_time_is_bounded_where_few_bits_say_much():
    """The largest frame there is, all of it skipped, over and over in one packet."""
    s = Stream(width=16 * 1024)
    sps = bytearray(s.sps())
    start = [bytes(sps), s.pps(), Slice(s, I, idr=True)]
    skipped = Slice(s, P, frame_num=1).unit()
    # after the header of 4 macroblock rows: mb_skip_run 4096
    text = "".join(format(byte, "08b") for byte in skipped[1:]).rstrip("0")[:-1]
    text += format(4097, "025b") + "1"
    text += "0" * (-len(text) % 8)
    unit = skipped[:1] + int(text, 2).to_bytes(len(text) // 8, "big")
    picture = parse([packet(*start), packet(unit)])[1]
    assert picture.error is None
    assert picture.size == (64, 16 * 1024)
    many = packet(*(unit for _ in range(5000)))
    begin = time.process_time()
    picture = parse([packet(*start), many])[1]
    assert picture.error == "a slice begins before the end of the one before"
    assert time.process_time() - begin < 0.5


def test_a_parser_is_not_shared_between_threads(tmp_path):
    """The GIL is free while a run is parsed; a second thread is told so."""
    extradata, packets = encoded(tmp_path / "clip.mkv", crf=10)
    parser = H264Parser(extradata)
    data = packets * 400
    every = b"\1" * len(data)
    refused = None
    for _ in range(50):  # on a busy machine a run may end before this thread has its turn
        worker = threading.Thread(
            target=lambda: parser.parse(data, needed=every, wanted=bytes(len(data)))
        )
        worker.start()
        while worker.is_alive() and refused is None:
            try:
                parser.reset()
            except RuntimeError as error:
                refused = str(error)
        worker.join()
        if refused is not None:
            break
    assert refused == "this parser is at work in another thread"
