"""Picture types from packet headers, against hand-built bits and against the decoder."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.bitstream import headers as packets
from compressedvideo.bitstream.headers import (
    Bits,
    CodedPicture,
    H264Parser,
    Mpeg4Parser,
    parse_flv1,
    parse_h263,
    parse_mpeg12,
    picture_parser,
)
from tests.compressedvideo.slow_reference import plain_decode, translating_frames


def pack(*fields: tuple[int, int]) -> bytes:
    """(value, number of bits) pairs to bytes, padded with zeros."""
    bits = "".join(f"{value:0{count}b}" for value, count in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


VOL = b"\x00\x00\x01\x20" + pack((0, 1), (1, 8), (0, 1), (1, 4), (0, 1), (0, 2), (1, 1), (25, 16))


def vop(kind: int, *, coded: int = 1, seconds: int = 0, body: bytes = b"\xff" * 8) -> bytes:
    """A VOP header with a time increment of 5 bits (25 ticks a second)."""
    modulo = ((1 << seconds) - 1) << 1, seconds + 1
    header = pack((kind, 2), modulo, (1, 1), (7, 5), (1, 1), (coded, 1))
    return b"\x00\x00\x01\xb6" + header + body


@pytest.fixture(params=["compiled", "python"])
def splitter(request, monkeypatch):
    """Packets of MPEG-4 part 2 taken apart with and without the extension."""
    if request.param == "python":
        monkeypatch.setattr(packets, "_mpeg4", None)
    elif packets._mpeg4 is None:
        pytest.skip("not compiled")


def test_bits_reads_golomb_codes_and_zeros_past_the_end():
    bits = Bits(pack((0b1, 1), (0b010, 3), (0b011, 3), (0b00100, 5)))
    assert [bits.read_golomb() for _ in range(4)] == [0, 1, 2, 3]
    assert Bits(b"\xff").read(12) == 0b111111110000


@pytest.mark.usefixtures("splitter")
def test_mpeg4_types_and_references():
    parser = Mpeg4Parser(VOL)
    kinds = [parser(vop(kind))[0] for kind in range(4)]
    assert [picture.kind for picture in kinds] == ["I", "P", "B", "S"]
    assert [picture.referenced for picture in kinds] == [True, True, False, True]


@pytest.mark.usefixtures("splitter")
def test_mpeg4_packed_pictures_and_placeholders():
    parser = Mpeg4Parser(VOL)
    past, bidirectional = vop(1), vop(2)
    pictures = parser(past + bidirectional)
    assert [picture.kind for picture in pictures] == ["P", "B"]
    assert (past + bidirectional)[pictures[1].start : pictures[1].stop] == bidirectional
    assert parser(vop(1, coded=0, body=b"")) == []
    assert parser(vop(1, coded=0, seconds=3, body=b"\x7f")) == []
    assert parser(b"\x7f") == []


@pytest.mark.usefixtures("splitter")
def test_mpeg4_headers_in_the_packet_belong_to_its_first_picture():
    parser = Mpeg4Parser(b"")
    (picture,) = parser(VOL + vop(0))
    assert (picture.kind, picture.start) == ("I", 0)
    assert parser(vop(1, coded=0, body=b"")) == []  # the VOL was remembered


def test_both_splitters_find_the_same_vops():
    if packets._mpeg4 is None:
        pytest.skip("not compiled")
    random = np.random.default_rng(0)
    pieces = [vop(1), vop(2), vop(1, coded=0, body=b"\x7f"), vop(0, body=b""), VOL, b"\0\0\1\xb3"]
    found = 0
    for _ in range(3000):
        packet = bytearray(b"".join(pieces[i] for i in random.integers(0, len(pieces), 4)))
        for at in random.integers(0, len(packet), random.integers(0, 4)):
            packet[at] = random.choice([0, 1, 0xB6, 0xFF])
        data = bytes(packet[: random.integers(0, len(packet) + 1)])
        time_bits, is_last = int(random.choice([0, 1, 5, 16])), bool(random.integers(0, 2))
        vops = packets.coded_vops(data, time_bits, is_last)
        assert packets._mpeg4.coded_vops(data, time_bits, is_last) == vops
        found += len(vops)
    assert found > 2000


AVCC = b"\x01\x64\x00\x1f\xff"


def unit(ref_idc: int, kind: int, body: bytes) -> bytes:
    nal = bytes([ref_idc << 5 | kind]) + body
    return len(nal).to_bytes(4, "big") + nal


def test_h264_slice_types_references_and_idr():
    parser = H264Parser(AVCC)
    sei = unit(0, 6, b"\x00" * 5)
    p_slice = pack((1, 1), (0b00110, 5), (1, 1)) + b"\x00"  # first_mb 0, slice_type 5
    b_slice = pack((1, 1), (0b010, 3), (1, 1)) + b"\x00"  # slice_type 1
    i_slice = pack((1, 1), (0b0001000, 7), (1, 1)) + b"\x00"  # slice_type 7
    assert parser(sei + unit(3, 5, i_slice)) == [CodedPicture("I", True, True)]
    assert parser(unit(2, 1, p_slice)) == [CodedPicture("P", True)]
    assert parser(unit(0, 1, b_slice)) == [CodedPicture("B", False)]
    assert parser(sei) == []
    annex_b = H264Parser(b"")
    assert annex_b(b"\x00\x00\x00\x01\x09\x10\x00\x00\x01\x01" + b_slice) == [
        CodedPicture("B", False)
    ]


def test_h264_wrong_lengths_are_damage_not_absence():
    assert H264Parser(AVCC)(b"\xff" * 40) == [CodedPicture("?", True)]


def test_mpeg12_h263_and_flv1_headers():
    start = b"\x00\x00\x01\x00"
    kinds = [parse_mpeg12(start + pack((5, 10), (k, 3), (0, 19)))[0] for k in (1, 2, 3)]
    assert [picture.kind for picture in kinds] == ["I", "P", "B"]
    assert [picture.referenced for picture in kinds] == [True, True, False]
    for bit, kind in enumerate("IP"):
        header = pack((0x20, 22), (3, 8), (0b10, 2), (0, 3), (2, 3), (bit, 1), (0, 9))
        assert parse_h263(header)[0].kind == kind
        plus = pack((0x20, 22), (3, 8), (0b10, 2), (0, 3), (7, 3), (1, 3), (0, 18), (bit, 3))
        assert parse_h263(plus + b"\x00")[0].kind == kind
    for number, (kind, referenced) in enumerate([("I", True), ("P", True), ("P", False)]):
        header = pack((1, 17), (0, 5), (9, 8), (0, 3), (32, 8), (32, 8), (number, 2), (0, 5))
        assert parse_flv1(header) == [CodedPicture(kind, referenced)]


def test_unknown_codecs_have_no_parser():
    assert picture_parser("hevc", b"") is None


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix"),
    [
        ("mpeg4", 0, "mp4"),
        ("mpeg4", 2, "avi"),
        ("h264", 0, "mp4"),
        ("h264", 3, "mkv"),
        ("mpeg1", 2, "mpg"),
        ("mpeg2", 2, "mkv"),
        ("h263", 0, "3gp"),
        ("h263p", 0, "avi"),
        ("flv1", 0, "flv"),
        ("hevc", 2, "mp4"),
    ],
)
def test_types_equal_the_decoders(tmp_path, codec, b_frames, suffix):
    path = tmp_path / f"clip.{suffix}"
    frames = translating_frames(30, step=(1, 0), height=96, width=128)
    encode_frames(path, frames, codec=codec, gop_size=12, b_frames=b_frames)
    kinds = [frame.kind for frame in plain_decode(path)]
    assert len(kinds) == 30
    with CompressedVideo(path) as video:
        assert video.num_frames == 30
        assert video.frame_types == kinds
        assert video.has_b_frames == ("B" in kinds) == (b_frames > 0)
        assert video.keyframes.tolist() == [0, 12, 24]
        assert [t for gop in range(3) for t in video.gop_frame_types(gop)] == kinds
