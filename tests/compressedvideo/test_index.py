"""Pictures, and what they are taken to refer to."""

from __future__ import annotations

from compressedvideo.index import Picture, link_nearest


def pictures(*rows: tuple[str, int]) -> list[Picture]:
    return [
        Picture(number, display, kind, True, number, number, 0, 0, display, -1)
        for number, (kind, display) in enumerate(rows)
    ]


def test_the_nearest_decoded_pictures_stand_in_for_references():
    gop = pictures(("I", 0), ("P", 3), ("B", 1), ("B", 2), ("P", 4))
    link_nearest(gop)
    assert [p.references for p in gop[1:3]] == [(0,), (0, 3)]
    assert (gop[3].past, gop[3].future) == (1, 3)
    link_nearest(gop, anchors_only=True)
    assert (gop[3].past, gop[3].future) == (0, 3)
    assert [(p.past, p.future) for p in gop] == [
        (None, None),
        (0, None),
        (0, 3),
        (0, 3),
        (3, None),
    ]
