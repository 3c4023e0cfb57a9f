"""A video in, the same pictures as another encoder wrote them out, at random."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .video_folder import exchange_folder


@TRANSFORMS.register_module()
class MixedEncodings(BaseTransform):
    """Read a training video as one of several encoders wrote it, each as often.

    Vectors, residuals and bits are an encoder's choices as much as they are the scene's: a network
    that has met one codec at one quality has learned both. Of a data set re-encoded in several ways
    (tools/data/reencode.py, a folder each), this draws one of them anew each time a video is seen.
    It stands before the sampler, in the training pipeline alone.

    ``data/strokes/videos/a.avi`` may so become ``data/strokes/h264/a.mp4``.

    Required and modified keys: ``filename``.

    Args:
        folders: names of the folders beside ``video_folder``, or absolute paths.
        video_folder: name of the folder in the videos' paths; of several of that name the last.
        suffix: of the re-encoded files. None: the video's own.
        with_original: draw the video as it is, too.

    Raises:
        ValueError: if there is nothing to draw from, or ``video_folder`` is not in a path.
        FileNotFoundError: if a video is not in the folder that was drawn.
    """

    def __init__(
        self,
        folders: Sequence[str],
        *,
        video_folder: str = "videos",
        suffix: str | None = ".mp4",
        with_original: bool = True,
    ) -> None:
        if isinstance(folders, str) or not folders:
            raise ValueError(f"folders={folders!r}, must be names of one or more folders")
        self.folders = tuple(folders)
        self.video_folder = video_folder
        self.suffix = suffix
        self.with_original = with_original

    def transform(self, results: dict) -> dict:
        drawn = np.random.randint(len(self.folders) + self.with_original)  # noqa: NPY002
        if drawn == len(self.folders):
            return results
        video = Path(results["filename"])
        _, folder, found = exchange_folder(video, folders={self.video_folder: self.folders[drawn]})
        found = found.with_name(found.name + (self.suffix or video.suffix))
        if not found.is_file():
            raise FileNotFoundError(
                f"no {found}: make it with `python tools/data/reencode.py "
                f"{video.parents[len(found.relative_to(folder).parts) - 1]} {folder}`"
            )
        results["filename"] = str(found)
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(folders={self.folders}, video_folder={self.video_folder!r}, "
            f"suffix={self.suffix!r}, with_original={self.with_original})"
        )
