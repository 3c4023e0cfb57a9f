"""AV1 headers against FFmpeg's decoder, and hand-written ones."""

from __future__ import annotations

import pytest

from compressedvideo.bitstream import av1
from compressedvideo.bitstream.record import Flags, as_arrays
from tests.compressedvideo.bitstream.against_decoder import (
    check_records,
    decode,
    encode,
    moving_texture,
    read_packets,
)

pytestmark = pytest.mark.skipif(not av1.is_available(), reason="no compiled parsers")

SUFFIXES = [".webm", ".mkv", ".mp4", ".ivf"]
OPTIONS = {
    "random-access": "lp=1",
    "open-gop": "lp=1:irefresh-type=1",
    "low-delay": "lp=1:pred-struct=1",
    "overlays": "lp=1:enable-overlays=1",
}


def svt(tmp_path, name: str, suffix: str = ".mkv"):
    options = {"preset": "10", "crf": "40", "svtav1-params": OPTIONS[name]}
    clip = encode(tmp_path / f"clip{suffix}", "libsvtav1", options, frames=moving_texture(30))
    return read_packets(clip)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", OPTIONS)
def test_records_hold_in_the_decoder(tmp_path, name, suffix):
    decoder, extradata, packets = svt(tmp_path, name, suffix)
    check_records(av1.Parser, decoder, extradata, packets)
    records, _ = as_arrays(*av1.Parser(extradata).headers(packets))
    assert len(records) == len(packets) == 30
    assert records["start"].tolist() == [0] * 30
    assert records["stop"].tolist() == list(map(len, packets))


def test_records_of_a_real_clip_hold_in_the_decoder(shared_data):
    check_records(av1.Parser, *read_packets(shared_data / "clips" / "av1_video.mkv"))


def test_units_in_one_packet_are_told_apart(tmp_path):
    decoder, extradata, packets = svt(tmp_path, "random-access")
    pairs = [b"".join(packets[i : i + 2]) for i in range(0, 30, 2)]
    assert decode(decoder, extradata, pairs) == decode(decoder, extradata, packets)
    check_records(av1.Parser, decoder, extradata, pairs)
    records, _ = as_arrays(*av1.Parser(extradata).headers(pairs))
    assert records["packet"].tolist() == [i // 2 for i in range(30)]
    assert records["start"][::2].tolist() == [0] * 15
    assert records["start"][1::2].tolist() == list(map(len, packets[::2]))


class Bits(str):
    """Bits of a header as a string."""

    def of(self, value: int, count: int) -> Bits:
        return Bits(self + f"{value:0{count}b}")

    def payload(self) -> bytes:
        bits = self + "1"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")


def obu(kind: int, payload: bytes) -> bytes:
    assert len(payload) < 128
    return bytes([kind << 3 | 2, len(payload)]) + payload


def sequence() -> bytes:
    """5.5 with order hints of 7 bits, nothing else."""
    bits = Bits().of(0, 3).of(0, 1).of(0, 1)  # profile, still, reduced
    bits = bits.of(0, 1).of(0, 1).of(0, 5).of(0, 12).of(4, 5)  # timing, delay, one operating point
    bits = bits.of(5, 4).of(5, 4).of(63, 6).of(63, 6).of(0, 1)  # 64x64, no frame ids
    bits = bits.of(0, 3).of(0, 4).of(1, 1).of(0, 2)  # tools; order hints
    bits = bits.of(0, 1).of(0, 1)  # no screen content
    return obu(1, bits.of(6, 3).of(0, 30).payload())


def frame(kind: int, *, show: bool, refresh: int, slots=(), hint: int = 0) -> bytes:
    """5.9.2 up to the references; kind: 0 key, 1 inter, 2 intra-only, 3 switch."""
    bits = Bits().of(0, 1).of(kind, 2).of(show, 1)
    if not show:
        bits = bits.of(1, 1)  # showable
    all_slots = kind == 3 or (kind == 0 and show)
    if not all_slots:
        bits = bits.of(0, 1)  # not error-resilient
    bits = bits.of(0, 1)  # disable_cdf_update
    if kind != 3:
        bits = bits.of(0, 1)  # frame_size_override_flag
    bits = bits.of(hint, 7)
    if kind == 1:
        bits = bits.of(0, 3)  # primary_ref_frame
    if not all_slots:
        bits = bits.of(refresh, 8)
    if kind == 3:
        bits = bits.of(0, 8 * 7)  # order hints of the slots
    if kind in (1, 3):
        bits = bits.of(0, 1)
        for slot in slots:
            bits = bits.of(slot, 3)
    return obu(6, bits.of(0, 40).payload())


def show_existing(slot: int) -> bytes:
    return obu(3, Bits().of(1, 1).of(slot, 3).payload())


DELIMITER = obu(2, b"")


def records_of(packets, extradata=b""):
    records, references = as_arrays(*av1.Parser(extradata).headers(packets))
    ends = records["num_references"].cumsum()
    lists = [
        references[end - record["num_references"] : end].tolist()
        for end, record in zip(ends, records, strict=True)
    ]
    return records, lists


KEY = DELIMITER + sequence() + frame(0, show=True, refresh=255)


def test_a_unit_is_one_picture():
    records, references = records_of(
        [
            KEY,
            DELIMITER
            + frame(1, show=False, refresh=2, slots=[0] * 7)
            + frame(1, show=False, refresh=4, slots=[0, 1] + [0] * 5)
            + frame(1, show=True, refresh=0, slots=[2, 1] + [0] * 5),
            DELIMITER + show_existing(2),
            DELIMITER + frame(2, show=True, refresh=8),
            DELIMITER + frame(1, show=True, refresh=0, slots=[1, 3, 0, 0, 0, 0, 0]),
            DELIMITER + frame(1, show=False, refresh=0, slots=[0] * 7),
        ]
    )
    assert b"".join(records["kind"]) == b"IPPIPP"
    assert records["picture"].tolist() == [0, 1, 1, 2, 3, 4]
    assert references == [[], [0], [1], [], [0, 1, 2], [0]]
    assert records["flags"].tolist() == [
        Flags.REFERENCED | Flags.KEY | Flags.CLOSED,
        Flags.REFERENCED,
        Flags.SHOWS_EXISTING,
        Flags.REFERENCED,
        0,
        Flags.HIDDEN,
    ]


def test_a_forward_key_frame_is_no_start():
    records, references = records_of(
        [
            KEY,
            DELIMITER
            + frame(0, show=False, refresh=16)
            + frame(1, show=True, refresh=1, slots=[0] * 7),
            DELIMITER + show_existing(4),
            DELIMITER + frame(1, show=True, refresh=1, slots=list(range(7))),
        ]
    )
    assert b"".join(records["kind"]) == b"IPIP"
    assert [bool(flags & Flags.KEY) for flags in records["flags"]] == [True, False, False, False]
    assert records["flags"][2] == Flags.SHOWS_EXISTING | Flags.REFERENCED
    assert references == [[], [0], [1], [1]]  # shown, it fills all slots


def test_a_switch_frame_counts_as_p():
    records, references = records_of(
        [KEY, DELIMITER + frame(3, show=True, refresh=0, slots=[3] * 7)]
    )
    assert records["kind"][1] == b"P"
    assert records["flags"][1] == Flags.REFERENCED
    assert references[1] == [0]


def test_the_sequence_header_may_come_from_the_container():
    unit = [DELIMITER + frame(0, show=True, refresh=255)]
    av1c = bytes([0x81, 0, 0, 0]) + sequence()
    for extradata in (av1c, sequence()):
        records, _ = records_of(unit, extradata)
        assert records["flags"][0] == Flags.REFERENCED | Flags.KEY | Flags.CLOSED
    records, _ = records_of(unit)
    assert records["flags"][0] & Flags.DAMAGED


@pytest.mark.parametrize(
    "unit",
    [
        b"\x80",
        DELIMITER + b"\x32\x7f",  # longer than the packet
        DELIMITER + show_existing(0)[:2],
        DELIMITER + frame(1, show=True, refresh=0, slots=[0] * 7)[:4],
    ],
)
def test_damaged_units_are_marked(unit):
    records, _ = records_of([KEY, unit])
    assert records["flags"][1] & Flags.DAMAGED


def test_reset_keeps_the_sequence_header():
    parser = av1.Parser()
    parser.headers([KEY])
    parser.reset()
    records, _ = as_arrays(*parser.headers([DELIMITER + frame(0, show=True, refresh=255)]))
    assert records[["packet", "picture", "order"]].tolist() == [(0, 0, 0)]
    assert records["flags"][0] & Flags.KEY
    parser.reset()
    records, _ = as_arrays(*parser.headers([DELIMITER + show_existing(0)]))
    assert records["flags"][0] & Flags.DAMAGED
