"""A stretch of a long video that samplers take for a whole one, and the file it is read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from compressedvideo import CompressedClip, CompressedVideo


class VideoWindow:
    """Frames ``start`` to ``stop`` of an open video, with what samplers ask of a CompressedVideo.

    A window that begins inside a GOP brings the I-frame that it depends on, as its picture 0, so
    that the first picture is an I-frame, as in every video::

        video    I0 P1 P2 P3 P4 P5 I6 P7 P8 P9
        window               ├─────────┤             start=4, stop=8
        pictures I0          P4 P5 I6 P7             iframe_inds 0 and 3

    Args:
        video: Open; whoever opened it closes it, ``close`` here does nothing.
        start, stop: Display indices, ``0 <= start < stop <= video.num_frames``.
        with_iframe: Bring that I-frame. False: frames ``start`` to ``stop`` and no other, for
            those who ask for RGB only; I-frames are then those inside, of which there may be none.

    Raises:
        ValueError: For another range.
    """

    def __init__(
        self, video: CompressedVideo, *, start: int, stop: int, with_iframe: bool = True
    ) -> None:
        if not 0 <= start < stop <= video.num_frames:
            raise ValueError(
                f"{video.path}: a window of frames {start} to {stop} must lie in "
                f"0 to {video.num_frames}"
            )
        self._video = video
        iframes = video.iframe_inds
        own = iframes[(iframes >= start) & (iframes < stop)]
        frames = np.arange(start, stop)
        if with_iframe and (not len(own) or own[0] != start):
            before = iframes[np.searchsorted(iframes, start) - 1]
            frames, own = np.r_[before, frames], np.r_[before, own]
        self._frames = frames
        """[N] int64: display index in the file of each picture of the window."""
        self._iframe_inds = np.searchsorted(frames, own)
        real = np.searchsorted(frames, np.intersect1d(video.keyframes, own))
        self._keyframes = np.union1d([0], real)

    def __enter__(self) -> VideoWindow:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing: further windows are read from the same file."""

    @cached_property
    def _types(self) -> list[str]:
        types = self._video.frame_types  # of some codecs found by decoding: only where asked for
        return [types[frame] for frame in self._frames.tolist()]

    @property
    def path(self) -> str:
        return self._video.path

    @property
    def codec(self) -> str:
        return self._video.codec

    @property
    def width(self) -> int:
        return self._video.width

    @property
    def height(self) -> int:
        return self._video.height

    @property
    def fps(self) -> float:
        return self._video.fps

    @property
    def num_frames(self) -> int:
        """Pictures of the window, with the I-frame before it where there is one."""
        return len(self._frames)

    @property
    def keyframes(self) -> np.ndarray:
        """[G] int64, positions in the window. The first is 0, be it real or virtual."""
        return self._keyframes.copy()

    @property
    def iframe_inds(self) -> np.ndarray:
        """[I] int64, positions in the window. The first is 0."""
        return self._iframe_inds.copy()

    @property
    def frame_types(self) -> list[str]:
        return list(self._types)

    def gop_frame_types(self, gop: int) -> list[str]:
        """Picture types of one GOP of ``keyframes``."""
        begin, end = [*self._keyframes.tolist(), self.num_frames][gop : gop + 2]
        return self._types[begin:end]

    @property
    def has_b_frames(self) -> bool:
        return "B" in self._types

    def read(
        self,
        frame_inds: Sequence[int] | np.ndarray,
        *,
        iframe_inds: Sequence[int] | np.ndarray | None = None,
        **options: Any,
    ) -> CompressedClip:
        """:meth:`CompressedVideo.read`, with positions in the window for frames and I-frames."""
        frames = np.asarray(frame_inds, np.int64)
        iframes = None if iframe_inds is None else self._frames[np.asarray(iframe_inds, np.int64)]
        clip = self._video.read(self._frames[frames], iframe_inds=iframes, **options)
        positions = np.searchsorted(self._frames, clip.iframe_inds)
        return replace(clip, frame_inds=frames, iframe_inds=positions)


ReadableVideo = CompressedVideo | VideoWindow
"""What samplers sample from: a whole video, or a window of one."""
