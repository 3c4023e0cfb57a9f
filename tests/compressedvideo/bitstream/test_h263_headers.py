"""Records of H.263, FLV1, MS-MPEG4 and WMV: types, disposable pictures, damage."""

from __future__ import annotations

import random

import numpy as np
import pytest

from compressedvideo.bitstream.parsers import header_parser
from compressedvideo.bitstream.record import Flags, as_arrays
from tests.compressedvideo.bitstream.header_streams import (
    encode,
    pack,
    read_stream,
    shown_kinds,
    unpack,
)


def records_of(codec: str, *packets: bytes, **size) -> np.ndarray:
    parser = header_parser(codec, b"", **size)
    return as_arrays(*parser.headers(list(packets)))[0]


def kinds(records: np.ndarray) -> str:
    return b"".join(records["kind"]).decode()


# ---------------------------------------------------------------------------------- H.263

PSC = "0" * 16 + "1" + "00000"  # clause 5.1.1
HEAD = PSC + "00000011" + "10" + "000"  # temporal reference, start of PTYPE


def baseline(bit: str) -> bytes:
    return pack(HEAD + "010" + bit + "0000" + "00101" + "0" * 40)


def plus(kind: int, *, ufep: int = 1) -> bytes:
    optional = "010" + "0" * 11 + "1" + "000" if ufep == 1 else ""
    return pack(HEAD + "111" + f"{ufep:03b}" + optional + f"{kind:03b}" + "0" * 40)


def test_h263_types():
    assert kinds(records_of("h263", baseline("0"), baseline("1"))) == "IP"
    assert kinds(records_of("h263", *(plus(kind) for kind in range(8)))) == "IPPB???I"
    assert kinds(records_of("h263p", plus(0), plus(1, ufep=0), plus(1, ufep=2))) == "IP?"


def test_a_h263_picture_may_begin_behind_some_bytes():
    assert kinds(records_of("h263", b"\xff\x00\x01" + baseline("1"))) == "P"
    damaged = records_of("h263", b"\x00\x00", pack(PSC + "00000011" + "00" + "0" * 40))
    assert kinds(damaged) == "??"
    assert (damaged["flags"] & Flags.DAMAGED).all()


def test_intels_h263_has_no_plus():
    intel = pack(HEAD + "111" + "1" + "0" * 40), pack(HEAD + "111" + "0" + "0" * 40)
    assert kinds(records_of("h263i", *intel)) == "PI"


def test_flags_of_codecs_without_b_pictures():
    records = records_of("h263", baseline("0"), baseline("1"), baseline("0"))
    key = Flags.REFERENCED | Flags.KEY | Flags.CLOSED
    assert records["flags"].tolist() == [key, Flags.REFERENCED, key]
    assert records["num_references"].tolist() == [0, 1, 0]
    assert records["stop"].tolist() == [len(baseline("0"))] * 3


# ---------------------------------------------------------------------------------- FLV1


def flv1(kind: int, *, size: int = 0, version: int = 1) -> bytes:
    extent = {0: "0" * 16, 1: "0" * 32}.get(size, "")
    head = "0" * 16 + "1" + f"{version:05b}" + "00000111"
    return pack(head + f"{size:03b}" + extent + f"{kind:02b}" + "0" * 40)


def test_flv1_types_at_every_size_code():
    for size in range(7):
        found = records_of("flv", *(flv1(kind, size=size) for kind in range(4)))
        assert kinds(found) == "IPPP"
        assert (found["flags"] & Flags.REFERENCED != 0).tolist() == [True, True, False, False]
    assert kinds(records_of("flv1", flv1(0, version=2), flv1(0)[:5])) == "??"


def with_type(packet: bytes, kind: int) -> bytes:
    """A P-picture of FLV1 as another type."""
    bits = unpack(packet)
    size = int(bits[30:33], 2)
    at = 33 + {0: 16, 1: 32}.get(size, 0)
    return pack(bits[:at] + f"{kind:02b}" + bits[at + 2 :]) if bits[at + 1] == "1" else packet


def test_disposable_p_pictures_of_flv1(tmp_path):
    stream = read_stream(encode(tmp_path / "clip.flv", "flv"))
    rng = random.Random(0)
    packets = stream.packets
    num_lost = 0
    for _ in range(20):
        stream.packets = [with_type(packet, rng.choice([1, 2])) for packet in packets]
        records, references = stream.records()
        assert shown_kinds(records) == stream.kinds()
        num_lost += len(stream.kinds()) < len(packets)
        anchor = -1
        following = iter(references.tolist())
        for number, flags in enumerate(records["flags"]):
            if records["kind"][number] != b"I":
                assert next(following) == anchor
            if flags & Flags.REFERENCED:
                anchor = number
    assert num_lost > 0  # behind the first key picture FFmpeg shows none


# ---------------------------------------------------------------------------------- Microsoft's


@pytest.mark.parametrize("codec", ["msmpeg4v2", "msmpeg4", "msmpeg4v3", "wmv1"])
def test_types_of_two_bits(codec):
    packets = [pack(f"{kind:02b}" + "00101" + "0" * 30) for kind in range(4)]
    assert kinds(records_of(codec, *packets, pack("01" + "00000" + "1" * 30))) == "IP???"


def test_msmpeg4v1_has_a_start_code():
    head = pack("0" * 23 + "1" + "0" * 8)
    tails = [pack("00011" + f"{kind:02b}" + "00101" + "0" * 30) for kind in range(2)]
    assert kinds(records_of("msmpeg4v1", *(head + tail for tail in tails))) == "IP"
    assert kinds(records_of("msmpeg4v1", tails[0], b"")) == "?"


def test_wmv2_pictures_that_skip_every_macroblock_are_not_shown(tmp_path):
    stream = read_stream(encode(tmp_path / "clip.avi", "wmv2", num_frames=10))
    rows, columns = stream.height // 16, stream.width // 16
    head = "1" + "00101"
    skipped = pack(head + "10" + "1" * rows + "0" * 40), pack(head + "11" + "1" * columns + "0" * 9)
    nearly = pack(head + "10" + "1" * (rows - 1) + "0" + "1" * columns + "0" * 40)
    stream.packets[3:3] = [*skipped, nearly]
    records, _ = stream.records()
    assert shown_kinds(records) == stream.kinds() == "IPPPPPPPPPP"
    assert set(range(13)) - set(records["packet"].tolist()) == {3, 4}


def test_wmv2_types():
    intra, inter = pack("0" + "0" * 7 + "00101"), pack("1" + "00101" + "00")
    assert kinds(records_of("wmv2", intra, inter, pack("1" + "0" * 20))) == "IP?"
