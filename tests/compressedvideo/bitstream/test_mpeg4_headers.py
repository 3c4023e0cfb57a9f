"""Records of MPEG-4 part 2: packed VOPs, placeholders, time, what the layer says."""

from __future__ import annotations

import pytest

from compressedvideo.bitstream.parsers import header_parser
from compressedvideo.bitstream.record import Flags, as_arrays
from tests.compressedvideo.bitstream.header_streams import Stream, shown_kinds
from tests.compressedvideo.bitstream.mpeg4_writer import (
    DIRECT,
    I_0,
    INTRA,
    SKIP,
    number,
    unit,
    vop,
)
from tests.compressedvideo.bitstream.mpeg4_writer import vol as any_vol

PACKED = unit(0xB2, "".join(number(byte, 8) for byte in b"DivX503b1393p"))
REORDERED = "1" + "01" + "0" + "0"  # vol_control_parameters
LOW_DELAY = "1" + "01" + "1" + "0"


def vol(*, control: str = REORDERED, **kwargs) -> bytes:
    return any_vol(control=control, **kwargs)


def p(time: int, **kwargs) -> bytes:
    return vop("P", time, SKIP * 8, **kwargs)


def b(time: int, **kwargs) -> bytes:
    return vop("B", time, DIRECT * 8, **kwargs)


def placeholder(time: int, **kwargs) -> bytes:
    return vop("P", time, coded=False, **kwargs)


def read(extradata: bytes, *packets: bytes) -> list[tuple[str, int, bytes]]:
    """Kind, packet and bytes of each picture, after a check that FFmpeg shows the same."""
    stream = Stream("mpeg4", extradata, list(packets), 64, 32)
    records, _ = stream.records()
    assert shown_kinds(records) == stream.kinds()
    return [
        (r["kind"].decode(), int(r["packet"]), packets[r["packet"]][r["start"] : r["stop"]])
        for r in records
    ]


def test_a_packed_vop_is_decoded_with_the_packet_behind_its_own():
    found = read(vol() + PACKED, I_0, p(2) + b(1), placeholder(2), p(4) + b(3), placeholder(4))
    assert found == [
        ("I", 0, I_0),
        ("P", 1, p(2)),
        ("B", 1, b(1)),
        ("P", 3, p(4)),
        ("B", 3, b(3)),
    ]


def test_of_two_packed_in_a_row_the_second_waits_for_the_first():
    found = read(vol() + PACKED, I_0, p(3) + b(1), b(2), placeholder(3), p(4))
    assert [(kind, packet) for kind, packet, _ in found] == [
        ("I", 0),
        ("P", 1),
        ("B", 1),
        ("B", 2),
        ("P", 4),
    ]


def test_what_is_packed_into_the_last_packet_is_never_shown():
    found = read(vol() + PACKED, I_0, p(2) + b(1), placeholder(2), p(4) + b(3))
    assert [kind for kind, _, _ in found] == ["I", "P", "B", "P"]


def test_a_waiting_vop_is_given_up_where_a_sequence_begins():
    sequence = bytes([0, 0, 1, 0xB0, 1]) + vol() + vop("I", 4, INTRA * 8)
    found = read(vol() + PACKED, I_0, p(2) + b(1), sequence, p(5))
    assert [kind for kind, _, _ in found] == ["I", "P", "I", "P"]


def test_without_the_users_word_for_it_nothing_is_packed():
    both = p(2) + b(1)
    found = read(vol(), I_0, both, placeholder(2), p(4))
    assert [data for _, _, data in found] == [I_0, both, p(4)]


@pytest.mark.parametrize(
    "nothing", [placeholder(1), placeholder(1, seconds=3), b"\x7f", b"\x00", vol(), vol() + PACKED]
)
def test_packets_without_a_picture(nothing):
    found = read(vol(), I_0, nothing, p(2))
    assert [(kind, packet) for kind, packet, _ in found] == [("I", 0), ("P", 2)]


def test_headers_in_a_packet_belong_to_its_first_picture_and_are_remembered():
    first = vol() + I_0
    found = read(b"", first, placeholder(1), p(2))
    assert found[0] == ("I", 0, first)
    assert len(found) == 2


@pytest.mark.parametrize(("time", "is_shown"), [(1, True), (2, True), (0, False), (3, False)])
def test_a_b_vop_must_lie_between_its_anchors(time, is_shown):
    found = read(vol(), I_0, p(3), b(time), p(4))
    assert len(found) == 3 + is_shown


def test_seconds_count_from_the_anchor_before():
    found = read(vol(), I_0, p(5, seconds=1), b(20), b(3, seconds=1), b(6, seconds=1), p(7))
    assert [packet for _, packet, _ in found] == [0, 1, 2, 3, 5]


def test_distances_have_16_bits_as_in_ffmpeg():
    layer = vol(ticks=30000)

    def at(kind: str, seconds: int) -> bytes:
        bits = number("IPBS".index(kind), 2) + "1" * seconds + "0" + "1" + number(0, 15) + "1" + "1"
        bits += {"I": "000" + "00101" + INTRA * 8, "P": "0000" + "00101" + "001" + SKIP * 8}.get(
            kind, "000" + "00101" + "001" + "001" + DIRECT * 8
        )
        return unit(0xB6, bits)

    assert len(read(layer, at("I", 0), at("P", 2), at("B", 1), at("P", 1))) == 4
    # 3 seconds are 90000 ticks, or 24464: the B-VOP's 30000 lie outside.
    assert len(read(layer, at("I", 0), at("P", 3), at("B", 1), at("P", 1))) == 3


def test_low_delay_shows_pictures_as_they_come():
    kinds = read(vol(control=LOW_DELAY), I_0, p(2), b(1), p(4))
    assert [kind for kind, _, _ in kinds] == ["I", "P", "B", "P"]
    records, _ = Stream("mpeg4", vol(control=LOW_DELAY), [I_0, p(2), b(1)], 64, 32).records()
    assert (records["order"][1:] > records["order"][:-1]).all()
    assert records["flags"][0] == Flags.REFERENCED | Flags.KEY | Flags.CLOSED


def test_flags_and_references():
    parser = header_parser("mpeg4", vol())
    packets = [I_0, b(1), p(3), b(2), vop("I", 6, INTRA * 8), b(5), p(8), b(7)]
    records, references = as_arrays(*parser.headers(packets))
    key, leading = Flags.REFERENCED | Flags.KEY, Flags.LEADING
    assert records["flags"].tolist() == [key, leading, Flags.REFERENCED, 0, key, leading, 1, 0]
    assert records["num_references"].tolist() == [0, 2, 1, 2, 0, 2, 1, 2]
    assert references.tolist() == [-1, 0, 0, 0, 2, 2, 4, 4, 4, 6]
    assert (records["recovery"] == -1).all()
    assert (records["colocated"] == -1).all()
    assert not records["epoch"].any()


def test_global_motion_is_its_own_type():
    layer = vol(sprite="10" + number(0, 6) + "00" + "0")
    records, _ = Stream("mpeg4", layer, [I_0, vop("S", 1, SKIP * 8)], 64, 32).records()
    assert b"".join(records["kind"]) == b"IS"
    assert records["flags"][1] == Flags.REFERENCED


def test_interlaced_b_vops_that_set_the_frame_duration_must_not_be_left_out():
    layer = vol(interlaced="1")
    parser = header_parser("mpeg4", layer)
    i = [vop("I", time, INTRA * 8) for time in (0, 6)]
    packets = [i[0], p(3), b(1), b(2), layer + i[1], b(4), b(5), p(9), b(7), b(8)]
    records, _ = as_arrays(*parser.headers(packets))
    no_skip = [n for n, flags in enumerate(records["flags"]) if flags & Flags.NO_SKIP]
    # The first behind each layer, and the first that can be decoded after a seek to a key picture.
    assert no_skip == [2, 5, 8]
    assert (records["flags"] & Flags.INTERLACED).all()


def test_extradata_may_be_none_and_buffers_may_be_of_any_kind():
    parser = header_parser("mpeg4", None)
    records, _ = as_arrays(*parser.headers([bytearray(vol() + I_0), memoryview(p(1))]))
    assert b"".join(records["kind"]) == b"IP"
    with pytest.raises(TypeError):
        parser.headers(["text"])
    with pytest.raises(TypeError):
        parser.headers(7)
