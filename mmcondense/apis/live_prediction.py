"""Windows of a live stream in, class scores of each out, as soon as it is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from compressedvideo import CodecError, CompressedClip
from compressedvideo.live import LiveCompressedVideo, LiveWindow
from mmcondense.datasets.video_window import VideoWindow

from .inference_inputs import UsageError
from .inferencer import CompressedActionInferencer


def open_live(
    inferencer: CompressedActionInferencer, source: Any = None, **options: Any
) -> LiveCompressedVideo:
    """A live stream whose windows fit a config.

    Args:
        inferencer: Of the config.
        source, options: Of :class:`LiveCompressedVideo`.

    Raises:
        UsageError: If the config needs whole videos, or for options that cannot be.
        VideoOpenError: As LiveCompressedVideo does.
    """
    inferencer.check_windows("a live stream")
    try:
        return LiveCompressedVideo(source, virtual_gop=inferencer.virtual_gop, **options)
    except ValueError as error:
        raise UsageError(str(error)) from error


def predict_live(
    inferencer: CompressedActionInferencer,
    live: LiveCompressedVideo,
    *,
    top_k: int = 5,
    on_window: Callable[[LiveWindow, dict[str, Any]], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Predictions, one by one, to the end of the stream.

    Args:
        inferencer: Of a config and a checkpoint.
        live: Of :func:`open_live`.
        top_k: Classes to name in ``top_k``.
        on_window: Called with each window, which can be read until it returns, and its prediction.

    Yields:
        For each window ``input``; ``window``, its number, and ``gops``, those that it has frames
        of, first and behind the last; ``start_time`` and ``end_time``, when its first and last
        frame came (seconds since 1970); ``pred_labels``, ``pred_scores``, ``top_k`` as the
        inferencer's, or else ``error``; ``damaged``, whether a frame that was read is;
        ``latency_seconds`` from ``end_time`` to the prediction; ``dropped_windows`` and
        ``dropped_gops`` of the stream so far.

    Raises:
        VideoOpenError: Behind the last, if the stream broke off.
    """
    for window in live:
        frames = _WatchedWindow(window)
        end_time = float(window.arrival_seconds[window.start : window.stop].max())
        prediction: dict[str, Any] = dict(
            input=live.path,
            window=window.number,
            gops=[window.gops.start, window.gops.stop],
            start_time=round(float(window.arrival_seconds[window.start]), 3),
            end_time=round(end_time, 3),
        )
        given = dict(filename=live.path, window=frames, label=-1, start_index=0, modality="RGB")
        try:
            prediction |= inferencer.predict_sample(given, top_k=top_k)
        except CodecError as error:
            prediction["error"] = str(error)
        counts = live.counts
        prediction = dict(
            prediction,
            damaged=frames.damaged,
            latency_seconds=round(time.time() - end_time, 4),
            dropped_windows=counts.dropped_windows,
            dropped_gops=counts.dropped_gops,
        )
        if on_window is not None:
            on_window(window, prediction)
        yield prediction


class _WatchedWindow:
    """A sample's ``window``, which notes whether what is read of it is damaged."""

    def __init__(self, window: LiveWindow) -> None:
        self._window = window
        self.damaged = False

    def open(self, *, virtual_gop: int | None = None, with_iframe: bool = True) -> VideoWindow:
        """For the sampler."""
        window = self._window
        assert virtual_gop == window.virtual_gop, "open_live asks for that of the config"
        return _WatchedVideo(
            window, start=window.start, stop=window.stop, with_iframe=with_iframe, watch=self
        )


class _WatchedVideo(VideoWindow):
    def __init__(self, *args: Any, watch: _WatchedWindow, **options: Any) -> None:
        super().__init__(*args, **options)
        self._watch = watch

    def read(self, frame_inds: Sequence[int] | np.ndarray, **options: Any) -> CompressedClip:
        clip = super().read(frame_inds, **options)
        self._watch.damaged |= bool(clip.damaged.any() or clip.iframe_damaged.any())
        return clip
