"""A folder in, the videos in it out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

VIDEO_SUFFIXES = frozenset(
    (
        *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".ivf", ".m1v"),
        *(".m2ts", ".m2v", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mpv"),
        *(".mts", ".mxf", ".nut", ".obu", ".ogg", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob"),
        *(".webm", ".wmv", ".y4m", ".264", ".265", ".h261", ".h263", ".h264", ".h265", ".hevc"),
    )
)
"""In lower case."""


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted by name within each, behind symbolic links too.

    A folder that is met a second time, by way of a link to one of its own parents, is passed over.
    """
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen and status.st_ino:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        for name in sorted(names):
            yield Path(parent, name)


def is_video(path: Path) -> bool:
    """Whether a file's name is that of a video, and not of one that is still written."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.stem.endswith(".part")
