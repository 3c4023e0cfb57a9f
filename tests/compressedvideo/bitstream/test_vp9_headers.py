"""VP9 frame headers against FFmpeg's decoder, and hand-written ones."""

from __future__ import annotations

import pytest

from compressedvideo.bitstream import vp9
from compressedvideo.bitstream.record import Flags, as_arrays
from tests.compressedvideo.bitstream.against_decoder import (
    check_records,
    decode,
    encode,
    moving_texture,
    read_packets,
)

pytestmark = pytest.mark.skipif(not vp9.is_available(), reason="no compiled parsers")

SUFFIXES = [".webm", ".mkv", ".mp4", ".ivf"]
GOOD = {"cpu-used": "5", "b": "0", "crf": "40", "lag-in-frames": "16", "auto-alt-ref": "1"}
OPTIONS = {
    "adaptive": {**GOOD, "frame-parallel": "0"},
    "parallel": {**GOOD, "frame-parallel": "1"},
    "resilient": {"deadline": "realtime", "cpu-used": "7", "error-resilient": "1"},
    "layers": {
        "deadline": "realtime",
        "cpu-used": "7",
        "b": "150k",
        "ts-parameters": "ts_number_layers=3:ts_target_bitrate=50,100,150:"
        "ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3",
    },
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", OPTIONS)
def test_records_hold_in_the_decoder(tmp_path, name, suffix):
    clip = tmp_path / f"clip{suffix}"
    encode(clip, "libvpx-vp9", OPTIONS[name], frames=moving_texture(26))
    check_records(vp9.Parser, *read_packets(clip))


def test_records_of_real_hidden_frames_hold_in_the_decoder(shared_data):
    clip = read_packets(shared_data / "wild" / "12_vp9_hidden_frames.webm")
    check_records(vp9.Parser, *clip)
    records, _ = as_arrays(*vp9.Parser().headers(clip[2]))
    assert len(records) == 80
    assert (records["flags"] & Flags.HIDDEN != 0).sum() == 8


def superframe(*frames: bytes, length: int = 4) -> bytes:
    """Annex B."""
    marker = bytes([0b110 << 5 | length - 1 << 3 | len(frames) - 1])
    sizes = b"".join(len(frame).to_bytes(length, "little") for frame in frames)
    return b"".join(frames) + marker + sizes + marker


def test_frames_of_a_superframe_may_be_sent_alone(tmp_path):
    clip = encode(
        tmp_path / "clip.ivf", "libvpx-vp9", OPTIONS["adaptive"], frames=moving_texture(9)
    )
    decoder, extradata, packets = read_packets(clip)
    joined = [
        superframe(*packets[:3], Header.show_existing(0)),
        superframe(*packets[3:6], b"", length=2),
        superframe(Header.show_existing(3), *packets[6:]),
    ]
    check_records(vp9.Parser, decoder, extradata, [joined[0], superframe(*packets[3:6]), joined[2]])
    records, _ = as_arrays(*vp9.Parser().headers(joined))
    assert len(records) == len(decode(decoder, extradata, packets)) + 2 == 11
    shows = records["flags"] & Flags.SHOWS_EXISTING != 0
    assert shows.tolist() == [False] * 3 + [True] + [False] * 3 + [True] + [False] * 3
    starts = [0, *map(len, packets[:1])]
    assert records["start"][:2].tolist() == starts
    assert records["packet"].tolist() == [0] * 4 + [1] * 3 + [2] * 4
    assert records["picture"][~shows].tolist() == list(range(9))


class Header:
    """Uncompressed headers (clause 6.2), written as strings of bits."""

    @staticmethod
    def show_existing(slot: int) -> bytes:
        return int(f"10001{slot:03b}", 2).to_bytes(1, "big")

    @staticmethod
    def _finish(bits: str, *, resilient: bool) -> bytes:
        if not resilient:
            bits += "10"  # refresh_frame_context, not parallel
        bits += "00" + "0" * 9 + "0"  # context, loop filter without deltas
        bits += f"{60:08b}" + "000" + "0"  # quantizer, no segmentation
        bits += "0" + f"{1:016b}"  # one tile, compressed header of one byte
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big") + b"\0\0"

    @classmethod
    def key(cls, *, show: bool = True, profile: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
        bits = (
            f"10{profile & 1}{profile >> 1}" + "0" * (profile == 3) + "0" + "0" + f"{show:b}" + "0"
        )
        bits += f"{0x498342:024b}" + cls._color(profile)
        return cls._finish(bits + cls._size(size), resilient=False)

    @staticmethod
    def _color(profile: int) -> str:
        bits = "0" * (profile >= 2) + "010" + "0"
        return bits + "00" + "0" if profile & 1 else bits  # 4:4:4

    @staticmethod
    def _size(size: tuple[int, int]) -> str:
        return "".join(f"{length - 1:016b}" for length in size) + "0"

    @classmethod
    def intra_only(cls, *, refresh: int, resilient: bool = False) -> bytes:
        bits = "1000" + "0" + "1" + "0" + f"{resilient:b}" + "1" + "00" * (not resilient)
        bits += f"{0x498342:024b}" + f"{refresh:08b}"
        return cls._finish(bits + cls._size((64, 48)), resilient=resilient)

    @classmethod
    def inter(
        cls,
        *slots: int,
        refresh: int = 0,
        show: bool = True,
        resilient: bool = False,
        size: tuple[int, int] | None = None,
        profile: int = 0,
    ) -> bytes:
        bits = f"10{profile & 1}{profile >> 1}" + "0" + "1" + f"{show:b}" + f"{resilient:b}"
        bits += "0" * (not show) + "00" * (not resilient) + f"{refresh:08b}"
        bits += "".join(f"{slot:03b}0" for slot in slots)
        bits += "1" + "0" if size is None else "000" + cls._size(size)
        return cls._finish(bits + "1" + "1", resilient=resilient)


def records_of(packets):
    records, references = as_arrays(*vp9.Parser().headers(packets))
    ends = records["num_references"].cumsum()
    lists = [
        references[end - record["num_references"] : end].tolist()
        for end, record in zip(ends, records, strict=True)
    ]
    return records, lists


def test_slots_become_picture_numbers():
    records, references = records_of(
        [
            Header.key(),
            superframe(
                Header.inter(0, 1, 2, refresh=0b10, show=False),
                Header.inter(0, 1, 2, refresh=0b1),
            ),
            Header.show_existing(1),
            Header.inter(1, 0, 7, resilient=True),
            Header.intra_only(refresh=0b10000000),
            Header.inter(7, 7, 1, refresh=1, size=(32, 64)),
        ]
    )
    assert records["order"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert records["picture"].tolist() == [0, 1, 2, 1, 3, 4, 5]
    assert records["colocated"].tolist() == [-1, 0, 1, -1, 2, 3, 4]
    assert b"".join(records["kind"]) == b"IPPPPIP"
    assert references == [[], [0], [0, 1], [1], [1, 2, 0], [], [4, 1]]
    assert [Flags(int(flags)) for flags in records["flags"]] == [
        Flags.REFERENCED | Flags.KEY | Flags.CLOSED,
        Flags.REFERENCED | Flags.HIDDEN,
        Flags.REFERENCED,
        Flags.SHOWS_EXISTING,
        Flags.REFERENCED,
        Flags.REFERENCED | Flags.HIDDEN,
        Flags.REFERENCED,
    ]
    assert records["epoch"].tolist() == [0] * 7
    assert records["recovery"].tolist() == [-1] * 7


@pytest.mark.parametrize("profile", range(4))
def test_profiles(profile):
    records, _ = records_of([Header.key(profile=profile), Header.key(profile=profile, show=False)])
    assert b"".join(records["kind"]) == b"II"
    assert records["flags"][1] == Flags.REFERENCED | Flags.KEY | Flags.CLOSED | Flags.HIDDEN


@pytest.mark.parametrize(
    "packet",
    [
        b"\0",
        b"\x40",
        Header.inter(0, 0, 0, size=(31, 48)),  # its references are more than twice as wide
        Header.inter(0, 0, 0)[:-3],
        Header.key()[:8],
        b"\xff" * 20,
    ],
)
def test_damaged_headers_are_marked(packet):
    records, _ = records_of([Header.key(), packet, Header.inter(0, 0, 0)])
    assert [bool(flags & Flags.DAMAGED) for flags in records["flags"]] == [False, True, False]
    assert records["kind"][1] == b"?"


def test_empty_slots_are_damage():
    for packet in (Header.inter(0, 0, 0), Header.show_existing(2)):
        records, references = records_of([packet])
        assert records["flags"][0] == Flags.DAMAGED
        assert references == [[]]
    records, _ = records_of([Header.intra_only(refresh=1), Header.inter(0, 0, 0)])
    assert b"".join(records["kind"]) == b"IP"


def test_a_superframe_beyond_its_packet_is_damage():
    frames = superframe(Header.key(), Header.inter(0, 0, 0), length=1)
    records, _ = records_of([frames[:-2] + b"\xff" + frames[-1:]])
    assert records["flags"].tolist() == [Flags.DAMAGED]
    assert records[["start", "stop"]].tolist() == [(0, len(frames))]


def test_reset_starts_numbers_anew():
    parser = vp9.Parser(b"")
    first = parser.headers([Header.key(), Header.inter(0, 0, 0)])
    records, _ = as_arrays(*parser.headers([Header.inter(0, 0, 0)]))
    assert records[["packet", "picture"]].tolist() == [(2, 2)]
    parser.reset()
    assert parser.headers([Header.key(), Header.inter(0, 0, 0)]) == first
