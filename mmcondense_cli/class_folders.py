"""A folder of classes in; its videos, those that can be read, and a split of them out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class FolderError(ValueError):
    """A folder that no training can be made of, in one line."""


@dataclass(frozen=True)
class Listed:
    """A video below a folder of classes."""

    path: str
    """Below the folder."""

    label: int


@dataclass(frozen=True)
class Size:
    """What a config needs to know of a video."""

    width: int
    height: int
    num_frames: int


def class_names(folder: Path) -> list[str]:
    """The folders in a folder, in the order of their names, without hidden ones.

    Raises:
        FolderError: if it is not there, or has fewer than two.
    """
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}")
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(names) < 2:
        found = f"one class alone, {names[0]!r}" if names else "no folder"
        raise FolderError(
            f"{folder} holds {found}; two or more are needed, each a folder of its videos "
            f"({folder}/CLASS/VIDEO.mp4)"
        )
    return names


def list_videos(folder: Path, names: Sequence[str]) -> list[Listed]:
    """All videos of these classes, behind symbolic links too.

    Raises:
        FolderError: if it is not there, or has a folder besides.
    """
    from compressedvideo.container.folders import files_below, is_video

    if not folder.is_dir():
        raise FolderError(f"no folder {folder}")
    others = {p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")}
    if others - set(names):
        raise FolderError(
            f"{folder} has classes that are not trained: {', '.join(sorted(others - set(names)))}"
        )
    return [
        Listed(os.path.relpath(path, folder), label)
        for label, name in enumerate(names)
        if (folder / name).is_dir()
        for path in files_below(folder / name)
        if is_video(path)
    ]


def check_each_class(videos: Sequence[Listed], names: Sequence[str], folder: Path) -> None:
    """Raises FolderError if a class has no videos."""
    there = {video.label for video in videos}
    empty = [name for label, name in enumerate(names) if label not in there]
    if empty:
        raise FolderError(f"{folder}: no video in {', '.join(empty)}")


def readable(
    folder: Path,
    videos: Sequence[Listed],
    *,
    modalities: Sequence[str] = ("iframe", "motion", "residual"),
    step: Callable[[], object] = lambda: None,
) -> tuple[list[Listed], list[Size], list[str]]:
    """Those whose first, middle and last frame can be read with its motion; of the others why not.

    Args:
        folder: Of the videos.
        videos: To be opened, one after the other.
        modalities: To be read.
        step: Called after each.
    """
    from compressedvideo import CodecError, CompressedVideo

    kept, sizes, broken = [], [], []
    for listed in videos:
        try:
            with CompressedVideo(folder / listed.path) as video:
                last = video.num_frames - 1
                video.read(
                    sorted({0, last // 2, last}),
                    modalities=modalities,
                    reference="previous",
                )
                sizes.append(Size(video.width, video.height, video.num_frames))
        except CodecError as error:
            broken.append(str(error))
        else:
            kept.append(listed)
        step()
    return kept, sizes, broken


def split_by_class(
    videos: Sequence[Listed], names: Sequence[str], *, share: float, seed: int
) -> tuple[list[Listed], list[Listed]]:
    """Training and validation videos: of each class the same share, at least one, drawn at random.

    Args:
        videos: Of all classes.
        names: Of the classes.
        share: Of validation, 0 to 1.
        seed: The same one draws the same.

    Raises:
        FolderError: if a class has but one video.
    """
    import numpy as np

    count = Counter(video.label for video in videos)
    lone = [names[label] for label, number in count.items() if number < 2]
    if lone:
        raise FolderError(
            f"one readable video in {', '.join(lone)}: without --val two are needed, one of them "
            "to test on"
        )
    held: set[Listed] = set()
    for label in count:
        own = [video for video in videos if video.label == label]
        number = min(max(round(share * len(own)), 1), len(own) - 1)
        drawn = np.random.default_rng([seed, label]).permutation(len(own))[:number]
        held |= {own[i] for i in drawn}
    train = [video for video in videos if video not in held]
    return train, [video for video in videos if video in held]
