"""What must be decoded of a GOP, and in which order its pictures are worked on."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from .index import Picture
from .request import Request

_MAX_RUN = 16
"""Pictures whose vectors wait to be worked on together."""


@dataclass(slots=True)
class Step:
    """The work on one picture, possible once everything it needs is there."""

    picture: Picture
    is_wanted: bool = False
    """False for pictures that only pass motion on to later ones."""
    pixels: Collection[int] = ()
    """Display indices of the pictures between which its residual is the difference."""
    chain: Collection[int] = ()
    """References whose accumulated motion this picture's continues."""
    run: list[int] = field(default_factory=list)
    """Pictures, each of which continues only the past one before it, the first of them ``chain``.
    The last is this picture; nobody but the next needs the others'."""
    is_continued: bool = False
    """Later steps continue its accumulated motion."""
    last_pixels: Collection[int] = ()
    """Those of ``pixels`` that no later step uses."""
    last_chain: Collection[int] = ()
    """Those of ``chain`` that no later step continues."""


@dataclass
class Plan:
    """Steps in decoding order, and what they rest on."""

    frames: list[Picture]
    """The wanted ones."""
    steps: list[Step]
    parse: list[Picture]
    """Pictures for the parser, in decoding order."""
    send: list[Picture]
    """Pictures for the decoder, in decoding order."""
    vectors: set[int]
    """Display indices of the pictures whose vectors are needed."""
    pixels: set[int]
    """Display indices of the pictures that the clip holds."""
    kept: set[int]
    """Display indices of the pictures whose pixels steps use."""
    shown: set[int]
    """Display indices of all pictures that must come out of the decoder."""
    provenance: str
    """Where the vectors come from."""
    positions: dict[int, float]
    """Where each of the GOP's hidden pictures lies among the frames."""


def base_of(display: float, iframe_inds: Sequence[int]) -> int:
    """The I-frame, real or virtual, at or before a frame."""
    return iframe_inds[bisect_right(iframe_inds, display) - 1]


def group_by_gop(frames: np.ndarray, keyframes: np.ndarray) -> dict[int, list[int]]:
    """Display indices, each once and sorted, by the GOP that they lie in."""
    gops: dict[int, list[int]] = {}
    starts = keyframes.tolist()
    for display in sorted(set(frames.tolist())):
        gops.setdefault(bisect_right(starts, display) - 1, []).append(display)
    return gops


def plan_gop(
    pictures: list[Picture],
    request: Request,
    *,
    frames: Collection[int],
    iframes: Collection[int],
    iframe_inds: Sequence[int],
    parses: bool,
    provenance: str,
) -> Plan:
    """Plan one GOP.

    Args:
        pictures: The GOP in decoding order, references linked.
        request: What is wanted.
        frames: Display indices of the wanted frames.
        iframes: Display indices of the pictures to return as I-frames.
        iframe_inds: Display indices of all I-frames, real and virtual, sorted.
        parses: Vectors come from a parser, not from the decoder.
        provenance: What the clip says about them.

    Returns:
        The plan. Pictures that nobody asked for and nobody refers to are left out, and what only
        has its vectors read is not decoded.
    """
    by_display = {p.display: p for p in pictures}  # in decoding order
    positions = {p.display: p.position for p in pictures if p.display < 0}
    pixels = set(iframes)
    if "rgb" in request.modalities:
        pixels |= set(frames)
    steps: dict[int, Step] = {}
    for display in frames if request.wants_vectors else ():
        picture = by_display[display]
        step = steps[display] = Step(picture, is_wanted=True)
        if "residual" in request.modalities:
            step.pixels = _pixels_for(picture, request, iframe_inds, positions)
    if request.wants_field and request.reference == "iframe":
        _add_chains(steps, by_display, iframe_inds, positions)
    vectors = set(steps)
    ordered = _join_runs([steps[d] for d in by_display if d in steps])
    kept = _find_last_uses(ordered)
    unparsed = {d for d in frames if by_display[d].kind == "?"}
    shown = pixels | kept | unparsed | (set() if parses else vectors)
    return Plan(
        frames=[by_display[display] for display in frames],
        steps=ordered,
        parse=_up_to(vectors, pictures) if parses else [],
        send=_up_to(shown, pictures),
        vectors=vectors,
        pixels=pixels,
        kept=kept,
        shown=shown,
        provenance=provenance,
        positions=positions,
    )


def stand_in(display: int, positions: Mapping[int, float]) -> int | None:
    """The frame that shows a picture; None: a hidden one that none shows, or a missing one."""
    if display >= 0:
        return display
    position = positions.get(display, -0.5)
    return int(position) if position.is_integer() else None


def _up_to(wanted: set[int], pictures: list[Picture]) -> list[Picture]:
    """What the last of some pictures rests on, in decoding order."""
    until = max((i for i, p in enumerate(pictures) if p.display in wanted), default=-1)
    return [p for p in pictures[: until + 1] if p.referenced or p.display in wanted]


def _pixels_for(
    picture: Picture,
    request: Request,
    iframe_inds: Sequence[int],
    positions: Mapping[int, float],
) -> set[int]:
    """Pictures between which the residual is the difference; none for I-frames."""
    display = picture.display
    if request.reference == "iframe":
        base = base_of(display, iframe_inds)
        return {display, base} if display != base else set()
    if picture.kind == "I" or picture.past is None:
        return set()
    shown = (stand_in(reference, positions) for reference in picture.references)
    return {display, picture.past, *(frame for frame in shown if frame is not None)}


def _add_chains(
    steps: dict[int, Step],
    by_display: dict[int, Picture],
    iframe_inds: Sequence[int],
    positions: Mapping[int, float],
) -> None:
    """Add the pictures through which motion accumulates back to the I-frame."""
    todo = list(steps)
    while todo:
        step = steps[todo.pop()]
        display = step.picture.display
        base = base_of(step.picture.position, iframe_inds)
        if display == base or step.chain:
            continue
        # A reference beyond another I-frame (open GOPs) says nothing about motion since this one.
        step.chain = [
            d for d in step.picture.references if base_of(positions.get(d, d), iframe_inds) == base
        ]
        for reference in step.chain:
            if reference not in steps:
                steps[reference] = Step(by_display[reference])
                todo.append(reference)


def _join_runs(steps: list[Step]) -> list[Step]:
    """Let steps take those over that only lead to them."""
    uses = Counter(chain.from_iterable(step.chain for step in steps))
    joinable: dict[int, Step] = {}
    for step in steps:
        display, past = step.picture.display, step.picture.past
        continues_past_only = past is not None and list(step.picture.references) == step.chain == [
            past
        ]
        if continues_past_only and past in joinable:
            before = joinable.pop(past)
            step.chain, step.run, before.run = before.chain, before.run, []
        step.run.append(display)
        if (
            continues_past_only
            and not step.is_wanted
            and uses[display] == 1
            and len(step.run) < _MAX_RUN
        ):
            joinable[display] = step
    return [step for step in steps if step.run]


def _find_last_uses(steps: list[Step]) -> set[int]:
    """Tell each step what is done with after it. Returns whose pixels are used at all."""
    pixels: set[int] = set()
    chained: set[int] = set()
    for step in reversed(steps):
        step.is_continued = step.picture.display in chained
        if step.pixels:
            step.last_pixels = set(step.pixels) - pixels
            pixels |= step.last_pixels
        if step.chain:
            step.last_chain = [d for d in step.chain if d not in chained]
            chained.update(step.last_chain)
    return pixels
