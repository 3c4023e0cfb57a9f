"""One file in, what the reader says of it held against a plain decode out.

Every frame is read alone, in random order, by one reader; a share of them by a reader that was just
opened; and all together. What is asked beside changes at random. Each answer is looked at on its
own, and no answer may depend on what was asked before.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from comparison_report import Report
from examination import Examiner
from orientation import UPRIGHT
from plain_video import PlainError, decode_plainly

from compressedvideo import (
    CodecError,
    CompressedClip,
    CompressedVideo,
    NoMotionVectorsError,
)

EXPORTED = {
    *("mpeg1video", "mpeg2video", "mpeg4", "h264", "h263", "h263i", "h263p", "flv", "flv1"),
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "msmpeg4", "wmv1", "wmv2"),
}
"""Codecs of which FFmpeg exports vectors: of all others NoMotionVectorsError is an answer."""

PIXELS: dict[str, Any] = {"modalities": ("rgb", "iframe")}
PREVIOUS: dict[str, Any] = {
    # Cells name the reference of each: with them residuals of pictures with several can be told.
    "modalities": ("rgb", "residual", "motion_past", "motion_future", "cells")
}
ACCUMULATED: dict[str, Any] = {
    "modalities": ("rgb", "iframe", "motion", "residual"),
    "reference": "iframe",
}
REQUESTS: tuple[dict[str, Any], ...] = (
    PREVIOUS,
    ACCUMULATED,
    {**PREVIOUS, "precision": "integer"},
    {**ACCUMULATED, "precision": "integer"},
    {"modalities": ("motion", "residual", "iframe")},
    {"modalities": ("motion_past", "motion_future")},
    {"modalities": ("motion",)},
    {"modalities": ("motion",), "reference": "iframe"},
    {"modalities": ("rgb",)},
    {"modalities": ()},
)
"""What may be asked of a frame: each takes another way through the reader."""

REUSING = 0.3
"""Share of the reads into memory of the read before."""

NUM_THOROUGH = 3
"""Frames of which everything is asked."""

MAX_GOPS = 50
"""GOPs whose types are asked for on their own."""

CHUNK = 1 << 27
"""Bytes of a clip that are read together."""


def compare(
    path: str,
    *,
    seed: int = 0,
    fresh_share: float = 0.25,
    seconds: float = 60.0,
    open_video: Callable[[str], CompressedVideo] = CompressedVideo,
    on_progress: Callable[[float], None] = lambda done: None,
) -> Report:
    """Compare one file.

    Args:
        path: A file, of any kind.
        seed: Of the orders and of what is asked beside.
        fresh_share: Share of the frames that a reader of its own reads, too.
        seconds: After these no further frame is read alone, after half of them none together with
            others (but for pixels).
        open_video: The reader.
        on_progress: Is told which share of the file is done, 0 to 1.
    """
    start = time.monotonic()
    report = Report(path)
    comparison = _Comparison(
        path,
        report,
        rng=np.random.default_rng(seed),
        open_video=open_video,
        start=start,
        seconds=seconds,
        on_progress=on_progress,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        comparison.run(fresh_share)
    report.warnings = sorted({str(warning.message) for warning in caught})
    report.seconds = round(time.monotonic() - start, 2)
    return report


class _Comparison:
    """Asks."""

    def __init__(
        self,
        path: str,
        report: Report,
        *,
        rng: np.random.Generator,
        open_video: Callable[[str], CompressedVideo],
        start: float,
        seconds: float,
        on_progress: Callable[[float], None],
    ) -> None:
        self._path = path
        self._report = report
        self._rng = rng
        self._open_video = open_video
        self._half_time = start + seconds / 2
        self._deadline = start + seconds
        self._on_progress = on_progress
        self._examiner: Examiner
        self._count = 0
        self._refused_pictures: set[int] = set()

    # -- the course of a comparison

    def run(self, fresh_share: float) -> None:
        report = self._report
        try:
            plain = decode_plainly(self._path)
        except PlainError as error:
            report.doubts.append(f"a plain decode {error}")
            self._expect_refusal(str(error))
            return
        report.codec, report.container = plain.codec, plain.container
        report.frames, report.has_b_frames = len(plain), "B" in plain.kinds
        report.say("colours", None)
        for number in plain.wrong_colours:
            report.say("colours", "FFmpeg converts it to other pixels", number)
        self._examiner = Examiner(plain, report)

        # Whether frames or types are asked for first must not matter: one reader each way.
        with self._opened() as video:
            if video is None or not self._ask_for_layout(video):
                report.refused_pictures = len(plain)
                report.doubts += plain.doubts
                return
            self._ask_for_types(video)
            self._read_together(video)
        order = self._rng.permutation(self._count).tolist()
        with self._opened() as video:
            if video is not None:
                self._read_alone(video, order)
        for display in order[: int(np.ceil(fresh_share * len(order)))]:
            if time.monotonic() > self._deadline:
                break
            with self._opened() as video:
                if video is not None:
                    self._read(video, [display], self._draw())
        report.refused_pictures = len(self._refused_pictures)
        report.doubts += plain.doubts

    def _expect_refusal(self, reason: str) -> None:
        """Of a file of which a plain decode shows nothing."""
        with self._opened() as video:
            if video is None:
                return
            if self._attempt("open", partial(video.read, [0], **PIXELS)) is not None:
                self._report.say("open", f"read, though a plain decode {reason}")

    def _read_together(self, video: CompressedVideo) -> None:
        """All frames in order and shuffled, as many at a time as memory allows."""
        height, width = self._examiner.plain.stored_size
        for request, bytes_per_pixel in ((PIXELS, 6), (PREVIOUS, 28), (ACCUMULATED, 20)):
            step = max(1, CHUNK // (bytes_per_pixel * height * width))
            for start in range(0, self._count, step):
                if request is not PIXELS and time.monotonic() > self._half_time:
                    return
                frames = list(range(start, min(start + step, self._count)))
                if request is PREVIOUS:
                    self._rng.shuffle(frames)
                if self._read(video, frames, request) is None:
                    break

    def _read_alone(self, video: CompressedVideo, order: Sequence[int]) -> None:
        """Each frame, then types, then some frames again."""
        last: CompressedClip | None = None
        for done, display in enumerate(order):
            if time.monotonic() > self._deadline:
                break
            self._on_progress(done / len(order))
            self._read(video, [display], PIXELS)
            reused = last if self._rng.random() < REUSING else None
            clip = self._read(video, [display], self._draw(), out=reused)
            last = last if clip is None else clip
            self._report.read_alone += 1
        self._read(video, order[: max(1, len(order) // 3)], PIXELS)
        self._ask_for_types(video)
        for display in order[:NUM_THOROUGH]:
            for request in REQUESTS:
                self._read(video, [display], request)
            self._ask_for_cells(video, display)

    # -- what is asked

    def _draw(self) -> Mapping[str, Any]:
        return REQUESTS[self._rng.integers(len(REQUESTS))]

    @contextmanager
    def _opened(self) -> Iterator[CompressedVideo | None]:
        video = self._attempt("open", partial(self._open_video, self._path))
        if video is None:
            yield None
            return
        with video:
            yield video

    def _ask_for_layout(self, video: CompressedVideo) -> bool:
        """Number, size, key frames. Returns whether there are frames to read."""
        say, plain = self._report.say, self._examiner.plain
        count = self._attempt("number", lambda: video.num_frames)
        if not count:
            say("number", None if count is None else "no frames")
            return False
        self._examiner.expect_number(count)
        self._count = min(count, len(plain))
        if plain.orientation is not None:
            size = self._attempt("size", lambda: (video.height, video.width))
            right = plain.frames[0].rgb.shape[:2]
            if size is not None:
                fault = f"{size} (height, width), {right} is right"
                say("size", None if size == right else fault)
        keyframes = self._attempt("keyframes", lambda: video.keyframes)
        if keyframes is not None:
            self._report.keyframes = len(keyframes)
            self._examiner.examine_keyframes(keyframes)
            iframes = self._attempt("keyframes", lambda: video.iframe_inds)
            if iframes is not None:
                is_same = np.array_equal(iframes, keyframes)
                say("keyframes", None if is_same else "iframe_inds are others")
        return True

    def _ask_for_types(self, video: CompressedVideo) -> None:
        types = self._attempt("types", lambda: video.frame_types)
        if types is not None:
            self._examiner.examine_types(types, first=0)
            self._examiner.remember(repr(types), "frame_types")
        keyframes = self._attempt("keyframes", lambda: video.keyframes)
        if keyframes is None:
            return
        self._examiner.remember(repr(keyframes.tolist()), "keyframes")
        for gop in self._rng.permutation(len(keyframes))[:MAX_GOPS].tolist():
            types = self._attempt("types", partial(video.gop_frame_types, gop))
            if types is not None:
                begin, end = [*keyframes.tolist(), video.num_frames][gop : gop + 2]
                fault = f"GOP {gop} has {len(types)} types for {end - begin} frames"
                self._report.say("types", None if len(types) == end - begin else fault)
                self._examiner.examine_types(types, first=begin)

    def _ask_for_cells(self, video: CompressedVideo, display: int) -> None:
        plain = self._examiner.plain
        height, width = plain.stored_size
        if plain.orientation != UPRIGHT and (height % 16 or width % 16):
            return  # the grid does not begin at the upright picture's corner
        ask = partial(video.read, [display], modalities=("motion",))
        pixels = self._attempt("vectors", ask, display)
        cells = self._attempt("vectors", partial(ask, layout="cells"), display)
        if pixels is not None and cells is not None:
            self._examiner.examine_cells(cells, pixels)

    def _read(
        self,
        video: CompressedVideo,
        frames: Sequence[int],
        request: Mapping[str, Any],
        *,
        out: CompressedClip | None = None,
    ) -> CompressedClip | None:
        """Read frames and look at them, if there is anything to look at."""
        check = "vectors" if set(request["modalities"]) - {"rgb", "iframe"} else "pixels"
        at = frames[0] if len(frames) == 1 else None
        clip = self._attempt(check, partial(video.read, frames, out=out, **request), at)
        if clip is None:
            if request is PIXELS and at is not None:
                self._refused_pictures.add(at)
            return None
        if clip.frame_inds.tolist() != list(frames):
            self._report.say("number", f"{clip.frame_inds[:9]} for {frames[:9]}")
            return None
        keyframes = self._attempt("keyframes", lambda: video.keyframes)
        if keyframes is not None:
            for i in range(len(frames)):
                self._examiner.examine(clip, i, request, keyframes=keyframes)
        return clip

    def _attempt(self, check: str, call: Callable[[], Any], at: int | None = None) -> Any | None:
        """What a call returns; None if it raised. Only a CodecError with a path may be raised."""
        report = self._report
        try:
            return call()
        except CodecError as error:
            if error.path != self._path:
                fault = f"{type(error).__name__} with the path {error.path!r}: {error}"
                report.say(check, fault, at)
            if not isinstance(error, NoMotionVectorsError) or report.codec in EXPORTED:
                report.refuse(check, f"{type(error).__name__}: {error.message}")
        except Exception as error:
            report.say(check, f"{type(error).__name__}: {error}", at)
        return None
