"""Records of MPEG-1 and MPEG-2: fields, closed groups, what a B-picture leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo.bitstream.parsers import header_parser
from compressedvideo.bitstream.record import BOTTOM_FIELD, FRAME, TOP_FIELD, Flags, as_arrays
from tests.compressedvideo.bitstream.header_streams import START, Stream, pack, shown_kinds

WIDTH = HEIGHT = 32  # two rows of two macroblocks; one in a field
TOP, BOTTOM, WHOLE = 1, 2, 3  # picture_structure


def number(value: int, bits: int) -> str:
    return f"{value:0{bits}b}"


def unit(code: int, bits: str) -> bytes:
    return START + bytes([code]) + pack(bits)


def sequence(*, low_delay: str = "0", mpeg1: bool = False) -> bytes:
    """Clauses 6.2.2.1 and 6.2.2.3 of ISO/IEC 13818-2."""
    bits = number(WIDTH, 12) + number(HEIGHT, 12) + "0001" + "0011" + number(1000, 18) + "1"
    header = unit(0xB3, bits + number(20, 10) + "000")
    if mpeg1:
        return header
    extension = "0001" + number(0x48, 8) + "0" + "01" + "00" + "00" + "0" * 12 + "1" + "0" * 8
    return header + unit(0xB5, extension + low_delay + "0000000")


def group(*, closed: str = "0") -> bytes:
    return unit(0xB8, "0" * 12 + "1" + "0" * 12 + closed + "0")


INTRA = "1" + "1" + "10010" * 4 + "0010" * 2  # every difference of DC is 0, no AC
QUANT_MATRIX = unit(0xB5, "0011" + "1" + number(16, 8) * 64 + "000")


def picture(
    kind: str, *, structure: int = WHOLE, matrix: bytes = b"", mpeg1: bool = False, time: int = 0
) -> bytes:
    """Clauses 6.2.3 and 6.2.3.1, with macroblocks that are grey, or copies of the references."""
    codes = {"I": "", "P": "0111", "B": "01110111"}[kind]
    if mpeg1:
        codes = codes.replace("111", "001")
    header = unit(0, number(time, 10) + number(" IPB".index(kind), 3) + "1" * 16 + codes + "0")
    is_field = structure != WHOLE
    fcodes = {"I": "1" * 16, "P": "00010001" + "1" * 8, "B": "0001" * 4}[kind]
    progressive = "0" if is_field else "1"
    bits = "1000" + fcodes + "00" + number(structure, 2) + "0" + progressive + "00000"
    extension = unit(0xB5, bits + progressive + progressive + "0")
    vector = ("010" if is_field else "") + "11"
    macroblock = "1" + {"I": INTRA[1:], "P": "001" + vector, "B": "10" + 2 * vector}[kind]
    rows = 1 if is_field else 2
    slices = b"".join(unit(1 + row, "00100" + "0" + 2 * macroblock) for row in range(rows))
    return header + (b"" if mpeg1 else extension) + matrix + slices


def read(codec: str, *packets: bytes) -> np.ndarray:
    """Records, after a check that FFmpeg shows the same."""
    stream = Stream(codec, b"", list(packets), WIDTH, HEIGHT)
    records, _ = stream.records()
    assert shown_kinds(records) == stream.kinds()
    return records


def kinds(records: np.ndarray) -> str:
    return b"".join(records["kind"]).decode()


def pair(first: str, second: str, order: tuple[int, int] = (TOP, BOTTOM)) -> tuple[bytes, bytes]:
    return picture(first, structure=order[0]), picture(second, structure=order[1])


@pytest.mark.parametrize("is_one_packet", [True, False])
@pytest.mark.parametrize("order", [(TOP, BOTTOM), (BOTTOM, TOP)])
def test_two_fields_are_a_picture(is_one_packet, order):
    pairs = [pair("I", "P", order), pair("P", "P", order), pair("B", "B", order)]
    pairs[0] = sequence() + group() + pairs[0][0], pairs[0][1]
    packets = [b"".join(p) for p in pairs] if is_one_packet else [f for p in pairs for f in p]
    records = read("mpeg2video", *packets)
    assert kinds(records) == "IIPPBB"
    assert records["picture"].tolist() == [0, 0, 1, 1, 2, 2]
    fields = [TOP_FIELD, BOTTOM_FIELD] if order[0] == TOP else [BOTTOM_FIELD, TOP_FIELD]
    assert records["field"].tolist() == 3 * fields
    is_second = records["flags"] & Flags.SECOND_FIELD != 0
    assert is_second.tolist() == [False, True] * 3
    assert (records["flags"] & Flags.INTERLACED).all()
    assert np.flatnonzero(records["flags"] & Flags.KEY).tolist() == [0]
    bytes_of = [packets[r["packet"]][r["start"] : r["stop"]] for r in records]
    assert bytes_of == [field for p in pairs for field in p]


def test_references_of_fields():
    packets = [sequence() + b"".join(pair("I", "P"))]
    packets += [b"".join(pair(kind, kind)) for kind in "PBP"]
    parser = header_parser("mpeg2video", None)
    records, references = as_arrays(*parser.headers(packets))
    ends = np.cumsum(records["num_references"])
    assert [part.tolist() for part in np.split(references, ends[:-1])] == [
        [],
        [],
        [0],
        [0],
        [0, 1],
        [0, 1],
        [1],
        [1],
    ]


def test_a_field_alone_and_one_of_the_same_parity_begin_a_picture():
    top, bottom = pair("P", "P")
    parser = header_parser("mpeg2video", None)
    packets = [sequence() + picture("I"), top, top, bottom, picture("P"), bottom, top]
    records, _ = as_arrays(*parser.headers(packets))
    assert records["picture"].tolist() == [0, 1, 2, 2, 3, 4, 4]
    assert records["field"][0] == FRAME


@pytest.mark.parametrize(("closed", "num_shown"), [("0", 4), ("1", 6)])
def test_b_pictures_behind_the_first_key_picture_show_if_the_group_is_closed(closed, num_shown):
    packets = [sequence() + group(closed=closed) + picture("I"), picture("B"), picture("B")]
    packets += [picture("P"), picture("B"), picture("P")]
    records = read("mpeg2video", *packets)
    assert kinds(records) == "IBBPBP"
    assert len(Stream("mpeg2video", b"", packets, WIDTH, HEIGHT).kinds()) == num_shown
    is_leading = closed == "0"
    assert (records["flags"][1:3] & Flags.LEADING != 0).tolist() == [is_leading] * 2
    assert records["num_references"].tolist() == [0, *([2, 2] if is_leading else [1, 1]), 1, 2, 1]


def test_a_groups_header_speaks_of_its_first_anchor_only():
    packets = [sequence() + group(closed="1") + picture("I"), picture("P"), picture("I")]
    records = read("mpeg2video", *packets, picture("B"), picture("P"))
    assert kinds(records) == "IPIBP"
    assert records["flags"][3] == Flags.LEADING


def test_low_delay():
    head = sequence(low_delay="1") + group()
    records = read("mpeg2video", head + picture("I"), picture("P"), picture("P"))
    assert (np.diff(records["order"]) > 0).all()
    assert records["flags"][0] == Flags.REFERENCED | Flags.KEY | Flags.CLOSED


def test_mpeg1():
    packets = [sequence(mpeg1=True) + group() + picture("I", mpeg1=True)]
    packets += [picture(kind, mpeg1=True) for kind in "PBBP"]
    assert kinds(read("mpeg1video", *packets)) == "IPBBP"


def test_quantiser_matrices_in_a_b_picture_hold_for_later_ones():
    packets = [sequence() + group() + picture("I"), picture("P"), picture("B", matrix=QUANT_MATRIX)]
    records = read("mpeg2video", *packets, picture("B"), picture("P", matrix=QUANT_MATRIX))
    assert np.flatnonzero(records["flags"] & Flags.NO_SKIP).tolist() == [2]


def test_pictures_without_slices_and_d_pictures():
    whole = picture("P")
    empty = whole[: whole.index(START + b"\x01")]
    records = read("mpeg2video", sequence() + group() + picture("I"), empty, picture("P"))
    assert kinds(records) == "IP"
    d_picture = bytearray(picture("P"))
    d_picture[5] = d_picture[5] & 0b11000111 | 4 << 3
    parser = header_parser("mpeg2video", sequence())
    records, _ = as_arrays(*parser.headers([bytes(d_picture)]))
    assert kinds(records) == "?"
    assert records["flags"][0] & Flags.DAMAGED
