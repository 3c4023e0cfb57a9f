"""Which pictures of MPEG-4 part 2 are parsed for which, and what damage to which of them means."""

from __future__ import annotations

import pytest

from compressedvideo.bitstream import mpeg4
from compressedvideo.errors import CorruptVideoError, UnsupportedVideoError
from compressedvideo.index import Picture, link_nearest
from compressedvideo.motion.mpeg4 import Mpeg4Motion, _find_unread
from tests.compressedvideo.bitstream import mpeg4_writer as writer

needs_parser = pytest.mark.skipif(not mpeg4.is_available(), reason="the parser is not compiled")
SIZE = dict(height=writer.HEIGHT, width=writer.WIDTH)
GOP = [("I", 0), ("P", 3), ("B", 1), ("B", 2), ("P", 6), ("B", 4), ("B", 5), ("P", 7)]


def gop(*packets: bytes) -> list[Picture]:
    pictures = [
        Picture(number, display, kind, kind != "B", number, number, 0, 0, display, -1)
        for number, (kind, display) in enumerate(GOP)
    ]
    for picture, data in zip(pictures, packets, strict=False):
        picture.packets = [data]
    link_nearest(pictures)
    return pictures


@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        (set(), [0]),
        ({0}, [0]),
        ({7}, [0, 7]),  # vectors of P-pictures depend on no others
        ({3, 6}, [0, 3, 6]),
        ({1}, [0, 3, 1]),
        ({5}, [0, 3, 6, 5]),  # a B-picture's are derived from both anchors around it
        ({2, 4}, [0, 3, 2, 6, 4]),
    ],
)
def test_what_is_read_for_what(wanted, read):
    pictures = gop()
    unread = _find_unread(pictures, wanted)
    assert [p.display for p in pictures if p.number not in unread] == read


I_0 = writer.vop("I", 0, writer.INTRA * 8)
P_3 = writer.vop("P", 3, *[writer.inter(1, 0)] * 8)
B_1 = writer.vop("B", 1, *["1"] * 8)  # all skipped: direct, without a vector of its own


@needs_parser
def test_cells_name_the_anchors_as_frames():
    motion = Mpeg4Motion(writer.vol(), with_costs=True, path="clip.avi")
    ((run, parsed),) = motion.parse(gop(I_0, P_3, B_1)[:3], wanted={0, 1, 3}, **SIZE)
    assert [picture.display for picture in run] == [0, 3, 1]
    assert [one.picture.display for one in parsed] == [0, 3, 1]
    assert [one.cells.pictures for one in parsed] == [(-1, -1), (0, -1), (0, 3)]
    assert [one.costs.block for one in parsed] == [16] * 3
    assert parsed[1].cells.slots[0].max() == 0


@needs_parser
def test_damage_counts_once_it_is_wanted_or_needed():
    packets = I_0, writer.vop("P", 3, "0" + "0" * 20), B_1  # no such mcbpc
    motion = Mpeg4Motion(writer.vol(), with_costs=False, path="clip.avi")
    list(motion.parse(gop(*packets)[:1], wanted={0}, **SIZE))
    for wanted, frame in (({3}, 3), ({1}, 1)):
        with pytest.raises(CorruptVideoError, match=r"clip\.avi: .*P-frame 3") as caught:
            list(motion.parse(gop(*packets)[:3], wanted=wanted, **SIZE))
        assert caught.value.frame == frame


@needs_parser
def test_another_size_is_refused():
    motion = Mpeg4Motion(writer.vol(), with_costs=False, path="clip.avi")
    with pytest.raises(UnsupportedVideoError, match=r"changes from 99x16 to") as caught:
        list(motion.parse(gop(I_0, P_3)[:2], wanted={3}, height=16, width=99))
    assert caught.value.frame == 3
