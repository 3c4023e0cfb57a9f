"""Which pictures a video has, what each refers to, and in which order frames are shown."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise

import numpy as np

from .bitstream.record import Flags
from .container.packets import Buffer

_BLOCK = 1024
"""Pictures whose records are turned into Python objects together, once."""

_CHROMA_444 = 3
"""``chroma_format_idc``."""

_REFERENCED = int(Flags.REFERENCED | Flags.NO_SKIP)


@dataclass(slots=True)
class Picture:
    """One coded picture, on its way through the reader. Fields of a frame are one picture."""

    number: int
    """In decoding order."""
    display: int
    """Display index; of hidden pictures a number of their own, -2 or less."""
    kind: str
    referenced: bool
    first_packet: int
    last_packet: int
    start: int
    """Its bytes are ``packet[start:stop]``, if it lies in one packet."""
    stop: int
    position: float
    """Place among the frames: ``display``, or between two of them where a hidden picture lies."""
    colocated: int
    """Number of the picture whose motion the derivation of this one's needs; -1: none."""
    shows_existing: bool = False
    """It is no picture of its own, but shows an earlier one."""
    is_interlaced: bool = False
    """It is made of fields, or its macroblocks may be."""
    references: tuple[int, ...] = ()
    """``display`` of the pictures that it may be predicted from."""
    past: int | None = None
    """Display index of the nearest reference in the past. None for the first. An I-picture within a
    GOP has one, too, of which it makes no use."""
    future: int | None = None
    """The same for the future reference of B-pictures."""
    packets: list[Buffer] = field(default_factory=list)

    def link(self, named: list[tuple[float, int]]) -> None:
        """Set what it may be predicted from.

        Args:
            named: Position and name of each picture.
        """
        self.references = tuple([name for _, name in named])
        past = future = None
        for position, _ in named:
            if position % 1:  # a hidden picture counts where a frame shows it
                continue
            if position < self.position:
                past = position if past is None else max(past, position)
            elif position > self.position:
                future = position if future is None else min(future, position)
        nearest = future if past is None else past
        self.past = None if nearest is None else int(nearest)
        if self.kind == "B":
            self.future = self.past if future is None else int(future)

    def assume_nearest(self) -> None:
        """Take the nearest references for the only ones."""
        self.references = tuple({d for d in (self.past, self.future) if d is not None})


@dataclass
class VideoIndex:
    """All pictures of a video.

    Args:
        records: [N] of :data:`RECORD`, one for each picture, in decoding order.
        last_packets: [N] the last packet of each: fields may lie in two.
        references: Picture numbers, of one record behind those of the other.
        display: [N] display indices, -1 for what is not shown.
        positions: [N] float64: the same; of hidden pictures between the frames around them, or that
            of the frame that shows them.
    """

    records: np.ndarray
    last_packets: np.ndarray
    references: np.ndarray
    display: np.ndarray
    positions: np.ndarray
    shown: np.ndarray
    """[F] numbers of the pictures that are shown, in display order."""
    keyframes: np.ndarray
    """[G] int64: display indices of the key frames, from 0 on."""
    reference_ends: np.ndarray
    """[N + 1]: the references of picture n are those from ``[n]`` to ``[n + 1]``."""
    knows_references: bool
    """Whether the records name them; else the nearest are assumed."""
    frame_types: list[str]
    """[F]; ``'?'`` where no parser knows the codec."""
    is_claimed: bool = False
    """No parser read the headers: order and key frames are what the container claims."""
    ticks: np.ndarray | None = None
    """[F] int64: times since the first frame, the stream's time base; None: no such times, or not
    in the order of the frames."""

    def __post_init__(self) -> None:
        self._blocks: dict[int, list[tuple]] = {}

    @cached_property
    def lost(self) -> np.ndarray:
        """[N] bool: whether a picture rests on one that was lost."""
        flags = self.records["flags"]
        lost = np.zeros(len(flags), bool)
        begins = np.flatnonzero(flags & Flags.LOST_BEFORE)
        if not len(begins):
            return lost
        keys = np.flatnonzero(flags & Flags.KEY)
        for first in begins.tolist():
            after = keys[np.searchsorted(keys, first) :]
            lost[first] = True
            for n in range(first + 1, int(after[0]) if len(after) else len(lost)):
                named = self.references[self.reference_ends[n] : self.reference_ends[n + 1]]
                lost[n] |= bool((named < 0).any() or lost[named].any())
        return lost

    @cached_property
    def _names(self) -> np.ndarray:
        """[N] what pictures are called: display indices, -2 and less for hidden ones."""
        hidden = self.records["flags"] & Flags.HIDDEN != 0
        return np.where(hidden, -2 - np.arange(len(hidden)), self.display)

    def last_of(self, gop: int) -> int:
        """Number of the last picture that belongs to a GOP, if it is closed."""
        if gop + 1 < len(self.keyframes):
            return int(self.shown[self.keyframes[gop + 1]]) - 1
        return len(self.records) - 1

    @property
    def is_damaged(self) -> bool:
        """Whether some header is."""
        return bool((self.records["flags"] & Flags.DAMAGED).any())

    @property
    def num_frames(self) -> int:
        return len(self.shown)

    def is_all_of_size(self, width: int, height: int) -> bool:
        """Whether the headers of all key frames say that pictures are of a size, pixels."""
        keys = self.records[self.shown[self.keyframes]]
        return bool(((keys["width"] == width) & (keys["height"] == height)).all())

    @property
    def has_full_chroma(self) -> bool:
        """Whether the headers of the first frame say that its chroma is not subsampled."""
        return bool(self.records["chroma"][self.shown[0]] == 1 + _CHROMA_444)

    def set_kinds(self, frame_types: list[str]) -> None:
        """Tell it the types of all frames, if no parser did."""
        self.frame_types = frame_types
        self.records["kind"][self.shown] = np.array(frame_types, "S1")
        self._blocks.clear()

    @property
    def delay(self) -> int:
        """How many pictures are shown after a later decoded one, at most."""
        latest = np.maximum.accumulate(self.shown)
        # Of the pictures decoded up to the latest so far, those not shown yet wait.
        return int((latest - latest[0] + 1 - np.arange(1, len(latest) + 1)).max(initial=0))

    def is_referenced(self, display: int) -> bool:
        """Whether other frames are predicted from a frame."""
        return bool(self.records["flags"][self.shown[display]] & Flags.REFERENCED)

    def pictures(self, gop: int, *, last: int) -> list[Picture]:
        """What is decoded from a GOP's key frame on.

        Args:
            gop: Position in ``keyframes``.
            last: Number of the last picture wanted.

        Returns:
            Pictures in decoding order. Where the next GOP is open, they may include its key frame,
            since pictures of this one follow it. In damaged streams the wanted one may be missing,
            if it comes before the key frame that it is displayed after.
        """
        first_display = int(self.keyframes[gop])
        first = int(self.shown[first_display])
        if last < first:
            return []
        # Others are decoded with what stands before the key frame.
        pictures = [
            Picture(*members)
            for members in self._members(first, last + 1)
            if members[1] >= first_display or members[1] < -1
        ]
        if not self.knows_references:
            link_nearest(pictures, anchors_only=self.is_claimed)
            return pictures
        named = self._named(first, last + 1)
        for picture in pictures:
            picture.link(
                [
                    (position, name)
                    for number, position, name in named[picture.number - first]
                    if name >= first_display or (name < -1 and number >= first)
                ]
            )
        return pictures

    def _members(self, start: int, stop: int) -> list[tuple]:
        """What the pictures ``start`` to ``stop - 1`` are made of."""
        block, parts = _BLOCK, []
        for number in range(start // block, (stop - 1) // block + 1):
            if number not in self._blocks:
                self._blocks[number] = self._block(slice(number * block, (number + 1) * block))
            parts.append(self._blocks[number])
        rows = parts[0] if len(parts) == 1 else list(chain.from_iterable(parts))
        begin = start // block * block
        return rows[start - begin : stop - begin]

    def _block(self, part: slice) -> list[tuple]:
        records, flags = self.records[part], self.records["flags"][part]
        return list(
            zip(
                records["picture"].tolist(),
                self._names[part].tolist(),
                records["kind"].astype("U1").tolist(),
                (flags & _REFERENCED != 0).tolist(),
                records["packet"].tolist(),
                self.last_packets[part].tolist(),
                records["start"].tolist(),
                records["stop"].tolist(),
                self.positions[part].tolist(),
                records["colocated"].tolist(),
                (flags & Flags.SHOWS_EXISTING != 0).tolist(),
                (flags & Flags.INTERLACED != 0).tolist(),
                strict=True,
            )
        )

    def _named(self, start: int, stop: int) -> list[list[tuple[int, float, int]]]:
        """Number, position and name of each reference of the pictures."""
        ends = self.reference_ends[start : stop + 1].tolist()
        numbers = self.references[ends[0] : ends[-1]]
        names = np.where(numbers >= 0, self._names[numbers], -1)
        named = list(
            zip(numbers.tolist(), self.positions[numbers].tolist(), names.tolist(), strict=True)
        )
        offset = ends[0]
        return [named[at - offset : end - offset] for at, end in pairwise(ends)]

    def place(self, number: int, display: int) -> None:
        """A hidden picture is one that a frame shows."""
        self.positions[number] = display
        self._blocks.clear()


def link_nearest(pictures: list[Picture], *, anchors_only: bool = False) -> None:
    """Take the nearest decoded pictures for references.

    Args:
        pictures: In decoding order.
        anchors_only: B-pictures are no references, though nobody said that they are none.
    """
    decoded: list[int] = []  # display indices, sorted
    for picture in pictures:
        if picture.display < 0:
            continue
        at = bisect_left(decoded, picture.display)
        past = decoded[at - 1] if at else None
        future = decoded[at] if at < len(decoded) else None
        picture.past = past if past is not None else future
        if picture.kind == "B":
            picture.future = future if future is not None else past
        picture.assume_nearest()
        if picture.referenced and not (anchors_only and picture.kind == "B"):
            insort(decoded, picture.display)
