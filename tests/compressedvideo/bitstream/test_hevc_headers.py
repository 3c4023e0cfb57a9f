"""Headers of HEVC pictures against a plain decode: number, order and types of the frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compressedvideo.bitstream.record import Flags, as_arrays
from tests.compressedvideo.bitstream.hevc_clips import decode, encode, moving_shapes, packets_of

hevc = pytest.importorskip("compressedvideo.bitstream._parsers").hevc

OPTIONS = {
    "default": "",
    "closed": "open-gop=0:keyint=9:min-keyint=9",
    "open": "open-gop=1:keyint=10:min-keyint=10",
    "open-b5": "open-gop=1:keyint=12:min-keyint=12:bframes=5:b-adapt=0",
    "no-b": "bframes=0:keyint=8",
    "b1": "bframes=1:b-adapt=0:keyint=8",
    "b8": "bframes=8:b-adapt=0:keyint=30",
    "no-pyramid": "bframes=4:b-adapt=0:b-pyramid=0:keyint=15",
    "refs1": "ref=1:bframes=3:keyint=15",
    "refs5": "ref=5:bframes=3:keyint=15",
    "refs8": "ref=8:bframes=4:b-adapt=0:keyint=40",
    "radl": "radl=2:bframes=3:b-adapt=0:keyint=10:open-gop=0",
    "intra-refresh": "intra-refresh=1:keyint=10:bframes=0",
    "repeat-headers": "repeat-headers=1:keyint=9:aud=1:hrd=1:vbv-bufsize=500:vbv-maxrate=500",
    "slices": "slices=3:keyint=9:bframes=3",
    "temporal-layers": "temporal-layers=3:bframes=3:b-adapt=0:keyint=16",
    "low-poc-bits": "log2-max-poc-lsb=4:bframes=2:keyint=40",
    "all-intra": "keyint=1",
    "no-scenecut-long": "scenecut=0:keyint=250",
}


def headers(path: Path) -> tuple[np.ndarray, list[list[int]], list[int | None]]:
    """Records, the references of each, and the packets' times."""
    extradata, packets, times = packets_of(path)
    records, references = as_arrays(*hevc.Parser(extradata).headers(packets))
    ends = np.cumsum(records["num_references"])
    split = [part.tolist() for part in np.split(references, ends[:-1])] if len(records) else []
    return records, split, times


def displayed(records: np.ndarray) -> np.ndarray:
    shown = records[(records["flags"] & (Flags.HIDDEN | Flags.DAMAGED)) == 0]
    return shown[np.lexsort((shown["order"], shown["epoch"]))]


def check(path: Path) -> np.ndarray:
    """Compares with a plain decode; returns the records."""
    records, references, times = headers(path)
    frames = decode(path)
    shown = displayed(records)
    assert len(shown) == len(frames)
    assert b"".join(shown["kind"]).decode() == "".join("?IPBS"[f.pict_type] for f in frames)
    assert [bool(flags & Flags.KEY) for flags in shown["flags"]] == [f.key_frame for f in frames]
    if path.suffix != ".hevc":  # which has no times
        assert [times[i] for i in shown["packet"]] == [frame.pts for frame in frames]
    assert records["picture"].tolist() == list(range(len(records)))
    used: set[int] = set()
    for record, named in zip(records, references, strict=True):
        assert all(-1 <= number < record["picture"] for number in named)
        assert len(set(named)) == len(named)
        skipped = record["flags"] & Flags.HIDDEN and record["flags"] & Flags.LEADING
        assert (record["kind"] == b"I" or bool(skipped)) == (len(named) == 0)
        assert record["colocated"] == -1 or record["colocated"] in named
        used.update(named)
    used.discard(-1)
    assert (records["flags"][sorted(used)] & Flags.REFERENCED).all()
    return records


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".hevc"])
def test_containers(suffix, tmp_path):
    params = "open-gop=1:keyint=10:min-keyint=10:bframes=3:b-adapt=0"
    path = encode(tmp_path / f"clip{suffix}", moving_shapes(45, 96, 64), params=params)
    records = check(path)
    assert len(records) == 45
    _, packets, _ = packets_of(path)
    assert records["start"].tolist() == [0] * 45
    assert records["stop"].tolist() == [len(packet) for packet in packets]


@pytest.mark.parametrize("params", OPTIONS.values(), ids=OPTIONS)
def test_options_of_x265(params, tmp_path):
    path = encode(tmp_path / "clip.mkv", moving_shapes(42, 96, 64), params=params)
    assert len(check(path)) == 42


@pytest.mark.parametrize("name", ["h265_video.mp4", "h265_10bits.mp4"])
def test_real_clips(name, shared_data):
    assert len(check(shared_data / "clips" / name)) >= 10


# ---------------------------------------------------------------------------------- edited streams

CRA, BLA_W_LP, BLA_W_RADL, VPS, END_OF_SEQUENCE, END_OF_BITSTREAM = 21, 16, 17, 32, 36, 37
SLICES = range(32)


def units(stream: bytes) -> list[bytes]:
    """NAL units of an Annex B stream, without start codes."""
    parts = stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def unit_type(unit: bytes) -> int:
    return unit[0] >> 1 & 63


def with_type(unit: bytes, type_: int) -> bytes:
    return bytes([unit[0] & 0x81 | type_ << 1]) + unit[1:]


def write(path: Path, parts: list[bytes]) -> Path:
    path.write_bytes(b"".join(b"\0\0\0\1" + part for part in parts))
    return path


@pytest.fixture(scope="module")
def open_gops(tmp_path_factory) -> list[bytes]:
    """44 pictures with CRA and RASL pictures, as NAL units."""
    path = tmp_path_factory.mktemp("open") / "clip.hevc"
    params = "open-gop=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:scenecut=0"
    parts = units(encode(path, moving_shapes(44, 96, 64), params=params).read_bytes())
    assert sum(unit_type(part) == CRA for part in parts) == 3
    assert any(unit_type(part) in (8, 9) for part in parts)
    return parts


def test_leading_pictures_go_with_a_missing_gop(open_gops, tmp_path):
    first_cra = next(i for i, part in enumerate(open_gops) if unit_type(part) == CRA)
    sets = [part for part in open_gops[:first_cra] if unit_type(part) in (32, 33, 34)]
    records = check(write(tmp_path / "clip.hevc", sets + open_gops[first_cra:]))
    leading = records["flags"] & Flags.LEADING != 0
    hidden = records["flags"] & Flags.HIDDEN != 0
    assert hidden.nonzero()[0].tolist() == [1, 2, 3]
    assert leading.sum() == 6  # those of the later CRA pictures can be decoded
    assert (records["epoch"] == 0).all()


def with_ends(parts: list[bytes], end: int) -> list[bytes]:
    """Each key picture but the first in a sequence of its own."""
    edited = parts[:1]
    for part in parts[1:]:
        if unit_type(part) == VPS:  # the access unit of a key picture begins with its headers
            edited.append(bytes([end << 1, 1]))
        edited.append(part)
    return edited


@pytest.mark.parametrize("end", [END_OF_SEQUENCE, END_OF_BITSTREAM])
def test_end_of_sequence_before_idr_pictures(end, tmp_path):
    params = "open-gop=0:keyint=12:min-keyint=12:bframes=3:b-adapt=0"
    path = encode(tmp_path / "clip.hevc", moving_shapes(44, 96, 64), params=params)
    records = check(write(path, with_ends(units(path.read_bytes()), end)))
    assert np.diff(records["epoch"]).nonzero()[0].tolist() == [11, 23, 35]


def test_end_of_sequence_before_cra_pictures(open_gops, tmp_path):
    """The leading pictures go. FFmpeg also drops what waits for display (C.5.2.2), two each."""
    path = write(tmp_path / "clip.hevc", with_ends(open_gops, END_OF_SEQUENCE))
    records, _, _ = headers(path)
    assert sorted(set(records["epoch"])) == [0, 1, 2, 3]
    hidden = records["flags"] & Flags.HIDDEN != 0
    assert (hidden == (records["flags"] & Flags.LEADING != 0)).all()
    assert hidden.sum() == 6
    assert len(decode(path)) == 44 - 6 - 3 * 2


@pytest.mark.parametrize("type_", [BLA_W_LP, BLA_W_RADL])
def test_broken_links(type_, open_gops, tmp_path):
    edited = [with_type(part, type_) if unit_type(part) == CRA else part for part in open_gops]
    if type_ == BLA_W_RADL:  # which has no RASL pictures
        edited = [part for part in edited if unit_type(part) not in (8, 9)]
    records = check(write(tmp_path / "clip.hevc", edited))
    assert sorted(set(records["epoch"])) == [0, 1, 2, 3]
    assert (records["flags"] & Flags.KEY != 0).sum() == 4


def test_other_layers_are_left_aside(open_gops, tmp_path):
    both = []
    for part in open_gops:
        both.append(part)
        if unit_type(part) in SLICES:
            both.append(bytes([part[0], part[1] | 1 << 3]) + part[2:])
    records = check(write(tmp_path / "clip.hevc", both))
    assert len(records) == 44


def test_several_pictures_in_a_packet(open_gops):
    stream = b"".join(b"\0\0\1" + part for part in open_gops)
    alone, _ = as_arrays(*hevc.Parser(b"").headers([stream]))
    assert len(alone) == 44
    assert alone["start"][0] == 0
    assert (alone["start"][1:] == alone["stop"][:-1]).all()
    assert alone["stop"][-1] == len(stream)
    parser = hevc.Parser(b"")
    packets = [
        stream[start:stop] for start, stop in zip(alone["start"], alone["stop"], strict=True)
    ]
    apart = as_arrays(*parser.headers(packets))[0].copy()
    assert apart["packet"].tolist() == list(range(44))
    for name in ("order", "epoch", "picture", "colocated", "num_references", "flags", "kind"):
        assert (apart[name] == alone[name]).all(), name
    parser.reset()
    again = as_arrays(*parser.headers(packets[:9]))[0]
    assert (again == apart[:9]).all()


def test_several_pictures_behind_one_length(open_gops, tmp_path):
    """Some muxers leave start codes between the units of a packet that has one length."""
    path = tmp_path / "clip.hevc"
    records = check(write(path, open_gops))
    stream = b"".join(b"\0\0\1" + part for part in open_gops)
    expected = as_arrays(*hevc.Parser(b"").headers([stream]))[0]
    configuration = b"\1" + bytes(20) + b"\3\0"  # lengths of 4 bytes, no parameter sets
    packet = (len(stream) - 3).to_bytes(4, "big") + stream[3:]
    joined = as_arrays(*hevc.Parser(configuration).headers([packet]))[0]
    assert len(joined) == len(records) == 44
    for name in ("order", "epoch", "kind", "flags", "num_references", "picture"):
        assert (joined[name] == expected[name]).all(), name


def test_hidden_pictures_and_layers_of_references(tmp_path):
    """Only the uppermost sub-layer's non-reference pictures are not referenced."""
    params = "temporal-layers=2:bframes=3:b-adapt=0:b-pyramid=1:keyint=20:min-keyint=20:scenecut=0"
    path = encode(tmp_path / "clip.mp4", moving_shapes(20, 96, 64), params=params)
    records, references, _ = headers(path)
    used = {number for named in references for number in named}
    unreferenced = set(records["picture"][records["flags"] & Flags.REFERENCED == 0].tolist())
    assert len(unreferenced) >= 8
    assert not unreferenced & used


def test_parameter_sets_in_band_only(tmp_path):
    """hev1: the sample description may lack what the stream brings."""
    path = encode(
        tmp_path / "clip.mp4", moving_shapes(20, 96, 64), params="repeat-headers=1:keyint=9"
    )
    extradata, packets, _ = packets_of(path)
    assert extradata[0] == 1
    without_arrays = extradata[:22] + b"\0"
    expected = hevc.Parser(extradata).headers(packets)
    assert hevc.Parser(without_arrays).headers(packets) == expected
    assert len(expected[0]) == 20 * 48


def test_damage_is_said_not_raised(open_gops, tmp_path):
    rng = np.random.default_rng(0)
    stream = b"".join(b"\0\0\1" + part for part in open_gops)
    records, _ = as_arrays(*hevc.Parser(b"").headers([stream]))
    packets = [
        stream[start:stop] for start, stop in zip(records["start"], records["stop"], strict=True)
    ]
    parser = hevc.Parser(b"")
    parser.headers(packets[:1])
    lost = packets[1].replace(b"\0\0\1" + units(packets[1])[-1][:2], b"\0\0\1\2\1\0")
    (record,), _ = as_arrays(*parser.headers([lost]))
    assert record["flags"] & Flags.DAMAGED
    assert record["kind"] == b"?"
    count = 0
    for _ in range(300):
        broken = bytearray(stream)
        for at in rng.integers(0, len(broken), 20):
            broken[at] ^= 1 << int(rng.integers(8))
        count += len(hevc.Parser(b"").headers([bytes(broken)])[0]) // 48
    assert count > 300 * 20
    without_sets, _ = as_arrays(*hevc.Parser(b"").headers(packets[1:8]))
    assert len(without_sets) == 7
    assert (without_sets["flags"] & Flags.DAMAGED != 0).all()
    assert hevc.message(0) == "parsed"
