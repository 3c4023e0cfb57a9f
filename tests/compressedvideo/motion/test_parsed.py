"""What is asked of a codec's parser, and made of its answers; one that says what it is told."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from compressedvideo.errors import CorruptVideoError, UnsupportedVideoError
from compressedvideo.index import Picture
from compressedvideo.motion.cells import NO_PICTURE, NO_REFERENCE
from compressedvideo.motion.parsed import RUN, ParsedMotion, RefusedError

HEIGHT, WIDTH = 16, 24


def picture(number: int, display: int, *, colocated: int = -1, shows_existing=False) -> Picture:
    made = Picture(
        number, display, "P", True, number, number, 0, 1, display, colocated, shows_existing
    )
    made.packets = [bytes([number])]
    return made


def answer(number: int, **changes) -> SimpleNamespace:
    """What a parser says of the picture with this number of its own: vectors of its number."""
    said = dict(
        picture=number,
        error=None,
        is_unsupported=False,
        ends_exactly=True,
        size=(HEIGHT, WIDTH),
        cell=8,
        pictures=(0, -1),
        vectors=np.full((2, 2, 3, 2), number, np.int16),
        slots=np.zeros((2, 2, 3), np.uint8),
        costs=None,
    )
    return SimpleNamespace(**{**said, **changes})


class Parser:
    """Answers for each wanted packet, counted from the last reset."""

    def __init__(self, **changes) -> None:
        self.changes = changes
        self.asked: list[tuple] = []
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1
        self.count = 0

    def parse(self, packets, *, needed, wanted, costs):
        self.asked.append((b"".join(packets), needed, wanted, costs))
        first, self.count = self.count, self.count + len(packets)
        return [answer(first + i, **self.changes) for i, flag in enumerate(wanted) if flag]


def parse(parser: Parser, pictures: list[Picture], wanted: set[int], *, with_costs=False):
    motion = ParsedMotion(parser, codec="h264", with_costs=with_costs, path="clip.mp4")
    return motion, list(motion.parse(pictures, wanted=wanted, height=HEIGHT, width=WIDTH))


def test_numbers_of_the_parser_become_frames():
    """Pictures 10, 11 and 12 of the stream, displayed as frames 5, 8 and 6."""
    pictures = [picture(10, 5), picture(11, 8), picture(12, 6)]
    parser = Parser(pictures=(1, 0, -1))
    _, ((run, parsed),) = parse(parser, pictures, {6, 8})
    assert [p.number for p in run] == [10, 11, 12]
    assert [one.picture.display for one in parsed] == [8, 6]
    assert [one.cells.pictures for one in parsed] == [(8, 5, NO_PICTURE)] * 2
    assert [one.cells.vectors[0, 0, 0, 0] for one in parsed] == [1, 2]
    assert parser.asked == [(b"\x0a\x0b\x0c", b"\x00\x01\x01", b"\x00\x01\x01", False)]


def test_what_motion_is_derived_from_is_needed_too():
    pictures = [
        picture(0, 0),
        picture(1, 4),
        picture(2, 2, colocated=1),
        picture(3, 1, colocated=2),
        picture(4, 3, colocated=1),
    ]
    parser = Parser()
    parse(parser, pictures, {1})
    ((_, needed, wanted, _),) = parser.asked
    assert (needed, wanted) == (b"\x00\x01\x01\x01\x00", b"\x00\x00\x00\x01\x00")


def test_long_gops_are_parsed_run_by_run():
    parser = Parser()
    pictures = [picture(n, n) for n in range(2 * RUN + 3)]
    motion, runs = parse(parser, pictures, {0, RUN, 2 * RUN + 2})
    assert [len(run) for run, _ in runs] == [RUN, RUN, 3]
    assert [[one.picture.display for one in parsed] for _, parsed in runs] == [
        [0],
        [RUN],
        [2 * RUN + 2],
    ]
    list(motion.parse(pictures[:1], wanted=set(), height=HEIGHT, width=WIDTH))
    assert parser.resets == 2


def test_a_frame_that_shows_an_earlier_one_has_no_motion_of_its_own():
    pictures = [picture(0, 0), picture(1, -3), picture(2, 1, shows_existing=True), picture(3, 2)]
    parser = Parser()
    _, runs = parse(parser, pictures, {1, 2})
    assert parser.asked[0][0] == b"\x00\x01\x03"
    parsed = {one.picture.display: one.cells for _, some in runs for one in some}
    assert parsed.keys() == {1, 2}
    assert parsed[2].vectors[0, 0, 0, 0] == 2  # the third that the parser was given
    assert not parsed[1].vectors.any()
    assert (parsed[1].slots == NO_REFERENCE).all()
    assert parsed[1].slots.shape == (2, 2, 3)


def test_costs_are_handed_on():
    costs = SimpleNamespace(
        size=16, bits=np.array([[1, 2]], np.uint32), coefficients=np.array([[3, 4]], np.uint16)
    )
    parser = Parser(costs=costs)
    _, ((_, (parsed,)),) = parse(parser, [picture(0, 0)], {0}, with_costs=True)
    assert parser.asked[0][3] is True
    assert parsed.costs.block == 16
    assert parsed.costs.bits.tolist() == [[1, 2]]
    assert parsed.costs.coefficients.tolist() == [[3, 4]]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (dict(error="a tool", is_unsupported=True), RefusedError, "^a tool$"),
        (
            dict(error="no such code"),
            CorruptVideoError,
            r"clip\.mp4: its motion vectors cannot be parsed \(no such code\).*h264, frame 7",
        ),
        (
            dict(size=(32, 48)),
            UnsupportedVideoError,
            r"clip\.mp4: the frame size changes from 24x16 to 48x32.*h264, frame 7",
        ),
    ],
)
def test_what_is_wrong_is_said_of_the_frame(changes, kind, message):
    with pytest.raises(kind, match=message):
        parse(Parser(**changes), [picture(3, 7)], {7})


def test_doubtful_vectors_are_warned_of_once():
    pictures = [picture(0, 0), picture(1, 1)]
    with pytest.warns(UserWarning, match=r"clip\.mp4: frame 0 does not end where its data") as said:
        motion, _ = parse(Parser(ends_exactly=False), pictures, {0, 1})
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(motion.parse(pictures, wanted={1}, height=HEIGHT, width=WIDTH))
