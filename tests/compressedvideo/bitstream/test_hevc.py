"""The HEVC parser: known motion, sparse reading, costs, windows, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from compressedvideo.bitstream import hevc
from compressedvideo.bitstream.hevc import HevcParser, ParsedPicture
from compressedvideo.bitstream.parsed import NO_SLOT
from compressedvideo.bitstream.record import Flags
from tests.compressedvideo.bitstream.hevc_clips import encode, moving_shapes, packets_of
from tests.compressedvideo.bitstream.hevc_writer import (
    MAIN,
    RANGE_EXTENSIONS,
    with_window,
    write_intra_slice,
    write_pps,
    write_sps,
)

pytestmark = pytest.mark.skipif(not hevc.is_available(), reason="no compiled HEVC parser")

OPTIONS = {
    "default": "",
    "partitions": "rect=1:amp=1:limit-modes=0:rd=4",
    "small-units": "ctu=16:min-cu-size=8:max-tu-size=8:tu-intra-depth=3:tu-inter-depth=3",
    "skipped-transforms": "tskip=1:tskip-fast=0:rd=4",
    "lossless": "lossless=1",
    "lossless-units": "cu-lossless=1:rd=4",
    "wavefronts": "wpp=1:ctu=16:max-tu-size=16",
    "slices": "slices=2:ctu=32",
    "weighted": "weightp=1:weightb=1:bframes=3",
    "pyramid": "bframes=8:b-adapt=0:b-pyramid=1:ref=5",
    "intra-refresh": "intra-refresh=1:bframes=0:keyint=12",
    "quantiser-groups": "aq-mode=3:aq-strength=2:qg-size=8:ctu=64",
    "scaling-lists": "scaling-list=default",
    "constrained": "constrained-intra=1:signhide=0:max-merge=1",
}
FORMATS = ["yuv420p10le", "yuv422p", "yuv444p", "gray", "yuv422p10le"]


def parse_all(path: Path, *, costs: bool = True) -> list[ParsedPicture]:
    extradata, packets, _ = packets_of(path)
    ones = b"\1" * len(packets)
    return HevcParser(extradata).parse(packets, needed=ones, wanted=ones, costs=costs)


def displays(path: Path) -> dict[int, int]:
    """Display index by picture number."""
    extradata, packets, _ = packets_of(path)
    records, _ = HevcParser(extradata).headers(packets)
    order = np.lexsort((records["order"], records["epoch"]))
    return {int(records["picture"][i]): place for place, i in enumerate(order)}


def assert_is_sound(picture: ParsedPicture) -> None:
    assert picture.error is None, picture
    assert picture.ends_exactly, picture.picture
    assert picture.vectors is not None
    assert picture.slots is not None
    used = picture.slots != NO_SLOT
    assert (picture.slots[used] < len(picture.pictures)).all()
    assert not picture.vectors[~used].any()


# ---------------------------------------------------------------------------------- exact ends


@pytest.mark.parametrize("params", OPTIONS.values(), ids=OPTIONS)
def test_every_slice_ends_where_its_data_do(params, tmp_path):
    path = encode(tmp_path / "clip.mkv", moving_shapes(24, 136, 104), params=params, crf=24)
    pictures = parse_all(path)
    assert len(pictures) == 24
    for picture in pictures:
        assert_is_sound(picture)


@pytest.mark.parametrize("pix_fmt", FORMATS)
def test_formats(pix_fmt, tmp_path):
    frames = moving_shapes(12, 136, 104)
    path = encode(
        tmp_path / "clip.mkv", frames, params="tskip=1:cu-lossless=1:rd=4", pix_fmt=pix_fmt, crf=18
    )
    for picture in parse_all(path):
        assert_is_sound(picture)


def test_a_missing_byte_is_noticed(tmp_path):
    path = encode(tmp_path / "clip.mp4", moving_shapes(8, 136, 104))
    extradata, packets, _ = packets_of(path)
    for number, packet in enumerate(packets):
        size = int.from_bytes(packet[:4], "big")
        if number == 0 or size + 4 != len(packet):
            continue  # several units
        shorter = (size - 1).to_bytes(4, "big") + packet[4:-1]
        parser = HevcParser(extradata)
        cut = [*packets[:number], shorter]
        ones = b"\1" * len(cut)
        last = parser.parse(cut, needed=ones, wanted=ones, costs=True)[-1]
        assert last.error is not None or not last.ends_exactly
        assert last.error_bit <= 8 * len(shorter)


# ---------------------------------------------------------------------------------- known motion


@pytest.mark.parametrize("params", ["bframes=0", "bframes=3:b-adapt=0", "bframes=4:ref=4"])
def test_vectors_are_the_motion_of_the_content(params, tmp_path):
    """A pan of 3 pixels right and 2 up a frame, by temporal distance, in both predictions."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (48, 64, 3)).astype(np.uint8)
    texture = cv2.resize(texture, (320, 240), interpolation=cv2.INTER_CUBIC)
    frames = [texture[60 + 2 * t :, 90 - 3 * t :][:128, :192] for t in range(20)]
    path = encode(tmp_path / "clip.mp4", frames, params=f"{params}:weightp=0:scenecut=0", crf=16)
    display = displays(path)
    compared = 0
    for picture in parse_all(path):
        assert_is_sound(picture)
        inside = 16 // picture.cell  # content enters at the border
        for vectors, slots in zip(picture.vectors, picture.slots, strict=True):
            vectors, slots = (a[inside:-inside, inside:-inside] for a in (vectors, slots))
            for slot, number in enumerate(picture.pictures):
                distance = display[picture.picture] - display[number]
                moved = vectors[slots == slot] / 4
                expected = np.array([3, -2]) * distance
                close = abs(moved - expected).max(-1) <= 0.25
                compared += len(moved)
                assert len(moved) < 20 or close.mean() > 0.95
    assert compared > 4000


def test_cells_are_as_small_as_blocks(tmp_path):
    frames = list(moving_shapes(16, 136, 104))
    large = encode(tmp_path / "large.mp4", frames, params="rect=0:amp=0:min-cu-size=16")
    small = encode(
        tmp_path / "small.mp4", frames, params="rect=1:amp=1:limit-modes=0:rd=4", preset="slow"
    )
    assert {picture.cell for picture in parse_all(large)} == {8}
    cells = [picture.cell for picture in parse_all(small)]
    assert set(cells) == {4, 8}
    for picture in parse_all(small):
        rows, columns = -(-104 // picture.cell), -(-136 // picture.cell)
        assert picture.vectors.shape == (2, rows, columns, 2)
        assert picture.slots.shape == (2, rows, columns)


# ---------------------------------------------------------------------------------- sparse reading


@pytest.mark.parametrize(
    "params", ["bframes=4:b-adapt=0:keyint=20", "bframes=0:keyint=20", "temporal-mvp=0:keyint=20"]
)
def test_wanted_pictures_need_their_collocated_ones_alone(params, tmp_path):
    path = encode(tmp_path / "clip.mkv", moving_shapes(20, 136, 104), params=params)
    extradata, packets, _ = packets_of(path)
    records, _ = HevcParser(extradata).headers(packets)
    everything = parse_all(path)
    parser = HevcParser(extradata)
    shares = []
    for number in range(20):
        needed, colocated = bytearray(20), int(records["colocated"][number])
        while colocated >= 0:
            needed[colocated] = 1
            colocated = int(records["colocated"][colocated])
        wanted = bytearray(20)
        wanted[number] = 1
        parser.reset()
        (picture,) = parser.parse(packets, needed=bytes(needed), wanted=bytes(wanted))
        expected = everything[number]
        assert (picture.picture, picture.pictures) == (number, expected.pictures)
        assert (picture.vectors == expected.vectors).all()
        assert (picture.slots == expected.slots).all()
        shares.append(sum(needed) + 1)
        if any(needed) and records["kind"][records["colocated"][number]] != b"I":
            parser.reset()
            (picture,) = parser.parse(packets, needed=bytes(20), wanted=bytes(wanted))
            assert picture.error == hevc._hevc.message(hevc._hevc.NO_COLOCATED)
            assert picture.vectors is None
    assert (np.mean(shares) < 8) == ("bframes=0" not in params)  # there each needs the one before
    assert (max(shares) == 1) == ("temporal-mvp=0" in params)


def test_runs_continue(tmp_path):
    path = encode(tmp_path / "clip.mkv", moving_shapes(20, 136, 104), params="bframes=3")
    extradata, packets, _ = packets_of(path)
    whole = parse_all(path)
    parser = HevcParser(extradata)
    parts = []
    for packet in packets:
        parts += parser.parse([packet], needed=b"\0", wanted=b"\1", costs=True)
    for part, picture in zip(parts, whole, strict=True):
        assert (part.vectors == picture.vectors).all()
        assert part.pictures == picture.pictures
        assert (part.costs.bits == picture.costs.bits).all()


def test_leading_pictures_of_the_first_key_are_skipped(tmp_path):
    params = "open-gop=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:scenecut=0"
    path = encode(tmp_path / "clip.mkv", moving_shapes(30, 96, 64), params=params)
    extradata, packets, _ = packets_of(path)
    parser = HevcParser(extradata)
    records, _ = parser.headers(packets)
    keys = (records["flags"] & Flags.KEY != 0).nonzero()[0].tolist()
    leading = (records["flags"] & Flags.LEADING != 0).nonzero()[0]
    start = next(key for key in keys if key + 1 in leading)
    whole = parse_all(path)
    parser.reset()
    ones = b"\1" * (len(packets) - start)
    pictures = parser.parse(packets[start:], needed=ones, wanted=ones, costs=True)
    message = hevc._hevc.message(hevc._hevc.SKIPPED_LEADING)
    behind = next(key for key in [*keys, len(packets)] if key > start)
    for picture, expected in zip(pictures, whole[start:], strict=True):
        if start + picture.picture in leading and start + picture.picture < behind:
            assert picture.error == message
        else:
            assert_is_sound(picture)
            assert (picture.vectors == expected.vectors).all()
            assert [number + start for number in picture.pictures] == list(expected.pictures)
    assert sum(picture.error == message for picture in pictures) >= 2


# ---------------------------------------------------------------------------------- costs


@pytest.mark.parametrize("ctu", [16, 32, 64])
def test_costs_add_up(ctu, tmp_path):
    params = f"ctu={ctu}:max-tu-size=16:info=0:hrd=0:keyint=15"
    path = encode(tmp_path / "clip.mkv", moving_shapes(16, 136, 104), params=params)
    _, packets, _ = packets_of(path)
    for picture, packet in zip(parse_all(path), packets, strict=True):
        costs = picture.costs
        shape = -(-104 // ctu), -(-136 // ctu)
        assert costs.size == ctu
        assert costs.bits.shape == costs.coefficients.shape == costs.levels.shape == shape
        headers = 8 * len(packet) - costs.bits.sum()
        assert 0 < headers < (4000 if picture.picture == 0 else 400)
        assert (costs.levels >= costs.coefficients).all()
        assert (costs.bits >= costs.coefficients).all()
    first = parse_all(path)[0]
    assert (first.costs.coefficients > 0).all()
    assert (first.slots == NO_SLOT).all()


def test_still_content_costs_nothing(tmp_path):
    frame = next(moving_shapes(1, 128, 96, noise=0))
    path = encode(tmp_path / "clip.mp4", [frame] * 12, params="bframes=0", crf=30)
    for picture in parse_all(path)[2:]:
        assert not picture.costs.coefficients.any()
        assert not picture.vectors.any()
        assert (picture.slots[0] != NO_SLOT).all()


def test_intra_pictures_are_read_for_their_costs_alone(tmp_path):
    path = encode(tmp_path / "clip.mp4", moving_shapes(4, 128, 96), params="keyint=1")
    extradata, packets, _ = packets_of(path)
    damaged = packets[0][:-20] + bytes(20)
    parser = HevcParser(extradata)
    (picture,) = parser.parse([damaged], needed=b"\0", wanted=b"\1")
    assert_is_sound(picture)
    assert picture.cell == 8
    parser.reset()
    (picture,) = parser.parse([damaged], needed=b"\0", wanted=b"\1", costs=True)
    assert picture.error is not None or not picture.ends_exactly


# ---------------------------------------------------------------------------------- windows


@pytest.mark.parametrize(("left", "top", "cell"), [(8, 16, 8), (4, 8, 4), (6, 2, 4)])
def test_the_frame_is_the_conformance_window(left, top, cell, tmp_path):
    path = encode(tmp_path / "clip.hevc", moving_shapes(8, 128, 96), params="rect=0:amp=0")
    parts = path.read_bytes().replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    stream = b"".join(b"\0\0\1" + part for part in parts)
    cropped = b"".join(
        b"\0\0\1" + (with_window(part, left // 2, 3, top // 2, 5) if part[0] >> 1 == 33 else part)
        for part in parts
    )
    whole = HevcParser(None).parse([stream], needed=b"\1", wanted=b"\1")
    pictures = HevcParser(None).parse([cropped], needed=b"\1", wanted=b"\1")
    assert len(whole) == len(pictures) == 8
    for picture, expected in zip(pictures, whole, strict=True):
        assert picture.size == (96 - top - 10, 128 - left - 6)
        assert (picture.cell, expected.cell) == (cell, 8)
        rows, columns = (-(-size // cell) for size in picture.size)
        vectors = expected.vectors.repeat(2, 1).repeat(2, 2)
        # 6 pixels: the cell whose middle is within the first 4 of the frame
        x = (left + 2) // 4 + cell // 4 * np.arange(columns)
        y = (top + 2) // 4 + cell // 4 * np.arange(rows)
        assert (picture.vectors == vectors[:, y][:, :, x]).all()


def test_right_and_lower_padding_is_left_away(tmp_path):
    path = encode(tmp_path / "clip.mp4", moving_shapes(8, 100, 62))
    for picture in parse_all(path):
        assert picture.size == (62, 100)
        assert picture.slots.shape[1:] == (-(-62 // picture.cell), -(-100 // picture.cell))


def test_size_and_units_may_change_at_a_key_picture(tmp_path):
    """The parameter sets of a second stream have the same numbers."""
    streams = [
        encode(tmp_path / f"{number}.hevc", moving_shapes(10, *size), params=params).read_bytes()
        for number, (size, params) in enumerate(
            [((136, 104), "ctu=64:bframes=3"), ((96, 64), "ctu=16:max-tu-size=16:bframes=2")]
        )
    ]
    alone = [HevcParser(None).parse([stream], needed=b"\1", wanted=b"\1") for stream in streams]
    joined = HevcParser(None).parse([b"".join(streams)], needed=b"\1", wanted=b"\1")
    records, _ = HevcParser(None).headers([b"".join(streams)])
    assert records["epoch"].tolist() == [0] * 10 + [1] * 10
    for picture, expected in zip(joined, [*alone[0], *alone[1]], strict=True):
        assert_is_sound(picture)
        assert picture.size == expected.size
        assert (picture.vectors == expected.vectors).all()
        assert (picture.slots == expected.slots).all()


# ---------------------------------------------------------------------------------- refusals

RANGE = "10000000"  # which extensions are there
EXTENSIONS = {
    "extended precision": RANGE + "000010000",
    "aligned bypass": RANGE + "000000001",
    "screen content": "00010000",
}


def parse_one(*units: bytes) -> ParsedPicture:
    packet = b"".join(b"\0\0\1" + unit for unit in units)
    (picture,) = HevcParser(None).parse([packet], needed=b"\1", wanted=b"\1", costs=True)
    return picture


@pytest.mark.parametrize(
    ("sps", "name"),
    [
        *((write_sps(profile=RANGE_EXTENSIONS, extension=e), n) for n, e in EXTENSIONS.items()),
        (write_sps(chroma_format=3, separate_planes=True), "separate colour planes"),
        (write_sps(width=8320, height=4352), "larger than 8192x4320"),
        (write_sps(width=16896, height=64), "larger than 8192x4320"),
    ],
)
def test_what_is_not_read_is_refused_by_name(sps, name):
    picture = parse_one(sps, write_pps(), write_intra_slice())
    assert picture.is_unsupported
    assert name in picture.error
    assert picture.vectors is None


def test_screen_content_in_the_picture_parameter_set_is_refused():
    picture = parse_one(write_sps(), write_pps(extension="00010000"), write_intra_slice())
    assert picture.is_unsupported
    assert "screen content" in picture.error


@pytest.mark.parametrize("profile", [MAIN, RANGE_EXTENSIONS])
@pytest.mark.parametrize("extension", ["", "01000000" + "0", "00100000", "00001111"])
def test_what_other_layers_need_is_left_aside(profile, extension):
    """Multilayer, 3D and future extensions say nothing of the base layer's slices."""
    sps = write_sps(profile=profile, extension=extension)
    picture = parse_one(sps, write_pps(extension=extension), write_intra_slice())
    assert not picture.is_unsupported
    assert picture.error in (None, *map(hevc._hevc.message, range(hevc._hevc.FIRST_UNSUPPORTED)))
    packet = b"".join(b"\0\0\1" + unit for unit in (sps, write_pps(), write_intra_slice()))
    (motion,) = HevcParser(None).parse([packet], needed=b"\0", wanted=b"\1")
    assert_is_sound(motion)  # of an intra picture nothing but the header is read


def test_wrong_calls():
    parser = HevcParser(None)
    with pytest.raises(ValueError, match="1 packets, 0 flags of the needed, 1 of the wanted"):
        parser.parse([b""], needed=b"", wanted=b"\1")
    with pytest.raises(TypeError):
        parser.parse(["text"], needed=b"\0", wanted=b"\1")
    with pytest.raises(TypeError):
        hevc._hevc.Parser("text")
    assert parser.parse([b"", b"\0\0\1"], needed=b"\0\0", wanted=b"\1\1") == []
