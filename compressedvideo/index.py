"""Which pictures a video has: headers of all coded pictures in, frames in display order out.

The order is the bitstream's own: parsers say of each picture where it is displayed, whether others
refer to it and whether decoding can start there. Frames are the pictures that a decoder shows,
counted from the first key frame on.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise

import numpy as np

from .bitstream.parsers import HeaderParser
from .bitstream.record import RECORD, Flags, as_arrays
from .container.in_memory import PacketsInMemory
from .container.packets import Buffer, PacketReader
from .errors import CorruptVideoError

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


def read_index(
    packets: PacketReader | PacketsInMemory, parser: HeaderParser | None, *, path: str
) -> VideoIndex:
    """The index of a video that was just opened: reads all its headers.

    Args:
        packets: Of the stream.
        parser: Of its codec; None: the container must be believed.
        path: The video, for errors.

    Raises:
        CorruptVideoError: If decoding can start nowhere, or the file cannot be read to its end.
    """
    if parser is None:
        for _ in packets.scan():
            pass
        records, references = _records_of_packets(packets), np.zeros(0, np.int32)
    else:
        parts = [parser.headers(batch) for batch in packets.scan()] or [(b"", b"")]
        records, references = as_arrays(*(b"".join(part) for part in zip(*parts, strict=True)))
        records = _with_missing(records, packets)
    index = build_index(records, references)
    index.is_claimed = parser is None
    if not index.num_frames:
        raise CorruptVideoError(
            "has no key frame to start decoding from; re-encode or drop the file",
            path=path,
            codec=packets.codec,
        )
    if (times := packets.times) is not None:
        shown = times[index.records["packet"][index.shown]]
        if (np.diff(shown) > 0).all():
            index.ticks = shown - shown[0]
    return index


def build_index(records: np.ndarray, references: np.ndarray) -> VideoIndex:
    """The index of a video.

    Args:
        records: Of :data:`RECORD`, in decoding order, of the whole stream.
        references: Picture numbers, ``num_references`` of them for each record.

    Returns:
        The index; ``num_frames`` is 0 if there is nowhere to start decoding.
    """
    records, last_packets, references = _join_fields(records, references)
    records, references = _number(records, references)
    flags = records["flags"]
    keys = np.flatnonzero(flags & Flags.KEY)
    if not len(keys):  # an I-picture must do
        keys = np.flatnonzero(records["kind"] == b"I")[:1]
    hidden = flags & Flags.HIDDEN != 0
    order = np.lexsort((np.arange(len(records)), records["order"], records["epoch"]))
    keys = keys[~hidden[keys]]
    display = np.full(len(records), -1, np.int32)
    positions = np.full(len(records), -1.0)
    shown = np.zeros(0, np.int64)
    if len(keys):
        first = keys[0]
        hidden[:first] = True
        order = order[~hidden[order]]
        shown = order[np.flatnonzero(order == first)[0] :]  # what is shown before it is lost
        display[shown] = np.arange(len(shown))
        positions = _positions(records, references, display)
    keyframes = np.sort(display[keys])
    return VideoIndex(
        records=records,
        last_packets=last_packets,
        references=references,
        display=display,
        positions=positions,
        shown=shown,
        keyframes=keyframes[keyframes >= 0].astype(np.int64),
        reference_ends=np.concatenate([[0], np.cumsum(records["num_references"])]),
        knows_references=bool(records["num_references"].any()),
        frame_types=records["kind"][shown].astype("U1").tolist(),
    )


def _positions(records: np.ndarray, references: np.ndarray, display: np.ndarray) -> np.ndarray:
    """[N] float64: display indices, of hidden pictures before the frame that would be next."""
    if (display >= 0).all():
        return display.astype(float)
    order = np.lexsort((np.arange(len(records)), records["order"], records["epoch"]))
    before = np.cumsum(display[order] >= 0)
    positions = np.empty(len(records))
    positions[order] = before - 0.5
    positions = np.where(display >= 0, display, positions)
    existing = np.flatnonzero(records["flags"] & Flags.SHOWS_EXISTING)
    ends = np.cumsum(records["num_references"])
    for n in existing[::-1].tolist():  # the first to show it counts
        shown = references[ends[n] - 1] if records["num_references"][n] else -1
        if shown >= 0 and display[shown] < 0 <= display[n]:
            positions[shown] = display[n]
    return positions


def _join_fields(
    records: np.ndarray, references: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One record a picture; the last packet of each; the references."""
    second = np.flatnonzero(records["flags"] & Flags.SECOND_FIELD)
    second = second[second > 0]
    if not len(second):
        return records, records["packet"], references
    records = records.copy()
    last_packets = records["packet"].copy()
    ends = np.cumsum(records["num_references"])
    first = second - 1
    records["flags"][first] |= records["flags"][second] & np.uint16(Flags.REFERENCED)
    last_packets[first] = records["packet"][second]
    records["stop"][first] = records["stop"][second]
    merged: list[np.ndarray] = []
    for start, stop in zip(ends - records["num_references"], ends, strict=True):
        merged.append(references[start:stop])
    own = records["picture"]
    for i in second:
        both = np.unique(np.concatenate([merged[i - 1], merged[i]]))
        merged[i - 1] = both[both != own[i]]  # a second field may refer to the first
        records["num_references"][i - 1] = len(merged[i - 1])
    keep = np.ones(len(records), bool)
    keep[second] = False
    merged = [part for part, is_kept in zip(merged, keep.tolist(), strict=True) if is_kept]
    return records[keep], last_packets[keep], np.concatenate(merged)


def _number(records: np.ndarray, references: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Name pictures by their place among the records."""
    numbers = np.arange(len(records))
    if (records["picture"] == numbers).all():
        return records, references
    own = np.flatnonzero(records["flags"] & Flags.SHOWS_EXISTING == 0)
    places = np.full(max(records["picture"].max(), 0) + 2, -1)  # the last for -1
    places[records["picture"][own]] = own
    records = records.copy()
    records["picture"] = numbers
    records["colocated"] = places[records["colocated"]]
    return records, places[references].astype(np.int32)


def _with_missing(records: np.ndarray, packets: PacketReader | PacketsInMemory) -> np.ndarray:
    """Pictures that a truncated file announces and has not: the last ones."""
    count = packets.num_missing
    if not count or not len(records):
        return records
    missing = np.zeros(count, RECORD)
    missing["epoch"] = records["epoch"].max() + 1
    missing["order"] = np.arange(count)
    missing["packet"] = np.arange(len(packets) - count, len(packets))
    missing["picture"] = records["picture"].max() + 1 + np.arange(count)
    missing["kind"] = b"?"
    missing["flags"] = Flags.DAMAGED | Flags.LOST_BEFORE
    missing["colocated"] = missing["recovery"] = -1
    return np.concatenate([records, missing])


def _records_of_packets(packets: PacketReader | PacketsInMemory) -> np.ndarray:
    """What can be said of packets that no parser reads: a picture each.

    Pictures are ordered by presentation times, if all have one.
    """
    records = np.zeros(len(packets), RECORD)
    numbers = np.arange(len(packets))
    records["order"] = numbers if packets.times is None else packets.times
    records["packet"] = records["picture"] = numbers
    records["stop"] = packets.sizes
    records["colocated"] = records["recovery"] = -1
    records["kind"] = b"?"
    records["flags"] = np.where(packets.is_key, Flags.KEY | Flags.REFERENCED, Flags.REFERENCED)
    return records
