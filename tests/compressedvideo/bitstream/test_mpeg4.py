"""The MPEG-4 part 2 parser on streams written bit by bit, with vectors computed by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compressedvideo.bitstream import mpeg4
from compressedvideo.bitstream.mpeg4 import MacroblockMode as Mode
from compressedvideo.bitstream.mpeg4 import Mpeg4MotionParser, ParsedVop
from compressedvideo.errors import CorruptVideoError
from tests.compressedvideo.bitstream.mpeg4_writer import (
    BACKWARD,
    BIDIRECTIONAL,
    DIRECT,
    DIRECT_DELTA,
    FORWARD,
    HEIGHT,
    I_0,
    INTRA,
    MV_CODES,
    P_AT_3,
    P_MACROBLOCKS,
    SKIP,
    TICKS,
    WIDTH,
    Packet,
    inter,
    mv,
    number,
    unit,
    vol,
    vop,
)

pytestmark = pytest.mark.skipif(not mpeg4.is_available(), reason="no compiled MPEG-4 parser")


def parse(*packets: bytes, **kwargs) -> list[ParsedVop]:
    parser = Mpeg4MotionParser(**kwargs)
    return [vop for packet in packets for vop in parser.parse(packet)]


def vectors(blocks: np.ndarray) -> list[list[tuple[int, int]]]:
    """The vector of each macroblock's block 0, row by row."""
    return [[(int(x), int(y)) for x, y in row] for row in blocks[::2, ::2]]


# ---------------------------------------------------------------------------------- P-VOPs


def test_p_vectors_add_to_the_median_of_three_neighbours():
    _, p = parse(vol() + I_0, vop("P", 1, *P_MACROBLOCKS))
    assert vectors(p.forward) == [
        [(3, -2), (4, -1), (0, 0), (-4, 2)],
        [(3, -1), (3, 0), (2, 0), (0, 0)],
    ]
    # Blocks 0 to 3 add to the medians of (3,0) (0,0) (-4,2); (2,0) (0,0) (-4,2);
    # (3,0) (2,0) (0,3); and, the last, of blocks 2, 0 and 1: (1,0) (2,0) (0,3).
    np.testing.assert_array_equal(p.forward[2:, 4:6], [[[2, 0], [0, 3]], [[1, 0], [1, -1]]])
    assert p.mode.tolist() == [
        [Mode.FORWARD, Mode.FORWARD, Mode.SKIPPED, Mode.FORWARD],
        [Mode.FORWARD, Mode.FORWARD, Mode.FORWARD_4MV, Mode.INTRA],
    ]
    np.testing.assert_array_equal(
        p.forward_valid, np.repeat([[True] * 8, [True] * 6 + [False] * 2], 2, axis=0)
    )
    assert not p.backward_valid.any()
    assert not p.backward.any()
    assert (p.error, p.ends_exactly, p.vector_scale, p.size) == (None, True, 2, (HEIGHT, WIDTH))


def test_macroblocks_cost_what_was_written():
    i, p = parse(vol() + I_0, vop("P", 1, *P_MACROBLOCKS))
    assert (i.bits == len(INTRA)).all()
    assert p.bits.ravel().tolist() == [len(bits) for bits in P_MACROBLOCKS]
    assert not p.coefficients.any()
    assert (p.quantiser == 5).all()


def test_vectors_wrap_at_the_range_of_their_fcode():
    def difference(value: int) -> str:  # fcode 2: one residual bit, behind the sign
        magnitude = abs(value)
        return MV_CODES[(magnitude + 1) // 2] + "01"[value < 0] + str((magnitude - 1) % 2)

    differences = [(63, -64), (1, -1), (-10, 9)]
    macroblocks = ["0" + "1" + "11" + difference(x) + difference(y) for x, y in differences]
    _, p = parse(vol() + I_0, vop("P", 1, *macroblocks, SKIP * 5, fcodes=(2, 1)))
    # The range is -64 to 63: 63 + 1 is -64, -64 - 1 is 63; -64 - 10 is 54, 63 + 9 is -56.
    assert vectors(p.forward)[0][:3] == [(63, -64), (-64, 63), (54, -56)]


def test_quarter_pixels_and_frames_that_end_inside_a_macroblock():
    _, p = parse(
        vol(quarter="1", width=41, height=17) + vop("I", 0, INTRA * 6),
        vop("P", 1, inter(3, -2), SKIP * 5),
    )
    assert p.vector_scale == 4
    assert p.forward.shape == (3, 6, 2)
    assert p.backward_valid.shape == (3, 6)
    assert p.mode.shape == (2, 3)
    assert vectors(p.forward)[0] == [(3, -2), (0, 0), (0, 0)]


# ---------------------------------------------------------------------------------- video packets


@pytest.mark.parametrize("extension", ["0", "1" + "0" + "1" + number(1, 5) + "1" + "01000" + "001"])
def test_prediction_ends_at_video_packets(extension):
    _, p = parse(
        vol(resync_disable="0") + I_0,
        vop(
            "P",
            1,
            inter(3, -2) + inter(1, 1) + inter(0, 0),
            Packet(3, quantiser=9, extension=extension),
            inter(2, 2) + inter(0, 0) * 2 + inter(1, 0) + inter(0, 0),
        ),
    )
    # Of macroblock 4 no neighbour is in the packet, of 5 the left one.  6 has its left neighbour
    # and the one above right; 7 has two, and nothing above right.
    assert vectors(p.forward) == [
        [(3, -2), (4, -1), (4, -1), (2, 2)],
        [(0, 0), (0, 0), (1, 0), (1, 0)],
    ]
    assert p.quantiser.ravel().tolist() == [5] * 3 + [9] * 5
    assert p.ends_exactly


def test_the_resync_marker_of_an_i_vop_has_16_zeros():
    (i,) = parse(vol(resync_disable="0") + vop("I", 0, INTRA * 5, Packet(5, 7), INTRA * 3))
    assert i.quantiser.ravel().tolist() == [5] * 5 + [7] * 3
    assert (i.bits == len(INTRA)).all()


@pytest.mark.parametrize(
    "packet", [Packet(4), Packet(2), Packet(3, quantiser=0), Packet(3, extension="1" * 20)]
)
def test_packets_that_contradict_their_vop_are_damage(packet):
    with pytest.raises(CorruptVideoError, match="P-VOP, bit"):
        parse(vol(resync_disable="0") + I_0, vop("P", 1, SKIP * 3, packet, SKIP * 5))


# ---------------------------------------------------------------------------------- texture

ESCAPE = "0000011"


def with_block_0(events: str, *, dquant: str = "") -> str:
    """An inter macroblock whose block 0 alone has coefficients."""
    return "0" + ("011" if dquant else "1") + "1011" + dquant + mv(0, 0) + events


@pytest.mark.parametrize(
    ("events", "count"),
    [  # Table B-17 and the escapes of 7.4.1.3; a sign ends each ordinary code
        ("0111" + "1", 1),
        ("10" + "0" + "0111" + "1", 2),
        ("110" + "0" + "0000" + "0101" + "1111" + "0", 2),  # runs of 1 and 40
        (ESCAPE + "0" + "10" + "0" + "0111" + "0", 2),  # type 1
        (ESCAPE + "10" + "0111" + "0", 1),  # type 2
        (ESCAPE + "11" + "1" + number(63, 6) + "1" + number(5, 12) + "1", 1),  # type 3
        ("10" + "0" + ESCAPE + "11" + "1" + number(62, 6) + "1" + number(4095, 12) + "1", 2),
        ("100" * 63 + "01110", 64),
    ],
)
def test_coefficients_are_counted(events, count):
    macroblock = with_block_0(events)
    _, p = parse(vol() + I_0, vop("P", 1, SKIP, macroblock, SKIP * 6))
    assert p.coefficients.ravel().tolist() == [0, count] + [0] * 6
    assert p.bits[0, 1] == len(macroblock)
    assert p.ends_exactly


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("100" * 64 + "01110", "more than 64"),
        ("10" + "0" + ESCAPE + "11" + "1" + number(63, 6) + "1" + number(5, 12) + "1", "than 64"),
        (ESCAPE + "11" + "1" + number(0, 6) + "0" + number(5, 12) + "1", "marker"),
        (ESCAPE + "11" + "1" + number(0, 6) + "1" + number(5, 12) + "0", "marker"),
        (ESCAPE + "11" + "1" + number(0, 6) + "1" + number(0, 12) + "1", "coefficient code"),
        (ESCAPE + "11" + "1" + number(0, 6) + "1" + number(2048, 12) + "1", "coefficient code"),
        (ESCAPE + "0" + ESCAPE, "coefficient code"),
        ("000000000", "coefficient code"),
    ],
)
def test_impossible_coefficients_are_damage(events, message):
    with pytest.raises(CorruptVideoError, match=message):
        parse(vol() + I_0, vop("P", 1, SKIP, with_block_0(events), SKIP * 6))


def test_the_run_of_an_escape_of_type_2_starts_behind_the_longest():
    # Table B-22: the longest run of (last 0, level 2) is 10, so that code 1111 (run 0) means 11;
    # of (last 1, level 1) 40, so that 0111 (run 0) means 41.
    fits = ESCAPE + "10" + "1111" + "0" + ("100" * 10) + ESCAPE + "10" + "0111" + "0"
    too_long = ESCAPE + "10" + "1111" + "0" + ("100" * 11) + ESCAPE + "10" + "0111" + "0"
    parse(vol() + I_0, vop("P", 1, SKIP, with_block_0(fits), SKIP * 6))
    with pytest.raises(CorruptVideoError, match="more than 64"):
        parse(vol() + I_0, vop("P", 1, SKIP, with_block_0(too_long), SKIP * 6))


def test_dquant_changes_the_quantiser_from_its_macroblock_on():
    changes = {"00": -1, "01": -2, "10": 1, "11": 2}
    macroblocks = [with_block_0("01110", dquant=code) for code in changes]
    _, p = parse(vol() + I_0, vop("P", 1, SKIP, *macroblocks, SKIP * 3, quantiser=3))
    assert p.quantiser.ravel().tolist() == [3, 2, 1, 2, 4, 4, 4, 4]  # 1, since 0 is no quantiser


def test_intra_dc_may_be_coded_like_an_ac_coefficient():
    all_blocks = "1" + "0" + "11"  # mcbpc, ac_pred_flag, cbpy: four luminance blocks
    ac_only = all_blocks + "01110" * 4
    with_dc = all_blocks + ("011" + "01110") * 4 + "11" * 2
    (i,) = parse(vol() + vop("I", 0, with_dc * 8))
    assert (i.coefficients == 4).all()
    (i,) = parse(vol() + vop("I", 0, ac_only * 8, thr=7))
    assert (i.coefficients == 4).all()
    # intra_dc_vlc_thr 1: from a quantiser of 13 on, the one before this macroblock's dquant.
    with_dquant = "0001" + "0" + "11" + "11" + ("011" + "01110") * 4 + "11" * 2
    (i,) = parse(vol() + vop("I", 0, with_dc * 3, with_dquant, ac_only * 4, thr=1, quantiser=11))
    assert i.quantiser.ravel().tolist() == [11] * 3 + [13] * 5
    assert i.ends_exactly


def test_stuffing_macroblocks_are_passed_over():
    stuffing = "000000001"
    i, p = parse(
        vol() + vop("I", 0, stuffing * 2 + INTRA * 8),
        vop("P", 1, SKIP * 7, ("0" + stuffing) * 3 + inter(1, 1)),
    )
    assert i.bits[0, 0] == 18 + len(INTRA)
    assert p.bits[1, 3] == 30 + len(inter(1, 1))


# ---------------------------------------------------------------------------------- B-VOPs


def test_direct_vectors_are_scaled_by_temporal_distance():
    anchors = [vol() + I_0, P_AT_3]
    deltas = [DIRECT_DELTA + mv(1, 0), DIRECT_DELTA + mv(-2, 3), DIRECT_DELTA + mv(0, 0)]
    _, p, b1, b2 = parse(
        *anchors, vop("B", 1, DIRECT * 4, *deltas, DIRECT), vop("B", 2, DIRECT * 8)
    )
    assert vectors(p.forward)[0] == [(-4, 5), (-7, 5), (-7, 5), (-7, 5)]
    # TRB / TRD is 1/3; C's division: -4/3 is -1, 5/3 is 1, -7/3 is -2; backward -2/3: 8/3 is 2,
    # -10/3 is -3, 14/3 is 4.
    assert vectors(b1.forward)[0] == [(-1, 1), (-2, 1), (-2, 1), (-2, 1)]
    assert vectors(b1.backward)[0] == [(2, -3), (4, -3), (4, -3), (4, -3)]
    # TRB / TRD is 2/3, backward -1/3.
    assert vectors(b2.forward)[0] == [(-2, 3), (-4, 3), (-4, 3), (-4, 3)]
    assert vectors(b2.backward)[0] == [(1, -1), (2, -1), (2, -1), (2, -1)]
    # A delta adds to forward; backward is then forward - co-located, component by component.
    assert vectors(p.forward)[1][:2] == [(-4, 5), (-7, 5)]
    assert vectors(b1.forward)[1][:2] == [(-1 + 1, 1), (-2 - 2, 1 + 3)]
    assert vectors(b1.backward)[1][:2] == [(0 + 4, -3), (-4 + 7, 4 - 5)]
    # Four vectors, one for each block.
    colocated = p.forward[2:, 4:6].astype(int)
    assert len(np.unique(colocated.reshape(4, 2), axis=0)) > 1
    np.testing.assert_array_equal(b1.forward[2:, 4:6], np.trunc(colocated / 3))
    np.testing.assert_array_equal(b1.backward[2:, 4:6], np.trunc(colocated * -2 / 3))
    # Intra co-located: zero vectors.
    assert vectors(b1.forward)[1][3] == vectors(b1.backward)[1][3] == (0, 0)
    assert (b1.mode == Mode.DIRECT).all()
    assert b1.forward_valid.all()
    assert b1.backward_valid.all()


def test_b_vectors_are_predicted_by_the_last_of_their_direction():
    macroblocks = [
        FORWARD + mv(3, -1),
        BACKWARD + mv(2, 2),
        BIDIRECTIONAL + mv(1, 1) + mv(0, -4),
        DIRECT,
        FORWARD + mv(1, 0),  # a new row starts from 0
        DIRECT,
        FORWARD + mv(1, 0),
        BACKWARD + mv(-1, 5),
    ]
    _, _, b = parse(vol() + I_0, P_AT_3, vop("B", 1, *macroblocks))
    assert vectors(b.forward)[0][:3] == [(3, -1), (0, 0), (4, 0)]
    assert vectors(b.backward)[0][:3] == [(0, 0), (2, 2), (2, -2)]
    assert [vectors(b.forward)[1][i] for i in (0, 2, 3)] == [(1, 0), (2, 0), (0, 0)]
    assert [vectors(b.backward)[1][i] for i in (0, 2, 3)] == [(0, 0), (0, 0), (-1, 5)]
    assert b.mode.tolist() == [
        [Mode.FORWARD, Mode.BACKWARD, Mode.BIDIRECTIONAL, Mode.DIRECT],
        [Mode.FORWARD, Mode.DIRECT, Mode.FORWARD, Mode.BACKWARD],
    ]
    assert b.forward_valid[::2, ::2].tolist() == [
        [True, False, True, True],
        [True, True, True, False],
    ]
    assert b.backward_valid[::2, ::2].tolist() == [
        [False, True, True, True],
        [False, True, False, True],
    ]
    assert b.bits.ravel().tolist() == [len(bits) for bits in macroblocks]


def test_both_fcodes_of_a_b_vop_are_used():
    # fcode 2 adds a residual bit behind the sign of a difference that is not 0.
    macroblock = "01" + "01" + "01" + "0" + "1" + MV_CODES[0] + mv(-1, 2)
    _, _, b = parse(vol() + I_0, P_AT_3, vop("B", 1, macroblock, DIRECT * 7, fcodes=(2, 1)))
    assert vectors(b.forward)[0][0] == (2, 0)
    assert vectors(b.backward)[0][0] == (-1, 2)


def test_dbquant_and_cbpb():
    def macroblock(mb_type: str, cbpb: str, dbquant: str) -> str:
        vector = mv(0, 0) * (2 if mb_type == "01" else 1)
        return "00" + mb_type + cbpb + dbquant + vector + "01110" * cbpb.count("1")

    macroblocks = [
        macroblock("0001", "100001", "10"),
        macroblock("001", "111111", "11"),
        macroblock("01", "000010", "0"),
        macroblock("01", "000000", ""),  # no coefficients, no dbquant
        macroblock("1", "100000", ""),  # direct: never a dbquant
        macroblock("0001", "100000", "11"),
    ]
    _, _, b = parse(vol() + I_0, P_AT_3, vop("B", 1, *macroblocks, DIRECT * 2))
    assert b.quantiser.ravel().tolist() == [3, 5, 5, 5, 5, 7, 7, 7]
    assert b.coefficients.ravel().tolist() == [2, 6, 1, 0, 1, 1, 0, 0]


def test_macroblocks_below_skipped_ones_have_no_bits():
    p_at_3 = vop("P", 3, inter(2, 2), SKIP * 2, inter(0, 0), SKIP * 3, inter(0, 0))
    macroblocks = [FORWARD + mv(1, 1), "", "", FORWARD + mv(1, 1), "", "", "", DIRECT]
    _, _, b = parse(vol() + I_0, p_at_3, vop("B", 1, *macroblocks))
    assert b.bits.ravel().tolist() == [len(bits) for bits in macroblocks]
    skipped = [[False, True, True, False], [True, True, True, False]]
    assert (b.mode == Mode.SKIPPED).tolist() == skipped
    assert vectors(b.forward)[0] == [(1, 1), (0, 0), (0, 0), (2, 2)]
    np.testing.assert_array_equal(b.backward_valid[::2, ::2], b.mode == Mode.DIRECT)
    assert b.forward_valid.all()
    assert b.ends_exactly


def test_nothing_is_skipped_below_an_i_vop():
    _, _, b = parse(
        vol() + I_0, vop("I", 3, INTRA * 8), vop("B", 1, FORWARD + mv(1, 1), DIRECT * 7)
    )
    assert not (b.mode == Mode.SKIPPED).any()
    assert vectors(b.forward)[0][:2] == [(1, 1), (0, 0)]


@pytest.mark.parametrize("start", [1, 2, 3])
def test_packets_of_b_vops_may_begin_with_macroblocks_without_bits(start):
    p_at_3 = vop("P", 3, inter(2, 2), SKIP * 2, inter(0, 0), SKIP * 3, inter(0, 0))
    parts = [FORWARD + mv(1, 1), Packet(start, 9), FORWARD + mv(1, 1), Packet(5), Packet(6), DIRECT]
    _, _, b = parse(vol(resync_disable="0") + I_0, p_at_3, vop("B", 1, *parts))
    assert vectors(b.forward)[0] == [(1, 1), (0, 0), (0, 0), (1, 1)]  # a packet starts from 0
    assert b.mode[1, 3] == Mode.DIRECT
    assert b.ends_exactly


def test_packets_may_follow_the_last_macroblock_of_a_b_vop():
    p_at_3 = vop("P", 3, inter(2, 2), SKIP * 7)
    parts = [FORWARD + mv(0, 0), Packet(3), Packet(6)]
    _, _, b = parse(vol(resync_disable="0") + I_0, p_at_3, vop("B", 1, *parts, fcodes=(3, 4)))
    assert b.ends_exactly
    with pytest.raises(CorruptVideoError, match="packet header"):
        parse(vol(resync_disable="0") + I_0, p_at_3, vop("B", 1, FORWARD + mv(1, 1), Packet(0)))


# ---------------------------------------------------------------------------------- time


def test_times_count_seconds_from_the_right_anchor():
    gov = unit(0xB3, number(1, 5) + number(2, 6) + "1" + number(3, 6) + "10")
    p = [inter(4, 0)] + [SKIP] * 7
    i, p1, b1, p2, b2 = parse(
        vol() + gov + vop("I", 25, INTRA * 8),
        vop("P", 10, *p, seconds=1),
        vop("B", 5, DIRECT, seconds=1),  # the second counts from the I-VOP's
        vop("P", 20, *p),
        vop("B", 15, DIRECT),
    )
    start = TICKS * (3600 + 2 * 60 + 3)
    ticks = [start + 25, start + 40, start + 35, start + 50, start + 45]
    assert [v.ticks for v in (i, p1, b1, p2, b2)] == ticks
    assert vectors(b1.forward)[0][0] == (2, 0)  # 4 * 10 / 15
    assert vectors(b2.forward)[0][0] == (2, 0)  # 4 * 5 / 10
    assert vectors(b1.backward)[0][0] == (-1, 0)  # -4 * 5 / 15
    assert Mpeg4MotionParser(vol()).ticks_per_second == TICKS


@pytest.mark.parametrize("time", [0, 3, 4])
def test_b_vops_must_lie_between_their_anchors(time):
    with pytest.raises(CorruptVideoError, match="not between its anchors"):
        parse(vol() + I_0, P_AT_3, vop("B", time, DIRECT * 8))


# ---------------------------------------------------------------------------------- packets


def test_packed_bitstreams():
    b1, b2 = vop("B", 1, DIRECT * 8), vop("B", 2, DIRECT * 8)
    p_at_5 = vop("P", 5, *P_MACROBLOCKS)
    b4 = vop("B", 4, *[DIRECT] * 2, *[DIRECT] * 5)  # the third is skipped in p_at_5
    plain = parse(vol() + I_0, P_AT_3, b1, b2, p_at_5, b4)
    placeholder = vop("P", 3, coded=False)
    assert len(placeholder) <= 8
    packed = parse(vol() + I_0, P_AT_3 + b1, b2, placeholder, p_at_5 + b4, b"\x7f", b"")
    assert [v.kind for v in packed] == list("IPBBPB")
    for one, other in zip(plain, packed, strict=True):
        assert one.ticks == other.ticks
        np.testing.assert_array_equal(one.forward, other.forward)
        np.testing.assert_array_equal(one.backward, other.backward)
        np.testing.assert_array_equal(one.mode, other.mode)


def test_headers_may_come_as_extradata_and_other_headers_are_passed_over():
    visual_object = unit(0xB5, "1" + number(2, 4) + "001" + "0001" + "0")
    user_data = bytes([0, 0, 1, 0xB2]) + b"DivX503b1393p"
    stream = [vop("I", 0, INTRA * 8), vop("P", 1, *P_MACROBLOCKS)]
    headers = bytes([0, 0, 1, 0xB0, 0xF5]) + visual_object + bytes([0, 0, 1, 0]) + vol() + user_data
    in_band = parse(headers + stream[0], stream[1])
    separate = parse(*stream, extradata=headers)
    np.testing.assert_array_equal(in_band[1].forward, separate[1].forward)


def test_packets_are_buffers():
    parser = Mpeg4MotionParser(vol())
    for kind in (bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)):
        assert parser.parse(kind(I_0))[0].kind == "I"
    with pytest.raises(TypeError):
        parser.parse("text")


def test_a_layer_of_another_size_replaces_the_first():
    small = vol(width=16, height=16) + vop("I", 9, INTRA)
    one, _, other, p = parse(
        vol() + I_0, P_AT_3, small, vop("P", 10, inter(1, 2)), extradata=vol(width=320, height=240)
    )
    assert one.size == (HEIGHT, WIDTH)
    assert other.size == (16, 16)
    assert vectors(p.forward) == [[(1, 2)]]
    assert one.bits.shape == (2, 4)  # results stay as they are


def test_custom_matrices_and_buffer_sizes_are_passed_over():
    marked = [number(9, 15), number(9, 15), number(9, 15), number(9, 14), number(9, 15)]
    vbv = "1" + "01" + "1" + "1" + "".join(value + "1" for value in marked)
    for intra, nonintra in itertools.product((64, 3), repeat=2):
        matrices = "1" + "1" + number(8, 8) * intra + (number(0, 8) if intra < 64 else "")
        matrices += "1" + number(9, 8) * nonintra + (number(0, 8) if nonintra < 64 else "")
        headers = vol(control=vbv, quant=matrices, quarter="1")
        assert parse(headers + I_0)[0].vector_scale == 4


def test_version_1_layers_have_fewer_fields():
    # sprite_enable has one bit; quarter_sample, newpred_enable and reduced_resolution do not exist.
    headers = vol(verid=1, sprite="0", quarter="", newpred="", reduced="")
    _, p = parse(headers + I_0, vop("P", 1, *P_MACROBLOCKS))
    assert vectors(p.forward)[0] == [(3, -2), (4, -1), (0, 0), (-4, 2)]


def test_i_vops_may_be_skipped():
    i, p = parse(vol() + vop("I", 0, "0" * 99), vop("P", 1, *P_MACROBLOCKS), skip_i_vops=True)
    assert (i.mode == Mode.INTRA).all()
    assert not i.bits.any()
    assert not i.forward_valid.any()
    assert vectors(p.forward)[0] == [(3, -2), (4, -1), (0, 0), (-4, 2)]
