"""From the folder of the videos to another one that is laid out like it."""

from __future__ import annotations

from pathlib import Path


def exchange_folder(video: Path, *, video_folder: str, folder: str) -> tuple[Path, Path, Path]:
    """Find what belongs to a video in a folder beside that of the videos.

    Args:
        video: ``.../videos/wave/a.mp4``.
        video_folder: ``videos``; of several of that name in the path the last.
        folder: ``flow``, or an absolute path.

    Returns:
        ``.../videos``, ``.../flow`` and ``.../flow/wave/a``, without a suffix.

    Raises:
        ValueError: if ``video_folder`` is not in the path.
    """
    videos = next((path for path in video.parents if path.name == video_folder), None)
    if videos is None:
        raise ValueError(f"video_folder={video_folder!r} is not in the path {video}")
    others = videos.parent / folder
    return videos, others, others / video.relative_to(videos).with_suffix("")
