"""What a GOP's pictures cost: which are sent, which are worked on together."""

from __future__ import annotations

from compressedvideo.index import Picture, link_nearest
from compressedvideo.plan import plan_gop
from compressedvideo.request import Request

REQUEST = Request("iframe", "subpixel", frozenset(("motion", "residual")), per_frame=False)
SOURCE = dict(parses=False, provenance="read")


def gop(*pictures: tuple[str, int, bool]) -> list[Picture]:
    """Kind, display index and whether others refer to it, in decoding order."""
    found = [
        Picture(number, display, kind, referenced, number, number, 0, 0, display, -1)
        for number, (kind, display, referenced) in enumerate(pictures)
    ]
    link_nearest(found)
    return found


def test_pictures_that_only_lead_to_a_wanted_one_are_worked_on_with_it() -> None:
    pictures = gop(("I", 0, True), *(("P", i, True) for i in range(1, 9)))
    plan = plan_gop(pictures, REQUEST, frames=[3, 7], iframes=[0], iframe_inds=[0], **SOURCE)
    assert [step.run for step in plan.steps] == [[0], [1, 2, 3], [4, 5, 6, 7]]
    assert [list(step.chain) for step in plan.steps] == [[], [0], [3]]
    assert [step.is_continued for step in plan.steps] == [True, True, False]
    assert [list(step.last_chain) for step in plan.steps] == [[], [0], [3]]
    assert [set(step.last_pixels) for step in plan.steps] == [set(), {3}, {0, 7}]
    assert len(plan.send) == 8
    assert plan.kept == {0, 3, 7}


def test_pictures_with_two_references_are_worked_on_alone() -> None:
    pictures = gop(("I", 0, True), ("P", 4, True), ("B", 2, True), ("P", 3, True))
    pictures[3].past, pictures[3].references = 2, (2,)
    plan = plan_gop(pictures, REQUEST, frames=[3], iframes=[0], iframe_inds=[0], **SOURCE)
    assert [step.run for step in plan.steps] == [[0], [4], [2], [3]]
    assert [sorted(step.chain) for step in plan.steps] == [[], [0], [0, 4], [2]]


def test_few_vectors_wait_in_a_long_gop() -> None:
    pictures = gop(("I", 0, True), *(("P", i, True) for i in range(1, 41)))
    plan = plan_gop(pictures, REQUEST, frames=[40], iframes=[0], iframe_inds=[0], **SOURCE)
    assert [len(step.run) for step in plan.steps] == [1, 16, 16, 8]


def test_what_only_has_its_vectors_parsed_is_not_decoded() -> None:
    pictures = gop(("I", 0, True), *(("P", i, True) for i in range(1, 9)))
    request = Request("previous", "subpixel", frozenset(("motion", "iframe")), per_frame=False)
    plan = plan_gop(
        pictures,
        request,
        frames=[3, 7],
        iframes=[0],
        iframe_inds=[0],
        parses=True,
        provenance="parsed",
    )
    assert [picture.display for picture in plan.send] == [0]
    assert [picture.display for picture in plan.parse] == list(range(8))
    assert plan.vectors == {3, 7}
