"""Headers of H.264 against values worked out by hand, and against what FFmpeg displays."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo.bitstream import h264
from compressedvideo.bitstream.h264 import H264Parser
from compressedvideo.bitstream.record import BOTTOM_FIELD, FRAME, TOP_FIELD, Flags
from tests.compressedvideo.bitstream.h264_writer import (
    BOTTOM,
    TOP,
    B,
    I,
    P,
    Slice,
    Stream,
    avcc,
    packet,
    packet_with_lengths,
    recovery_point,
)
from tests.compressedvideo.bitstream.x264 import encode, settings

pytestmark = pytest.mark.skipif(not h264.is_available(), reason="no compiled H.264 parser")


def read(packets: list[bytes], extradata: bytes = b"") -> tuple[np.ndarray, list[list[int]]]:
    """Records, and the references of each."""
    records, flat = H264Parser(extradata).headers(packets)
    ends = np.cumsum(records["num_references"]).tolist()
    assert ([0, *ends])[-1] == len(flat)
    references = [flat[a:b].tolist() for a, b in zip([0, *ends], ends, strict=False)]
    return records, references


def flags(records: np.ndarray) -> list[Flags]:
    return [Flags(int(value)) for value in records["flags"]]


KEY = Flags.REFERENCED | Flags.KEY | Flags.CLOSED


# ---------------------------------------------------------------------------------- by hand


def test_frames_with_b_pictures():
    s = Stream()
    records, references = read(
        [
            packet(b"\x09\xf0", s.sps(), s.pps(), Slice(s, I, idr=True)),
            packet(b"\x09\xf0", Slice(s, P, frame_num=1, poc=8)),
            packet(Slice(s, B, frame_num=2, poc=4, ref_idc=0)),
            packet(Slice(s, P, frame_num=2, poc=12, num_refs=(3,))),
        ]
    )
    assert records["kind"].tolist() == [b"I", b"P", b"B", b"P"]
    assert records["order"].tolist() == [0, 8, 4, 12]
    assert records["picture"].tolist() == records["packet"].tolist() == [0, 1, 2, 3]
    assert references == [[], [0], [0, 1], [1, 0]]  # two are there of three announced
    assert records["colocated"].tolist() == [-1, -1, 1, -1]
    assert flags(records) == [KEY, Flags.REFERENCED, Flags(0), Flags.REFERENCED]
    assert records["field"].tolist() == [FRAME] * 4
    assert records["recovery"].tolist() == [-1] * 4


def test_lengths_give_the_same_as_start_codes():
    s = Stream()
    slices = [Slice(s, I, idr=True), Slice(s, P, frame_num=1, poc=4)]
    first, _ = read([packet_with_lengths(x) for x in slices], avcc(sps=s.sps(), pps=s.pps()))
    second, _ = read([packet(x) for x in slices], packet(s.sps(), s.pps()))
    assert first.tobytes() == second.tobytes()


def test_start_codes_behind_one_length():
    """Samsung's slow motion: a prefix NAL unit, a start code and the slice share one length."""
    s = Stream()
    unit = b"\x6e\x80\x00\x0f" + b"\0\0\1" + Slice(s, I, idr=True).unit()
    records, _ = read([packet_with_lengths(unit)], avcc(sps=s.sps(), pps=s.pps()))
    assert records["kind"].tolist() == [b"I"]
    assert (records["start"][0], records["stop"][0]) == (0, 4 + len(unit))


@pytest.mark.parametrize("together", [False, True], ids=["two packets", "one packet"])
@pytest.mark.parametrize("first", [TOP, BOTTOM])
def test_fields(first, together):
    s = Stream(fields=True)
    second = BOTTOM if first == TOP else TOP
    pairs = [
        (
            [s.sps(), s.pps(), Slice(s, I, idr=True, structure=first)],
            [Slice(s, P, poc=1, structure=second)],
        ),
        (
            [Slice(s, P, frame_num=1, poc=8, structure=first, num_refs=(2,))],
            [Slice(s, P, frame_num=1, poc=9, structure=second, num_refs=(3,))],
        ),
        (
            [Slice(s, B, frame_num=2, poc=4, ref_idc=0, structure=first, num_refs=(2, 2))],
            [Slice(s, B, frame_num=2, poc=5, ref_idc=0, structure=second, num_refs=(2, 2))],
        ),
    ]
    if together:
        packets = [packet(*a, *b) for a, b in pairs]
    else:
        packets = [packet(*units) for pair in pairs for units in pair]
    records, references = read(packets)
    assert records["picture"].tolist() == [0, 0, 1, 1, 2, 2]
    assert records["packet"].tolist() == ([0, 0, 1, 1, 2, 2] if together else list(range(6)))
    assert records["order"].tolist() == [0, 1, 8, 9, 4, 5]
    assert records["kind"].tolist() == [b"I", b"I", b"P", b"P", b"B", b"B"]
    parities = [TOP_FIELD, BOTTOM_FIELD] if first == TOP else [BOTTOM_FIELD, TOP_FIELD]
    assert records["field"].tolist() == parities * 3
    assert references == [[], [], [0], [0], [0, 1], [0, 1]]
    assert records["colocated"].tolist() == [-1, -1, -1, -1, 1, 1]
    interlaced, both = Flags.INTERLACED, Flags.INTERLACED | Flags.SECOND_FIELD
    reference = Flags.REFERENCED
    assert flags(records) == [
        KEY | interlaced,
        both | reference,
        interlaced | reference,
        both | reference,
        interlaced,
        both,
    ]
    for number, record in enumerate(records):
        is_first = not together or number % 2 == 0
        assert record["start"] == (0 if is_first else records["stop"][number - 1])
        if not together or number % 2:
            assert record["stop"] == len(packets[record["packet"]])


def test_an_unpaired_field_is_a_picture_of_its_own():
    s = Stream(fields=True)
    records, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True, structure=TOP)),
            packet(Slice(s, P, frame_num=1, poc=4, structure=TOP)),
            packet(Slice(s, P, frame_num=1, poc=5, structure=BOTTOM)),
            packet(Slice(s, P, frame_num=2, poc=8)),
        ]
    )
    assert records["picture"].tolist() == [0, 1, 1, 2]
    assert references == [[], [0], [], [1]]  # a frame refers to frames with both fields


def test_order_starts_anew_after_operation_5():
    s = Stream()
    records, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True)),
            packet(Slice(s, P, frame_num=1, poc=20)),
            packet(Slice(s, P, frame_num=2, poc=30, markings=((5,),))),
            packet(Slice(s, P, frame_num=1, poc=4, num_refs=(2,))),
            packet(Slice(s, I, idr=True, idr_pic_id=1)),
        ]
    )
    assert records["epoch"].tolist() == [0, 0, 1, 1, 2]
    assert records["order"].tolist() == [0, 20, 0, 4, 0]
    assert references == [[], [0], [1], [2], []]


def test_order_wraps_around():
    s = Stream(num_ref_frames=1)
    order = list(range(0, 208, 8))
    packets = [packet(s.sps(), s.pps(), Slice(s, I, idr=True))]
    packets += [packet(Slice(s, P, frame_num=i % 16, poc=order[i] % 64)) for i in range(1, 26)]
    records, references = read(packets)
    assert records["order"].tolist() == order
    assert references[1:] == [[i] for i in range(25)]


def test_order_types_1_and_2():
    """Types 1: two reference frames a cycle, 2 and 6 apart; others one before what is expected."""
    for s, orders in (
        (Stream(poc_type=1, ref_offsets=(2, 6)), [0, 2, 1, 8, 10]),
        (Stream(poc_type=2), [0, 2, 3, 4, 6]),
    ):
        records, _ = read(
            [
                packet(s.sps(), s.pps(), Slice(s, I, idr=True)),
                packet(Slice(s, P, frame_num=1)),
                packet(Slice(s, P, frame_num=2, ref_idc=0)),
                packet(Slice(s, P, frame_num=2)),
                packet(Slice(s, P, frame_num=3)),
            ]
        )
        assert records["order"].tolist() == orders


def test_lost_frames_are_missing_references():
    s = Stream()
    records, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True)),
            packet(Slice(s, P, frame_num=1, poc=2)),
            packet(Slice(s, P, frame_num=4, poc=8, num_refs=(3,))),
            packet(Slice(s, P, frame_num=5, poc=10, num_refs=(4,))),
        ]
    )
    assert references == [[], [0], [-1, 1], [2, -1, 1]]
    assert records["order"].tolist() == [0, 2, 8, 10]


def test_modified_lists_and_long_term_pictures():
    s = Stream()
    _, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True, long_term=True)),
            packet(Slice(s, P, frame_num=1, poc=2)),
            packet(Slice(s, P, frame_num=2, poc=4, num_refs=(2,))),
            packet(Slice(s, P, frame_num=3, poc=6, modifications=(((2, 0),),))),
            packet(Slice(s, P, frame_num=4, poc=8, modifications=(((0, 2),),))),
            packet(Slice(s, P, frame_num=5, poc=10, markings=((1, 2), (2, 0)))),
            packet(Slice(s, P, frame_num=6, poc=12, num_refs=(8,))),
            packet(Slice(s, P, frame_num=7, poc=14, modifications=(((0, 5),),))),
        ]
    )
    # picture 1 makes room for 4, 2 and the long-term one go at 5; 7 asks for what is gone
    assert references == [[], [0], [1, 0], [0], [1], [4], [5, 4, 3], [-1]]


def test_recovery_points_and_leading_pictures():
    s = Stream()
    records, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True)),
            packet(Slice(s, P, frame_num=1, poc=8)),
            packet(recovery_point(0), Slice(s, I, frame_num=2, poc=16)),
            packet(Slice(s, B, frame_num=3, poc=12, ref_idc=0, num_refs=(2, 1))),
            packet(Slice(s, P, frame_num=3, poc=24)),
            packet(recovery_point(5), Slice(s, P, frame_num=4, poc=32)),
            packet(Slice(s, I, frame_num=5, poc=40)),
        ]
    )
    assert records["recovery"].tolist() == [-1, -1, 0, -1, -1, 5, -1]
    reference = Flags.REFERENCED
    assert flags(records) == [
        KEY,
        reference,
        reference | Flags.KEY,
        Flags.LEADING,
        *[reference] * 3,
    ]
    assert references[3] == [1, 0, 2]


def test_slices_make_up_pictures():
    """Slices of several types; redundant and auxiliary ones and units of layers are skipped."""
    s = Stream(redundant=True)
    other = dataclasses.replace(s, pps_id=1)
    packets = [
        packet(s.sps(), s.pps(), other.pps(), Slice(s, I, idr=True)),
        packet(
            b"\x6e\x40\x80\x01",
            Slice(s, I, frame_num=1, poc=2),
            Slice(s, I, frame_num=1, poc=2, redundant=1),
            Slice(other, P, frame_num=1, poc=2, first_mb=4),
            Slice(s, I, frame_num=1, poc=2, unit_type=19),
            Slice(s, I, frame_num=1, poc=2, unit_type=20),
        ),
        packet(Slice(s, P, frame_num=2, poc=4), Slice(s, I, frame_num=2, poc=4, first_mb=4)),
    ]
    records, references = read(packets)
    assert records["kind"].tolist() == [b"I", b"I", b"P"]
    assert references == [[], [0], [1]]
    assert records["stop"].tolist() == [len(data) for data in packets]


def test_two_frames_in_one_packet():
    s = Stream()
    parts = [
        [s.sps(), s.pps(), Slice(s, I, idr=True)],
        [b"\x09\xf0", Slice(s, P, frame_num=1, poc=2)],
    ]
    records, _ = read([packet(*parts[0], *parts[1])])
    assert records["kind"].tolist() == [b"I", b"P"]
    assert records["packet"].tolist() == [0, 0]
    cut = len(packet(*parts[0])) + 1  # a start code is three bytes; the zero before belongs to it
    assert records["start"].tolist() == [0, cut]
    assert records["stop"].tolist() == [cut, len(packet(*parts[0], *parts[1]))]


def test_damage_is_marked():
    s = Stream()
    unknown = dataclasses.replace(s, pps_id=3)
    records, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True)),
            packet(Slice(unknown, P, frame_num=1, poc=2)),
            b"",
            packet(b"\x09\xf0"),
            packet(Slice(s, P, frame_num=2, poc=4)),
        ]
    )
    assert records["packet"].tolist() == [0, 1, 4]
    assert records["kind"].tolist() == [b"I", b"?", b"P"]
    assert Flags(int(records["flags"][1])) == Flags.DAMAGED
    assert references == [[], [], [-1]]


def test_a_new_size_forgets_the_pictures():
    s, wide = Stream(), Stream(width=96)
    records, references = read(
        [
            packet(s.sps(), s.pps(), Slice(s, I, idr=True)),
            packet(wide.sps(), wide.pps(), Slice(wide, P, frame_num=1, poc=2)),
        ]
    )
    assert references == [[], [-1]]
    assert records["kind"].tolist() == [b"I", b"P"]


def test_reset_counts_from_0():
    s = Stream()
    packets = [packet(s.sps(), s.pps(), Slice(s, I, idr=True)), packet(Slice(s, P, frame_num=1))]
    parser = H264Parser(b"")
    first, _ = parser.headers(packets)
    second, _ = parser.headers(packets)
    assert second["packet"].tolist() == second["picture"].tolist() == [2, 3]
    assert second["epoch"].tolist() == [1, 1]
    parser.reset()
    third, _ = parser.headers([packet(Slice(s, I, idr=True)), packets[1]])  # parameter sets stay
    assert third["order"].tolist() == first["order"].tolist()
    assert third["picture"].tolist() == [0, 1]


# ---------------------------------------------------------------------------------- FFmpeg


def displayed(path: Path) -> list[tuple[int, str]]:
    """Number of the packet and type of each frame of a plain decode, in output order."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        context = container.streams.video[0].codec_context
        context.thread_count = 1
        packets = [packet for packet in container.demux(video=0) if packet.size]
        frames = []
        for number, data in enumerate(packets):
            data.pts = data.dts = number
            frames += context.decode(data)
        frames += context.decode(None)
    return [(frame.pts, " IPB"[int(frame.pict_type)]) for frame in frames]


def in_display_order(path: Path) -> list[tuple[int, str]]:
    """The same from records."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        extradata = container.streams.video[0].codec_context.extradata
        packets = [bytes(data) for data in container.demux(video=0) if data.size]
    records, _ = H264Parser(extradata).headers(packets)
    firsts = records[(records["flags"] & Flags.SECOND_FIELD) == 0]
    order = np.lexsort([firsts["order"], firsts["epoch"]])
    return [(int(r["packet"]), r["kind"].decode()) for r in firsts[order]]


@pytest.mark.parametrize("seed", range(16))
def test_encoded_streams_are_in_ffmpegs_order(seed, tmp_path):
    rng = random.Random(seed)
    name = f"clip.{rng.choice(['mp4', 'ts', 'mkv', 'avi', 'h264'])}"
    path = encode(tmp_path / name, settings(rng), num_frames=24, width=96, height=64)
    expected = displayed(path)
    assert len(expected) == 24
    assert in_display_order(path) == expected


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("clips/demo.mp4", 280),
        ("clips/flipping_a_pancake.mkv", 310),
        ("clips/h264_10bits.mp4", 30),
        ("clips/part_0.mp4", 32),
        ("clips/unordered.mov", 4),
        ("clips/video_90.mov", 3),
        ("wild/03_pts_restart_h264_no_b.ts", 120),
        ("wild/05_h264_b_in_avi.avi", 60),
        ("wild/05_h264_in_ps.mpg", 100),
        ("wild/05_raw_b.h264", 60),
        ("wild/06_lost_ts_packets.ts", 57),
        ("wild/07_paff_FRExt4_Panasonic.ts", 10),
        ("wild/07_paff_HPCVFL_BRCM_A.ts", 20),
        ("wild/09_samsung_sef_slow_motion.mp4", 64),
        ("wild/11_intra_refresh.mp4", 100),
        ("wild/13_size_change.ts", 90),
        ("wild/18_i_without_recovery_sei_HPCV_BRCM.mp4", 36),
    ],
)
def test_real_streams_are_in_ffmpegs_order(name, count, shared_data):
    expected = displayed(shared_data / name)
    assert len(expected) == count
    assert in_display_order(shared_data / name) == expected
