"""Lists of videos and labels in the forms that people have them: lines, CSV, folders of classes.

Every form gives the same entries, and a label that is missing or out of range is named with its
file and line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.fileio import list_from_file

_MARK = "\ufeff"
"""What some editors put before a file in UTF-8."""

VIDEO_SUFFIXES = (".avi", ".mkv", ".mov", ".mp4", ".mpg", ".mpeg", ".webm", ".flv", ".3gp", ".wmv")


class AnnotationError(ValueError):
    """A list that says nothing sensible, with its file and, where there is one, its line."""


@dataclass(frozen=True)
class Entry:
    """A video with its labels, and where that was read."""

    path: str
    """As listed: below the folder of videos, or absolute."""

    labels: tuple[int, ...]
    """Empty if the list has none: for inference."""

    source: str
    """``FILE, line 7``, or the video's own path."""


def read_folder(folder: Path) -> tuple[list[Entry], list[str]]:
    """Videos in one folder a class, ``FOLDER/CLASS/**/a.mp4``; classes in alphabetical order.

    Raises:
        AnnotationError: if there is no such video.
    """
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    entries = [
        Entry(str(path.relative_to(folder)), (label,), str(path))
        for label, name in enumerate(classes)
        for path in sorted((folder / name).rglob("*"))
        if path.suffix.lower() in VIDEO_SUFFIXES
    ]
    if not entries:
        raise AnnotationError(
            f"{folder} has no videos in folders of classes ({folder}/CLASS/NAME.mp4); suffixes are "
            f"{', '.join(VIDEO_SUFFIXES)}"
        )
    return entries, classes


def read_csv(path: Path, *, videos: Path) -> tuple[list[Entry], list[str]]:
    """A CSV file: Kinetics' official columns, or a path and a label a line.

    Kinetics' has a header with ``label``, ``youtube_id``, ``time_start`` and ``time_end``: class
    names, in alphabetical order, and videos named YOUTUBEID_000010_000020 with any suffix, in
    ``videos`` or in a folder of their class. Without these columns it is ``path,label``, a header
    of these words allowed; labels are numbers, or names in alphabetical order.

    Raises:
        AnnotationError: for a line without a label, or a video of Kinetics' that is not there.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as opened:
            rows = [(number, row) for number, row in enumerate(csv.reader(opened), start=1) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path} is no CSV file in UTF-8: {error}") from error
    if not rows:
        raise AnnotationError(f"{path} is empty")
    header = [column.strip() for column in rows[0][1]]
    if {"label", "youtube_id", "time_start", "time_end"} <= set(header):
        return _read_kinetics(path, header, rows[1:], videos=videos)
    if header[:2] == ["path", "label"]:
        rows = rows[1:]
    pairs = []
    for number, row in rows:
        if len(row) < 2 or not row[1].strip():
            raise AnnotationError(
                f"{path}, line {number}: no label in {','.join(row)!r} (path,label)"
            )
        pairs.append((row[0].strip(), row[1].strip(), f"{path}, line {number}"))
    names = [name for _, name, _ in pairs]
    no_numbers = [(name, source) for _, name, source in pairs if not _is_number(name)]
    if 0 < len(no_numbers) < len(pairs):
        name, source = no_numbers[0]
        raise AnnotationError(f"{source}: label {name!r} is no number, as others in the file are")
    classes = sorted(set(names)) if no_numbers else []
    entries = [
        Entry(video, (classes.index(name) if classes else int(name),), source)
        for video, name, source in pairs
    ]
    return entries, classes


def _read_kinetics(
    path: Path, header: list[str], rows: Sequence[tuple[int, list[str]]], *, videos: Path
) -> tuple[list[Entry], list[str]]:
    short = [number for number, row in rows if len(row) < len(header)]
    if short:
        raise AnnotationError(f"{path}, line {short[0]}: fewer columns than {','.join(header)}")
    records = [(number, dict(zip(header, row, strict=False))) for number, row in rows]
    classes = sorted({record["label"] for _, record in records})
    there = {p.stem: p for p in sorted(videos.rglob("*")) if p.suffix.lower() in VIDEO_SUFFIXES}
    entries = []
    for number, record in records:
        try:
            start, end = (int(float(record[key])) for key in ("time_start", "time_end"))
        except ValueError as error:
            raise AnnotationError(f"{path}, line {number}: {error}") from error
        name = f"{record['youtube_id']}_{start:06d}_{end:06d}"
        if name in there:  # many have gone from the web since
            source = f"{path}, line {number}"
            label = classes.index(record["label"])
            entries.append(Entry(str(there[name].relative_to(videos)), (label,), source))
    if not entries:
        raise AnnotationError(
            f"none of the {len(rows)} videos in {path} is below {videos}, where they should be "
            f"named as {name}.mp4"
        )
    return entries, classes


def read_lines(path: str, lines: Sequence[str], *, delimiter: str, several: bool) -> list[Entry]:
    """MMAction2's annotation file, ``path label`` a line, or with labels after the path.

    Raises:
        AnnotationError: if a line has no label where others have one, or one that is no number,
            or if there is none at all.
    """
    entries = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        source = f"{path}, line {number}"
        video, *labels = line.removeprefix(_MARK).strip().split(delimiter)
        if len(labels) > 1 and not several:
            raise AnnotationError(
                f"{source}: {line.strip()!r} has {len(labels)} labels or a space in its path; a "
                "label follows the path after the delimiter"
            )
        if not all(_is_number(label) for label in labels):
            raise AnnotationError(f"{source}: label {' '.join(labels)!r} is no number")
        entries.append(Entry(video, tuple(map(int, labels)), source))
    if not entries:
        raise AnnotationError(f"{path} lists no videos: it is empty, or has blank lines only")
    without = [entry for entry in entries if not entry.labels]
    if without and len(without) < len(entries):
        raise AnnotationError(f"{without[0].source}: no label behind {without[0].path!r}")
    return entries


def read_text(path: str) -> list[str]:
    """The lines of a file, wherever MMEngine's backends find it.

    Raises:
        AnnotationError: if it is no text in UTF-8.
    """
    try:
        return list_from_file(path)
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{path} is no text in UTF-8: {error}") from error


def check_labels(entries: Sequence[Entry], *, num_classes: int | None) -> None:
    """Raises AnnotationError for a label below 0, or from ``num_classes`` up."""
    for entry, label in _labels(entries):
        if label < 0 or (num_classes is not None and label >= num_classes):
            allowed = f"0 to {num_classes - 1}" if num_classes else "from 0 up"
            raise AnnotationError(
                f"{entry.source}: label {label} is out of range, allowed is {allowed}"
            )


def _labels(entries: Sequence[Entry]) -> Iterator[tuple[Entry, int]]:
    return ((entry, label) for entry in entries for label in entry.labels)


def _is_number(text: str) -> bool:
    return re.fullmatch("-?[0-9]+", text) is not None
