"""From the folder of the videos to another one that is laid out like it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def exchange_folder(video: Path, *, folders: Mapping[str, str]) -> tuple[Path, Path, Path]:
    """Find what belongs to a video in a folder beside that of the videos.

    Args:
        video: ``.../videos/wave/a.mp4``.
        folders: ``{'videos': 'flow'}``, the latter a name or an absolute path; of several such
            folders in the video's path the last is exchanged.

    Returns:
        ``.../videos``, ``.../flow`` and ``.../flow/wave/a``, without a suffix.

    Raises:
        ValueError: if none of ``folders`` is in the path.
    """
    videos = next((path for path in video.parents if path.name in folders), None)
    if videos is None:
        names = " or ".join(map(repr, folders))
        raise ValueError(f"video_folder={names} is not in the path {video}")
    others = videos.parent / folders[videos.name]
    return videos, others, others / video.relative_to(videos).with_suffix("")
