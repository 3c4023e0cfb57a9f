"""The MPEG-4 part 2 parser after seeks, on damaged data, and on what it refuses."""

from __future__ import annotations

import pickle

import pytest

from compressedvideo.bitstream import mpeg4
from compressedvideo.bitstream.mpeg4 import Mpeg4MotionParser
from compressedvideo.errors import CorruptVideoError, UnsupportedVideoError
from tests.compressedvideo.bitstream.mpeg4_writer import (
    DIRECT,
    I_0,
    INTRA,
    P_AT_3,
    P_MACROBLOCKS,
    SKIP,
    number,
    vol,
    vop,
)

pytestmark = pytest.mark.skipif(not mpeg4.is_available(), reason="no compiled MPEG-4 parser")


def test_after_a_seek_b_vops_wait_for_two_anchors():
    parser = Mpeg4MotionParser(vol())
    parser.parse(I_0)
    parser.parse(P_AT_3)
    b1 = vop("B", 1, DIRECT * 8)
    assert parser.parse(b1)[0].error is None
    parser.reset()
    parser.parse(vop("I", 3, INTRA * 8))
    (leading,) = parser.parse(vop("B", 2, DIRECT * 8))
    assert leading.error == "a B-VOP without both its anchors"
    with pytest.raises(ValueError, match="no vectors: a B-VOP without both"):
        _ = leading.forward
    parser.parse(vop("P", 6, *P_MACROBLOCKS))
    assert parser.parse(vop("B", 5, DIRECT * 7))[0].error is None


def test_a_damaged_anchor_costs_the_b_vops_around_it():
    parser = Mpeg4MotionParser(vol())
    b = {time: vop("B", time, DIRECT * 7) for time in (1, 4, 7)}
    packets = [I_0, vop("P", 3, SKIP * 7, "0" * 12), b[1]]
    packets += [vop("P", 6, *P_MACROBLOCKS), b[4], vop("P", 9, *P_MACROBLOCKS), b[7]]
    marked = [v for packet in packets for v in parser.parse(packet, on_damage="mark")]
    assert [v.error for v in marked] == [
        None,
        "no such mcbpc code",
        "a B-VOP without both its anchors",
        None,
        "a B-VOP without both its anchors",
        None,
        None,
    ]
    with pytest.raises(CorruptVideoError, match="mcbpc"):
        parser.parse(packets[1])


def test_damage_is_reported_with_its_bit():
    start = 32 + len("01" + "0" + "1" + "00001" + "1" + "1" + "0" + "000" + "00101" + "001")
    parser = Mpeg4MotionParser(vol(), path="clip.avi")
    parser.parse(I_0)
    bad = vop("P", 1, SKIP * 3, "0" * 12)
    (marked,) = parser.parse(bad, on_damage="mark")
    assert marked.error == "no such mcbpc code"
    assert marked.error_bit == start + 3 + 1  # behind not_coded
    with pytest.raises(CorruptVideoError) as caught:
        parser.parse(b"\x7f" * 10 + bad)
    assert str(caught.value) == (
        f"clip.avi: P-VOP, bit {80 + marked.error_bit} of its packet: no such mcbpc code "
        "(codec mpeg4)"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(ValueError, match=r"'raise', 'mark'.*got 'ignore'"):
        parser.parse(bad, on_damage="ignore")


@pytest.mark.parametrize("extra", ["1", "01111111", "0" * 8, INTRA])
def test_a_vop_that_does_not_end_at_its_stuffing_is_doubtful(extra):
    parser = Mpeg4MotionParser(vol())
    (i,) = parser.parse(vop("I", 0, INTRA * 8, extra))
    (p,) = parser.parse(vop("P", 1, *P_MACROBLOCKS))
    assert not i.ends_exactly
    assert i.error is None
    assert p.ends_exactly


def test_truncated_vops_are_damage():
    whole = vop("P", 1, *P_MACROBLOCKS)
    parser = Mpeg4MotionParser(vol())
    parser.parse(I_0)
    for length in range(4, len(whole)):
        (marked,) = parser.parse(whole[:length], on_damage="mark")
        assert marked.error or not marked.ends_exactly
        assert marked.error_bit <= 8 * length + 32
    assert [v.error for v in parser.parse(whole)] == [None]


def test_a_vop_needs_a_layer():
    with pytest.raises(CorruptVideoError, match="no video object layer"):
        Mpeg4MotionParser().parse(I_0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interlaced": "1"}, "interlaced"),
        ({"partitioned": "1"}, "data partitioning"),
        ({"complexity_disable": "0"}, "complexity"),
        ({"sprite": "01"}, "static sprites"),
        ({"scalability": "1"}, "scalability"),
        ({"video_object_type": 18}, "scalability"),
        ({"shape": "01"}, "shapes"),
        ({"shape": "10"}, "shapes"),
        ({"shape": "11"}, "shapes"),
        ({"not_8_bit": "1"}, "8 bits"),
        ({"newpred": "1"}, "NEWPRED"),
        ({"reduced": "1"}, "reduced resolution"),
        ({"control": "1" + "10" + "00"}, "4:2:0"),
    ],
)
def test_tools_that_are_not_read_are_refused_by_name(changes, message):
    with pytest.raises(UnsupportedVideoError, match=message) as caught:
        Mpeg4MotionParser(vol(**changes), path="clip.avi")
    assert str(caught.value).startswith("clip.avi: ")
    with pytest.raises(UnsupportedVideoError, match=message):
        Mpeg4MotionParser().parse(vol(**changes) + I_0)


def test_global_motion_compensation_and_short_headers_are_refused():
    gmc = vol(sprite="10" + number(3, 6) + "00" + "0")
    parser = Mpeg4MotionParser(gmc)
    assert parser.parse(I_0)[0].error is None  # other VOPs of such a stream are read
    with pytest.raises(UnsupportedVideoError, match="S-VOPs"):
        parser.parse(vop("S", 1, SKIP * 8))
    with pytest.raises(UnsupportedVideoError, match="short headers"):
        parser.parse(bytes([0, 0, 0x80, 2, 8]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width or height is 0"),
        ({"height": 0}, "width or height is 0"),
        ({"ticks": 0}, "resolution is 0"),
        ({"marker": "0"}, "marker"),
    ],
)
def test_damaged_layers(changes, message):
    with pytest.raises(CorruptVideoError, match=message):
        Mpeg4MotionParser(vol()).parse(I_0 + vol(**changes) + I_0)


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (vop("I", 1, INTRA * 8, quantiser=0), "quantiser is 0"),
        (vop("P", 1, *P_MACROBLOCKS, fcodes=(0, 1)), "fcode is 0"),
        (vop("P", 1, "0" + "1" + "0" * 8), "cbpy"),
        (vop("P", 1, "0" + "1" + "11" + "0" * 14), "motion vector"),
        (vop("I", 1, "1" + "0" + "0011" + "0" * 14), "dct_dc_size"),
        (vop("B", 1, "01" + "0000"), "without both"),
    ],
)
def test_codes_that_do_not_exist(damaged, message):
    parser = Mpeg4MotionParser(vol())
    parser.parse(I_0)
    (marked,) = parser.parse(damaged, on_damage="mark")
    assert message in marked.error


def test_a_b_vop_without_mb_type_is_damaged_and_harms_no_other():
    parser = Mpeg4MotionParser(vol())
    parser.parse(I_0)
    parser.parse(P_AT_3)
    (marked,) = parser.parse(vop("B", 1, "01" + "0000"), on_damage="mark")
    assert marked.error == "no such mb_type code"
    assert parser.parse(vop("B", 2, DIRECT * 8))[0].error is None


def test_without_the_extension_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(mpeg4, "_mpeg4", None)
    assert not mpeg4.is_available()
    with pytest.raises(ImportError, match="compiler"):
        Mpeg4MotionParser()
