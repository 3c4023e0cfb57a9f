"""Records written by hand, and the frames that they make."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from compressedvideo.bitstream.record import RECORD, Flags
from compressedvideo.errors import CorruptVideoError
from compressedvideo.indexing import build_index, read_index

KEY, REF, HIDDEN = Flags.KEY | Flags.REFERENCED, Flags.REFERENCED, Flags.HIDDEN


def make(*rows: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Records and references of ``(kind, order, flags, references[, other members])``."""
    records = np.zeros(len(rows), RECORD)
    records["colocated"] = records["recovery"] = -1
    all_references: list[int] = []
    for number, (kind, order, flags, references, *others) in enumerate(rows):
        records[number]["kind"], records[number]["order"] = kind.encode(), order
        records[number]["flags"], records[number]["num_references"] = flags, len(references)
        records[number]["packet"] = records[number]["picture"] = number
        for name, value in (others[0] if others else {}).items():
            records[number][name] = value
        all_references += references
    return records, np.array(all_references, np.int32)


PYRAMID = make(
    ("I", 0, KEY, []),
    ("P", 8, REF, [0]),
    ("B", 4, REF, [0, 1]),
    ("B", 2, 0, [0, 2]),
    ("B", 6, 0, [2, 1]),
    ("P", 12, REF, [1]),
    ("I", 0, KEY, [], {"epoch": 1}),
    ("P", 2, REF, [6], {"epoch": 1}),
)


def test_display_order_within_and_across_epochs():
    index = build_index(*PYRAMID)
    assert index.display.tolist() == [0, 4, 2, 1, 3, 5, 6, 7]
    assert index.shown.tolist() == [0, 3, 2, 4, 1, 5, 6, 7]
    assert "".join(index.frame_types) == "IBBBPPIP"
    assert (index.num_frames, index.keyframes.tolist()) == (8, [0, 6])
    assert [index.is_referenced(display) for display in range(4)] == [True, False, True, False]
    assert index.delay == 2  # picture 3 is shown before pictures 1 and 2 were
    assert index.last_of(0) == 5
    assert index.last_of(1) == 7


def test_pictures_of_a_gop_and_their_references():
    pictures = build_index(*PYRAMID).pictures(0, last=5)
    assert [(p.display, p.kind, p.referenced) for p in pictures] == [
        (0, "I", True),
        (4, "P", True),
        (2, "B", True),
        (1, "B", False),
        (3, "B", False),
        (5, "P", True),
    ]
    assert [p.references for p in pictures] == [(), (0,), (0, 4), (0, 2), (2, 4), (4,)]
    assert [p.past for p in pictures] == [None, 0, 0, 0, 2, 4]
    assert [p.future for p in pictures] == [None, None, 4, 2, 4, None]
    assert [p.display for p in build_index(*PYRAMID).pictures(1, last=7)] == [6, 7]


def test_both_references_may_lie_on_one_side():
    pictures = build_index(
        *make(
            ("I", 0, KEY, []),
            ("P", 2, REF, [0]),
            ("B", 4, REF, [1, 0]),
            ("P", 8, REF, [2]),
            ("B", 6, 0, [3]),
            ("P", 7, 0, [3]),
        )
    ).pictures(0, last=5)
    both_past, only_future, backwards = pictures[2], pictures[4], pictures[5]
    assert (both_past.past, both_past.future) == (1, 1)
    assert (only_future.display, only_future.past, only_future.future) == (3, 5, 5)
    assert (backwards.display, backwards.past, backwards.future) == (4, 5, None)


def test_what_cannot_be_decoded_is_no_frame():
    """Before the first key frame there is nothing to predict from, nor to show."""
    records = make(
        ("P", 0, REF, [-1]),
        ("B", 2, 0, [-1, 0]),
        ("I", 8, KEY, []),
        ("B", 4, 0, [0, 2]),
        ("P", 12, REF, [2]),
        ("B", 10, 0, [2, 4]),
    )
    index = build_index(*records)
    assert index.display.tolist() == [-1, -1, 0, -1, 2, 1]
    assert [p.number for p in index.pictures(0, last=5)] == [2, 4, 5]
    nothing = build_index(*make(("P", 0, REF, [-1]), ("B", 2, 0, [])))
    assert (nothing.num_frames, nothing.keyframes.tolist()) == (0, [])


def test_an_i_picture_must_do_where_nothing_is_a_key_frame():
    index = build_index(*make(("P", 0, REF, [-1]), ("I", 2, REF, []), ("P", 4, REF, [1])))
    assert (index.frame_types, index.keyframes.tolist()) == (["I", "P"], [0])


def test_leading_pictures_of_an_open_gop_belong_to_the_one_before():
    index = build_index(
        *make(
            ("I", 0, KEY, []),
            ("P", 4, REF, [0]),
            ("I", 8, KEY, []),
            ("B", 6, 0, [1, 2]),
            ("P", 12, REF, [2]),
        )
    )
    assert index.keyframes.tolist() == [0, 3]
    assert [p.display for p in index.pictures(0, last=3)] == [0, 1, 3, 2]
    second = index.pictures(1, last=4)
    assert [(p.display, p.references) for p in second] == [(3, ()), (4, (3,))]


def test_two_fields_are_one_picture():
    fields = dict(field=1, picture=0), dict(field=2, picture=0)
    records, references = make(
        ("I", 0, KEY, [], fields[0]),
        ("P", 1, Flags.SECOND_FIELD | Flags.REFERENCED, [0], {**fields[1], "stop": 99}),
        ("P", 4, 0, [0], {"picture": 1, "field": 1}),
        ("P", 5, Flags.SECOND_FIELD | Flags.REFERENCED, [1, 0], {"picture": 1, "field": 2}),
        ("P", 8, REF, [1], {"picture": 2}),
    )
    index = build_index(records, references)
    assert index.num_frames == 3
    pictures = index.pictures(0, last=2)
    assert [(p.first_packet, p.last_packet, p.stop) for p in pictures[:2]] == [
        (0, 1, 99),
        (2, 3, 0),
    ]
    assert [p.references for p in pictures] == [(), (0,), (1,)]
    assert [p.referenced for p in pictures] == [True, True, True]
    assert records["num_references"].tolist() == [0, 1, 1, 2, 1]  # not overwritten


def test_hidden_pictures_have_names_and_places_of_their_own():
    """A hidden picture, two frames that refer to it, and one that shows it."""
    shows = Flags.SHOWS_EXISTING
    records = make(
        ("I", 0, KEY, []),
        ("P", 1, REF | HIDDEN, [0]),
        ("P", 2, REF, [0, 1]),
        ("P", 3, shows, [1], {"picture": 1}),
        ("P", 4, REF | HIDDEN, [1], {"picture": 3}),
        ("P", 5, REF, [3], {"picture": 4}),
    )
    index = build_index(*records)
    assert index.display.tolist() == [0, -1, 1, 2, -1, 3]
    assert index.positions.tolist() == [0, 2, 1, 2, 2.5, 3]
    pictures = index.pictures(0, last=5)
    assert [p.display for p in pictures] == [0, -3, 1, 2, -6, 3]
    assert [p.references for p in pictures] == [(), (0,), (0, -3), (-3,), (-3,), (-6,)]
    assert [p.shows_existing for p in pictures] == [False, False, False, True, False, False]
    # frame 1 is predicted from frame 0, and from the one that is shown as frame 2
    assert pictures[2].past == 0
    assert pictures[5].past is None  # from nothing that is ever shown


def test_what_rests_on_lost_pictures_is_lost_until_the_next_key_frame():
    index = build_index(
        *make(
            ("I", 0, KEY, []),
            ("P", 2, REF, [0]),
            ("P", 4, REF | Flags.LOST_BEFORE, [1]),
            ("P", 6, REF, [1]),
            ("P", 8, REF, [2]),
            ("P", 10, REF, [-1]),
            ("I", 12, KEY, []),
            ("P", 14, REF, [6]),
        )
    )
    assert index.lost.tolist() == [False, False, True, False, True, True, False, False]


# -- without a parser


class Packets(SimpleNamespace):
    """What an index needs to know of packets."""

    codec, num_missing, times = "vc1", 0, None

    def __len__(self) -> int:
        return len(self.is_key)

    @property
    def sizes(self) -> np.ndarray:
        return np.full(len(self), 9)

    def scan(self):
        yield [bytes(9)] * (len(self) - self.num_missing)


def test_without_a_parser_times_order_packets():
    is_key = np.array([True, False, False, True])
    index = read_index(Packets(is_key=is_key, times=np.array([0, 40, 20, 60])), None, path="a.wmv")
    assert (index.is_claimed, index.frame_types) == (True, ["?"] * 4)
    assert index.display.tolist() == [0, 2, 1, 3]
    assert (index.keyframes.tolist(), index.ticks.tolist()) == ([0, 3], [0, 20, 40, 60])
    index.set_kinds(["I", "B", "P", "I"])
    gop = index.pictures(0, last=2)
    assert [(p.display, p.kind, p.past, p.future) for p in gop] == [
        (0, "I", None, None),
        (2, "P", 0, None),
        (1, "B", 0, 2),
    ]

    index = read_index(Packets(is_key=is_key), None, path="a.wmv")
    assert (index.display.tolist(), index.ticks) == ([0, 1, 2, 3], None)
    with pytest.raises(CorruptVideoError, match=r"a\.wmv: has no key frame .*\(codec vc1\)"):
        read_index(Packets(is_key=is_key & False), None, path="a.wmv")


class Parser:
    """Says what it was told to say."""

    def __init__(self, records: np.ndarray, references: np.ndarray) -> None:
        self.said = records.tobytes(), references.tobytes()

    def headers(self, packets) -> tuple[bytes, bytes]:
        return self.said


def test_announced_packets_that_are_missing_are_frames_that_are_lost():
    packets = Packets(is_key=np.zeros(10, bool), num_missing=2)
    index = read_index(packets, Parser(*PYRAMID), path="a.mp4")
    assert (index.num_frames, index.frame_types[-3:]) == (10, ["P", "?", "?"])
    assert index.lost.tolist() == [False] * 8 + [True] * 2
    assert index.records["packet"][-2:].tolist() == [8, 9]
    assert not index.is_claimed


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([10, 50, 30, 20, 40, 60, 70, 80], [0, 10, 20, 30, 40, 50, 60, 70]),
        ([10, 50, 30, 20, 40, 60, 60, 80], None),  # equal
        ([10, 20, 30, 40, 50, 60, 70, 80], None),  # in another order than the pictures
    ],
)
def test_times_count_if_they_rise(times, expected):
    packets = Packets(is_key=np.zeros(8, bool), times=np.array(times))
    ticks = read_index(packets, Parser(*PYRAMID), path="a.mp4").ticks
    assert (ticks if ticks is None else ticks.tolist()) == expected
