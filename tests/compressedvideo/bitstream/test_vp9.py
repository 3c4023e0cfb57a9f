"""Motion of VP9 straight from the bitstream: against known motion, and against decoded pictures."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
import pytest

from compressedvideo.bitstream import vp9
from compressedvideo.bitstream.record import RECORD, Flags, as_arrays
from compressedvideo.bitstream.vp9 import HiddenPlace, hidden_places
from tests.compressedvideo.bitstream.against_decoder import encode, moving_texture, read_packets
from tests.compressedvideo.bitstream.sanitized import generate_vp9

pytestmark = pytest.mark.skipif(not vp9.is_available(), reason="no compiled parsers")

LOSSLESS = {"lossless": "1", "cpu-used": "4", "frame-parallel": "0"}
WITH_HIDDEN = {  # the one way to alternate references without a second pass
    "deadline": "realtime",
    "cpu-used": "6",
    "b": "200k",
    "lag-in-frames": "25",
    "auto-alt-ref": "1",
    "frame-parallel": "0",
}
NOT_USED = 255


@dataclass
class Motion:
    """An item of what ``Parser.parse`` returns, as arrays."""

    picture: int
    status: int
    bit: int
    cell: int
    size: tuple[int, int]
    pictures: tuple[int, ...]
    vectors: np.ndarray | None  # [2, rows, columns, 2]
    slots: np.ndarray | None
    bits: np.ndarray | None  # [block rows, block columns]
    coefficients: np.ndarray | None


def as_motion(item: tuple) -> Motion:
    picture, status, bit, cell, height, width, pictures, vectors, slots, costs = item
    motion = Motion(picture, status, bit, cell, (height, width), pictures, None, None, None, None)
    if vectors is not None:
        shape = 2, -(-height // cell), -(-width // cell)
        motion.vectors = np.frombuffer(vectors, np.int16).reshape(*shape, 2)
        motion.slots = np.frombuffer(slots, np.uint8).reshape(shape)
    if costs is not None:
        block, bits, coefficients = costs
        shape = -(-height // block), -(-width // block)
        motion.bits = np.frombuffer(bits, np.uint32).reshape(shape)
        motion.coefficients = np.frombuffer(coefficients, np.uint16).reshape(shape)
    return motion


def parse(packets, *, wanted=None, needed=None, costs=False, parser=None) -> list[Motion]:
    parser = parser or vp9.Parser()
    every = bytes([1]) * len(packets)
    wanted, needed = (every if flags is None else bytes(flags) for flags in (wanted, needed))
    return [as_motion(item) for item in parser.parse(packets, needed, wanted, costs)]


def clip(tmp_path, options, count=30, **texture) -> list[bytes]:
    path = tmp_path / "clip.ivf"
    encode(path, "libvpx-vp9", options, frames=moving_texture(count, **texture), gop_size=count)
    return read_packets(path)[2]


def luma(packets) -> list[np.ndarray]:
    context = av.CodecContext.create("vp9", "r")
    frames = [f for packet in [*map(av.Packet, packets), None] for f in context.decode(packet)]
    planes = []
    for frame in frames:
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        planes.append(rows[:, : plane.width].copy())
    return planes


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[list[bytes]]:
    """Packets of random streams, which have what encoders rarely write."""
    files = generate_vp9(tmp_path_factory.mktemp("generated"), range(30))
    return [read_packets(file)[2] for file in files]


# ---------------------------------------------------------------- vectors


@pytest.mark.parametrize("size", [(176, 144), (162, 98)])
def test_a_pan_reads_as_its_speed(tmp_path, size):
    packets = clip(
        tmp_path, {"cpu-used": "4", "crf": "20", "b": "0"}, width=size[0], height=size[1]
    )
    motions = parse(packets)
    assert [motion.status for motion in motions] == [0] * 30
    assert [motion.size for motion in motions] == [size[::-1]] * 30
    assert np.all(motions[0].slots == NOT_USED)
    assert motions[0].pictures == ()
    inside = np.s_[4:-4, 4:-4]
    for motion in motions[1:]:
        assert motion.picture - 1 in motion.pictures
        distance = motion.picture - np.array([*motion.pictures, 0])  # frames, by slot
        slots = np.minimum(motion.slots[0], len(motion.pictures))
        expected = distance[slots][..., None] * np.array([12, 4])  # 3 right and 1 down, in quarters
        right = np.abs(motion.vectors[0] - expected).max(axis=-1) <= 1
        used = motion.slots[0] != NOT_USED
        assert np.mean((right & used)[inside]) > 0.9


def test_blocks_without_coefficients_are_copies(tmp_path):
    """In lossless coding there is no loop filter: the prediction is what is decoded."""
    packets = clip(tmp_path, LOSSLESS, count=12, speed=(-4, 2))  # whole pixels of chroma, too
    pictures = luma(packets)
    num_copies = num_equal = 0
    for motion in parse(packets, costs=True)[1:]:
        now, blocks = pictures[motion.picture], 8 // motion.cell
        for row, column in np.argwhere(motion.coefficients == 0):
            cells = (
                slice(row * blocks, (row + 1) * blocks),
                slice(column * blocks, (column + 1) * blocks),
            )
            slots, vectors = motion.slots[(..., *cells)], motion.vectors[(0, *cells)]
            x, y = vectors[0, 0]
            top, left = row * 8 - y // 4, column * 8 - x // 4  # source = destination - motion
            if (
                np.any(slots[1] != NOT_USED)
                or slots[0, 0, 0] == NOT_USED
                or np.any(vectors % 4)
                or np.any(vectors != vectors[0, 0])
                or not (0 <= top <= now.shape[0] - 8 and 0 <= left <= now.shape[1] - 8)
            ):
                continue
            past = pictures[motion.pictures[slots[0, 0, 0]]]
            num_copies += 1
            num_equal += np.array_equal(
                now[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8],
                past[top : top + 8, left : left + 8],
            )
    assert num_copies > 500
    assert num_equal == num_copies


def test_vectors_of_small_blocks_differ_within_eight_pixels(generated):
    cells_seen, num_different = set(), 0
    for packets in generated[:12]:
        for motion in parse(packets):
            cells_seen.add((motion.cell, motion.pictures == ()))
            if motion.cell == 8:
                continue
            height, width = (length // 8 * 2 for length in motion.size)
            cells = motion.vectors[0, :height, :width].reshape(height // 2, 2, width // 2, 2, 2)
            num_different += np.any(cells != cells[:, :1, :, :1], axis=(1, 3, 4)).sum()
            slots = motion.slots[:, :height, :width].reshape(2, height // 2, 2, width // 2, 2)
            assert np.all(slots == slots[:, :, :1, :, :1])  # references hold for all of a block
    assert num_different > 40
    assert cells_seen == {(8, True), (8, False), (4, False)}  # intra pictures: always 8


def test_slots_name_distinct_earlier_pictures(generated):
    seen = set()
    for packets in generated:
        records, references = as_arrays(*vp9.Parser().headers(packets))
        ends = records["num_references"].cumsum()
        lists = {
            int(record["picture"]): references[end - record["num_references"] : end].tolist()
            for end, record in zip(ends, records, strict=True)
            if not record["flags"] & Flags.SHOWS_EXISTING
        }
        for motion in parse(packets):
            assert list(motion.pictures) == lists[motion.picture]
            used = motion.slots != NOT_USED
            assert np.all(motion.slots[used] < len(motion.pictures))
            assert np.all(motion.vectors[~used] == 0)
            assert not np.any(used[1] & ~used[0])
            seen |= {(motion.status, bool(used[1].any()))}
    scaled = vp9.SCALED
    assert seen == {(vp9.OK, False), (vp9.OK, True), (scaled, False), (scaled, True)}


# ---------------------------------------------------------------- what is asked for


def test_what_is_wanted_does_not_change_what_is_read(tmp_path):
    packets = clip(tmp_path, WITH_HIDDEN)
    everything = vp9.Parser().parse(packets, bytes([1] * 30), bytes([1] * 30), True)
    parser = vp9.Parser()
    some = []
    for start in range(0, 30, 7):
        run = packets[start : start + 7]
        wanted = bytes(number % 3 == 0 for number in range(start, start + len(run)))
        some += parser.parse(run, bytes([1] * len(run)), wanted, True)
    records, _ = as_arrays(*vp9.Parser().headers(packets))
    numbers = {int(r["picture"]) for r in records if r["packet"] % 3 == 0}
    assert some == [item for item in everything if item[0] in numbers]
    parser.reset()
    assert parser.parse(packets, bytes([1] * 30), bytes([1] * 30), True) == everything
    without = parser.parse(packets, bytes([1] * 30), bytes(30), True)
    assert without == []


def test_frames_may_be_fed_alone(tmp_path):
    packets = clip(tmp_path, WITH_HIDDEN)
    records, _ = as_arrays(*vp9.Parser().headers(packets))
    alone = [packets[r["packet"]][r["start"] : r["stop"]] for r in records]
    assert len(alone) > len(packets)
    for whole, single in zip(parse(packets), parse(alone), strict=True):
        assert whole.picture == single.picture
        assert np.array_equal(whole.vectors, single.vectors)


@pytest.mark.parametrize(("options", "starts_anew"), [(LOSSLESS, 10), (WITH_HIDDEN, 10)])
def test_what_is_left_out_is_missed_until_the_next_key_frame(tmp_path, options, starts_anew):
    path = tmp_path / "clip.ivf"
    encode(path, "libvpx-vp9", options, frames=moving_texture(14), gop_size=starts_anew)
    packets = read_packets(path)[2]
    records, _ = as_arrays(*vp9.Parser().headers(packets))
    keys = records["packet"][records["flags"] & Flags.KEY != 0].tolist()
    assert keys == [0, starts_anew]
    whole = {motion.picture: motion for motion in parse(packets)}
    needed = [number != 4 for number in range(14)]
    for motion in parse(packets, needed=needed, wanted=needed):
        number = records["packet"][records["picture"] == motion.picture][0]
        if 4 < number < starts_anew:
            assert motion.status == vp9.NO_KEY_FRAME
            assert motion.vectors is None
            assert motion.slots is None
        else:
            assert motion.status == vp9.OK
            assert np.array_equal(motion.vectors, whole[motion.picture].vectors)
            assert motion.pictures == whole[motion.picture].pictures


def test_numbers_of_flags_have_to_fit():
    with pytest.raises(ValueError, match="2 packets, 1 flags of need, 2 of want"):
        vp9.Parser().parse([b"", b""], b"\1", b"\1\1", False)
    with pytest.raises(TypeError):
        vp9.Parser().parse([1], b"\1", b"\1", False)
    assert vp9.Parser().parse([b""], b"\1", b"\1", False) == []


# ---------------------------------------------------------------- costs


def test_costs_add_up_to_the_frames(tmp_path):
    packets = clip(tmp_path, {"crf": "20", "b": "0", "cpu-used": "5"}, count=8)
    for motion, packet in zip(parse(packets, costs=True), packets, strict=True):
        total = int(motion.bits.sum())
        assert motion.bits.shape == motion.coefficients.shape == (18, 22)
        assert 0 < 8 * len(packet) - total < 8 * 250  # both headers, padding
        assert 0 < motion.coefficients.sum() < total
    assert parse(packets[:1])[0].bits is None


def test_costs_of_a_key_frame_lie_where_the_detail_is(tmp_path):
    frame = np.full((64, 96, 3), 128, np.uint8)
    frame[16:48, 32:64] = np.random.default_rng(0).integers(0, 256, (32, 32, 3))
    encode(tmp_path / "clip.ivf", "libvpx-vp9", {"crf": "10", "b": "0"}, frames=[frame])
    (motion,) = parse(read_packets(tmp_path / "clip.ivf")[2], costs=True)
    detail = np.s_[2:6, 4:8]
    assert motion.bits[detail].sum() > 0.9 * motion.bits.sum()
    assert motion.coefficients[detail].min() > 20


# ---------------------------------------------------------------- damage


def test_damage_is_named_and_located(tmp_path):
    packets = clip(tmp_path, LOSSLESS, count=6)
    short = packets[3][: len(packets[3]) // 2]
    motions = parse([*packets[:3], short, *packets[4:]])
    assert [motion.status == vp9.OK for motion in motions] == [True] * 3 + [False] * 3
    assert vp9.message(motions[3].status) == "a partition ends before its symbols do"
    assert 8 * len(short) * 0.9 < motions[3].bit <= 8 * len(short)
    assert motions[3].vectors is None
    assert motions[3].picture == 3
    assert motions[4].status == motions[5].status == vp9.NO_KEY_FRAME

    (motion,) = parse([b"\0" + packets[0][1:]])
    assert vp9.message(motion.status) == "no frame marker"
    assert motion.bit == 2
    (motion,) = parse([packets[1]])
    assert vp9.message(motion.status) == "a reference slot that holds no picture"


def test_a_flipped_bit_does_not_end_exactly(tmp_path):
    packets = clip(tmp_path, LOSSLESS, count=2)
    noticed = 0
    for number in range(40):
        damaged = bytearray(packets[1])
        damaged[100 + 37 * number % (len(damaged) - 100)] ^= 1 << number % 8
        noticed += parse([packets[0], bytes(damaged)])[1].status != vp9.OK
    assert noticed >= 39


def test_each_status_has_a_sentence_of_its_own():
    sentences = [vp9.message(status) for status in range(vp9.FIRST_UNSUPPORTED + 2)]
    assert len(set(sentences)) == len(sentences)
    assert all(len(sentence) > 5 for sentence in sentences)
    assert vp9.message(10_000) == "unknown status"
    assert vp9.USABLE == (vp9.OK, vp9.INEXACT_END, vp9.SCALED)


# ---------------------------------------------------------------- hidden pictures


def records_of(*kinds: str) -> np.ndarray:
    """Records in decoding order: 'shown', 'hidden', or the number of a picture that is shown."""
    records = np.zeros(len(kinds), RECORD)
    picture = 0
    for record, kind in zip(records, kinds, strict=True):
        record["picture"] = int(kind) if kind.isdigit() else picture
        record["flags"] = {"shown": Flags.REFERENCED, "hidden": Flags.HIDDEN}.get(
            kind, Flags.SHOWS_EXISTING
        )
        picture += not kind.isdigit()
    return records


def test_a_picture_that_is_shown_later_has_an_exact_place():
    records = records_of("shown", "hidden", "shown", "1", "shown", "1")
    stills = [(2, 1, 0.9)]  # the exact place counts for more
    assert hidden_places(records, stills) == {1: HiddenPlace(2, "exact")}


def test_an_overlay_stands_out():
    records = records_of("shown", "hidden", "shown", "shown", "shown", "shown")
    stills = [(2, 1, 0.05), (3, 1, 0.1), (4, 1, 0.6), (5, 1, 0.58)]
    assert hidden_places(records, stills) == {1: HiddenPlace(3, "inferred")}
    larger = [(2, 1, 0.05), (3, 1, 0.35), (4, 1, 0.36)]  # the first one is, the second like it
    assert hidden_places(records, larger) == {1: HiddenPlace(2, "inferred")}


@pytest.mark.parametrize("shares", [[], [0.02, 0.29], [0.07, 0.34], [0.1, 0.2, 0.4]])
def test_without_an_overlay_the_place_is_where_it_was_decoded(shares):
    records = records_of("shown", "shown", "hidden", "shown", "shown", "shown")
    stills = [(3 + i, 2, share) for i, share in enumerate(shares)]
    assert hidden_places(records, stills) == {2: HiddenPlace(1.5, "interpolated")}


def test_real_alternate_references_are_found(tmp_path):
    """With hidden frames of this encoder the frame they are is shown as a copy later."""
    packets = clip(tmp_path, WITH_HIDDEN, count=60)
    parser = vp9.Parser()
    parse(packets, wanted=bytes(60), parser=parser)
    stills = parser.stills()
    assert parser.stills() == []
    records, _ = as_arrays(*vp9.Parser().headers(packets))
    hidden = records["picture"][records["flags"] & Flags.HIDDEN != 0].tolist()
    assert len(hidden) >= 3
    assert {still[1] for still in stills} == set(hidden)
    assert all(0 <= share <= 1 for _, _, share in stills)
    places = hidden_places(records, stills)
    assert sorted(places) == hidden
    motions = {motion.picture: motion for motion in parse(packets)}
    index = {int(r["picture"]): i for i, r in enumerate(records[records["flags"] & 16 == 0])}
    for picture, place in places.items():
        assert place.how == "inferred"
        (overlay,) = [number for number, at in index.items() if at == place.display]
        motion = motions[overlay]
        still = (motion.slots[0] == motion.pictures.index(picture)) & ~motion.vectors[0].any(
            axis=-1
        )
        assert still.mean() > 0.5


def test_hidden_frames_of_a_real_clip(shared_data):
    packets = read_packets(shared_data / "wild" / "12_vp9_hidden_frames.webm")[2]
    parser = vp9.Parser()
    motions = parse(packets, parser=parser)
    assert [motion.status for motion in motions] == [vp9.OK] * 80
    records, _ = as_arrays(*vp9.Parser().headers(packets))
    places = hidden_places(records, parser.stills())
    assert {picture: place.display for picture, place in places.items()} == {
        **{1: 12, 14: 26, 29: 33, 37: 41, 47: 54, 60: 60, 67: 68},
        **{77: 69.5},
    }
    assert [place.how for place in places.values()] == ["inferred"] * 7 + ["interpolated"]
