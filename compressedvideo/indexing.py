"""Making a video's index: headers of all coded pictures in, frames in display order out.

The order is the bitstream's own: parsers say of each picture where it is displayed, whether others
refer to it and whether decoding can start there. Frames are the pictures that a decoder shows,
counted from the first key frame on.
"""

from __future__ import annotations

import numpy as np

from .bitstream.parsers import HeaderParser
from .bitstream.record import RECORD, Flags, as_arrays
from .container.in_memory import PacketsInMemory
from .container.packets import PacketReader
from .errors import CorruptVideoError
from .index import VideoIndex


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
