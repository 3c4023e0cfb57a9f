"""VP8 frame headers against FFmpeg's decoder, and hand-written ones."""

from __future__ import annotations

import pytest

from compressedvideo.bitstream import vp8
from compressedvideo.bitstream.record import Flags, as_arrays
from tests.compressedvideo.bitstream.against_decoder import (
    check_records,
    encode,
    moving_texture,
    read_packets,
)
from tests.compressedvideo.bitstream.bool_writer import BoolWriter

pytestmark = pytest.mark.skipif(not vp8.is_available(), reason="no compiled parsers")

OPTIONS = {
    "good": {"deadline": "good", "cpu-used": "4", "lag-in-frames": "16", "auto-alt-ref": "1"},
    "resilient": {"deadline": "realtime", "cpu-used": "5", "error-resilient": "1"},
    "layers": {
        "deadline": "realtime",
        "cpu-used": "5",
        "error-resilient": "1",
        "b": "150k",
        "ts-parameters": "ts_number_layers=3:ts_target_bitrate=50,100,150:"
        "ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3",
    },
}


@pytest.mark.parametrize("suffix", [".webm", ".mkv", ".ivf"])
@pytest.mark.parametrize("name", OPTIONS)
def test_records_hold_in_the_decoder(tmp_path, name, suffix):
    clip = tmp_path / f"clip{suffix}"
    encode(clip, "libvpx", OPTIONS[name], frames=moving_texture(26))
    decoder, extradata, packets = read_packets(clip)
    assert decoder == "vp8"
    check_records(vp8.Parser, decoder, extradata, packets)


def test_records_of_a_real_clip_hold_in_the_decoder(shared_data):
    check_records(vp8.Parser, *read_packets(shared_data / "clips" / "video2.webm"))


KEY = bytes([0b0001_0000, 0, 0]) + b"\x9d\x01\x2a" + bytes([32, 0, 32, 0])


def inter(
    *,
    show: bool = True,
    golden: bool = False,
    altref: bool = False,
    copy_golden: int = 0,
    copy_altref: int = 0,
    entropy: bool = False,
    last: bool = False,
    segments: bool = False,
) -> bytes:
    """An inter frame that ends with its flags: clause 9.7 of RFC 6386."""
    bits = BoolWriter()
    bits.flag(segments)
    if segments:
        bits.literal(0b11, 2)  # map, data
        bits.flag(True)  # absolute values
        for count in (7, 6):
            for value in (5, None, 3, None):
                bits.flag(value is not None)
                if value is not None:
                    bits.literal(value, count)
                    bits.flag(True)  # negative
        for probability in (200, None, 7):
            bits.flag(probability is not None)
            if probability is not None:
                bits.literal(probability, 8)
    bits.literal(0, 1 + 6 + 3)
    bits.literal(0b11, 2)  # filter deltas, updated
    for delta in (4, None, None, 0, None, 9, None, None):
        bits.flag(delta is not None)
        if delta is not None:
            bits.literal(delta, 6)
            bits.flag(False)
    bits.literal(0, 2 + 7)
    bits.literal(0, 5)  # no quantizer deltas
    bits.flag(golden)
    bits.flag(altref)
    if not golden:
        bits.literal(copy_golden, 2)
    if not altref:
        bits.literal(copy_altref, 2)
    bits.literal(0, 2)  # sign biases
    bits.flag(entropy)
    bits.flag(last)
    partition = bits.finish()
    tag = 1 | show << 4 | len(partition) << 5
    return tag.to_bytes(3, "little") + partition


def records_of(packets):
    records, references = as_arrays(*vp8.Parser().headers(packets))
    ends = records["num_references"].cumsum()
    lists = [
        references[end - record["num_references"] : end].tolist()
        for end, record in zip(ends, records, strict=True)
    ]
    return records, lists


def test_references_follow_refreshes_and_copies():
    records, references = records_of(
        [
            KEY,
            inter(last=True),  # 1: LAST 1, GOLDEN 0, ALTREF 0
            inter(altref=True, show=False, segments=True),  # 2: 1, 0, 2
            inter(last=True, copy_golden=1),  # 3: LAST 3, GOLDEN 1, ALTREF 2
            inter(copy_golden=2, copy_altref=2),  # 4: they change places
            b"",
            inter(golden=True, copy_altref=1),  # 5: LAST 3, GOLDEN 5, ALTREF 3
            inter(),
        ]
    )
    assert records["packet"].tolist() == [0, 1, 2, 3, 4, 6, 7]
    assert records["picture"].tolist() == records["order"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert references == [[], [0], [1, 0], [1, 0, 2], [3, 1, 2], [3, 2, 1], [3, 5]]
    assert b"".join(records["kind"]) == b"IPPPPPP"
    assert [bool(flags & Flags.HIDDEN) for flags in records["flags"]] == [0, 0, 1, 0, 0, 0, 0]
    assert records["flags"][0] == Flags.REFERENCED | Flags.KEY | Flags.CLOSED


def without_filter_deltas(**flags):
    bits = BoolWriter()
    bits.literal(0, 1 + 1 + 6 + 3 + 1 + 2 + 7 + 5)
    for name in ("golden", "altref"):
        bits.flag(flags.get(name, False))
    bits.literal(0, 2 * (not flags.get("golden")) + 2 * (not flags.get("altref")) + 2)
    bits.flag(flags.get("entropy", False))
    bits.flag(flags.get("last", False))
    partition = bits.finish()
    return (1 | 1 << 4 | len(partition) << 5).to_bytes(3, "little") + partition


@pytest.mark.parametrize("flag", [None, "golden", "altref", "last", "entropy"])
def test_only_what_changes_nothing_later_is_unreferenced(flag):
    records, _ = records_of([KEY, without_filter_deltas(**{flag: True} if flag else {})])
    assert bool(records["flags"][1] & Flags.REFERENCED) == (flag is not None)


@pytest.mark.parametrize(
    "packets",
    [
        [b"\x00"],
        [KEY[:9]],
        [KEY[:3] + b"\x9d\x01\x2b" + KEY[6:]],
        [inter(last=True)],  # before any key frame
        [KEY, inter(last=True)[:-3]],
    ],
)
def test_damaged_headers_are_marked(packets):
    records, references = records_of(packets)
    assert records["flags"][-1] == Flags.DAMAGED
    assert records["kind"][-1] == b"?"
    assert references[-1] == []


def test_reset_starts_numbers_anew():
    parser = vp8.Parser()
    first = parser.headers([KEY, inter(last=True)])
    parser.reset()
    assert parser.headers([KEY, inter(last=True)]) == first
    records, _ = as_arrays(*parser.headers([inter(last=True)]))
    assert records["picture"].tolist() == records["packet"].tolist() == [2]
