"""A video's windows, one after the other, of a file that is opened and indexed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compressedvideo import CodecError, CompressedVideo

from .storage import fetch_video
from .video_window import VideoWindow


class OpenedVideo:
    """A video that stays open while its windows are sampled. Use as a context manager.

    Args:
        filename: Path or address, see :func:`~mmcondense.datasets.storage.open_video`.
        backend_args: Where it lies, if not on a disk.
        virtual_gop: Of the sampler that will ask; any other opens the file a second time.
        on_missing_motion: Of CompressedVideo: ``'raise'``, or ``'transcode'``.

    Raises:
        CodecError: If it cannot be opened.
    """

    def __init__(
        self,
        filename: str,
        *,
        backend_args: Mapping | None = None,
        virtual_gop: int | None = None,
        on_missing_motion: str = "raise",
    ) -> None:
        self.filename = filename
        self._backend_args = backend_args
        self._on_missing_motion = on_missing_motion
        self._videos: dict[int | None, CompressedVideo] = {}
        video = self.open(virtual_gop)
        self.num_frames, self.fps = video.num_frames, video.fps

    def __enter__(self) -> OpenedVideo:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for video in self._videos.values():
            video.close()

    def open(self, virtual_gop: int | None = None) -> CompressedVideo:
        """The whole video; it is closed with this object."""
        if virtual_gop not in self._videos:
            source = fetch_video(self.filename, backend_args=self._backend_args)
            self._videos[virtual_gop] = CompressedVideo(
                source, virtual_gop=virtual_gop, on_missing_motion=self._on_missing_motion
            )
        return self._videos[virtual_gop]

    def windows(
        self, *, window_seconds: float | None, stride_seconds: float | None = None
    ) -> list[Window]:
        """Windows of one length that cover the video, the last one ending with it.

        Args:
            window_seconds: Length, by the average frame rate; at least two frames. None: one
                window, the whole video, as is one that would be longer.
            stride_seconds: From one window's begin to the next one's. None: ``window_seconds``.

        Raises:
            CodecError: If the file names no frame rate, and seconds therefore say nothing.
        """
        length = stride = self.num_frames
        if window_seconds is not None:
            if not self.fps:
                raise CodecError(
                    "names no frame rate, so that there are no windows in seconds; leave out "
                    "window_seconds, or re-encode it",
                    path=self.filename,
                )
            length = min(max(round(window_seconds * self.fps), 2), self.num_frames)
            stride = max(round((stride_seconds or window_seconds) * self.fps), 1)
        last = self.num_frames - length
        starts = [*range(0, last, stride), last]
        count = len(starts)
        return [
            Window(source=self, start=start, stop=start + length, index=index, num_windows=count)
            for index, start in enumerate(starts)
        ]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Frames ``start`` to ``stop`` of a video, as a sample's ``window``."""

    source: OpenedVideo
    start: int
    """Display index of the first frame."""

    stop: int
    """Display index behind the last one."""

    index: int
    """Which of the video's windows, from 0."""

    num_windows: int

    @property
    def seconds(self) -> tuple[float, float]:
        """Begin and end, by the average frame rate; frame numbers where there is none."""
        fps = self.source.fps or 1
        return self.start / fps, self.stop / fps

    def open(self, *, virtual_gop: int | None = None, with_iframe: bool = True) -> VideoWindow:
        """For the sampler; see :class:`VideoWindow`."""
        video = self.source.open(virtual_gop)
        return VideoWindow(video, start=self.start, stop=self.stop, with_iframe=with_iframe)
