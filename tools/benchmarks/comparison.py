"""One file in, what the reader says of it held against a plain decode out.

Every frame is read alone, in random order, by one reader; a share of them by a reader that was just
opened; and all together. What is asked beside changes at random. Each answer is looked at on its
own, and no answer may depend on what was asked before.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
from invariant import fault_against_iframe, fault_against_previous, vectors_missed
from plain_video import PlainError, PlainVideo, decode_plainly

from compressedvideo import CodecError, CompressedClip, CompressedVideo, NoMotionVectorsError

CHECKS = (
    "open",
    "number",
    "size",
    "types",
    "keyframes",
    "pixels",
    "iframes",
    "times",
    "vectors",
    "invariant",
    "history",
    "colours",
)
EXPORTED = {
    *("mpeg1video", "mpeg2video", "mpeg4", "h264", "h263", "h263i", "h263p", "flv", "flv1"),
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "msmpeg4", "wmv1", "wmv2"),
}
"""Codecs of which FFmpeg exports vectors: of all others NoMotionVectorsError is an answer."""

REFUSALS = ("", "vectors", "pixels")
"""What a reader may refuse, each with those before it."""

PIXELS: dict[str, Any] = {"modalities": ("rgb", "iframe")}
PREVIOUS: dict[str, Any] = {
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

CHUNK = 1 << 27
"""Bytes of a clip that are read together."""


@dataclass
class Check:
    """How often something was looked at, and what was wrong the first time."""

    passed: int = 0
    failed: int = 0
    refused: int = 0
    first: str = ""

    def __str__(self) -> str:
        return f"{self.failed} of {self.failed + self.passed} wrong: {self.first}"


@dataclass
class Report:
    """What came of one file."""

    file: str
    codec: str = ""
    container: str = ""
    frames: int = 0
    keyframes: int = 0
    has_b_frames: bool = False
    read_alone: int = 0
    """Frames; fewer than ``frames`` where time ran out."""

    checks: dict[str, Check] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    """Messages of the reader's CodecErrors, and how often."""

    refused_pictures: int = 0
    """Frames whose pixels the reader refuses alone."""

    may_refuse: str = "pixels"
    """What is no fault if it is a CodecError: ``''``, ``'vectors'``, or ``'pixels'``, too."""

    doubts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    broke: str = ""
    """How it ended, if it did not: killed by a signal, too slow, a fault of this tool."""

    @property
    def refuses(self) -> str:
        """``''``, ``'vectors'`` or ``'pixels'``, which is anything else."""
        if not self.frames:
            return ""  # rightly: there are none
        refused = {name for name, check in self.checks.items() if check.refused}
        return "pixels" if refused - {"vectors"} else "vectors" if refused else ""

    @property
    def faults(self) -> list[str]:
        """Names of checks, and what may not be refused."""
        faults = [name for name, check in self.checks.items() if check.failed]
        if REFUSALS.index(self.refuses) > REFUSALS.index(self.may_refuse):
            faults.append(f"refuses {self.refuses}")
        return ["broke", *faults] if self.broke else faults

    @property
    def is_wrong(self) -> bool:
        return bool(self.faults)

    @property
    def verdict(self) -> str:
        """``'right'``, ``'refused'`` (in part or whole, by CodecErrors), or what is wrong."""
        if self.broke:
            return self.broke
        if self.faults:
            return "wrong: " + ", ".join(self.faults)
        return "refused" if self.refusals else "right"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


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
        self._plain: PlainVideo
        self._pictures: list[np.ndarray] = []
        self._first_shown = 0
        self._known: dict[tuple, str] = {}
        self._refused_pictures: set[int] = set()

    # -- the course of a comparison

    def run(self, fresh_share: float) -> None:
        try:
            self._plain = decode_plainly(self._path)
        except PlainError as error:
            self._report.doubts.append(f"a plain decode {error}")
            self._expect_refusal(str(error))
            return
        report, plain = self._report, self._plain
        report.codec, report.container = plain.codec, plain.container
        report.frames, report.has_b_frames = len(plain), "B" in plain.kinds
        report.doubts += plain.doubts
        self._pictures = [frame.rgb for frame in plain.frames]
        for number in plain.wrong_colours:
            self._say("colours", "FFmpeg converts it to other pixels", number)
        self._say("colours", None)

        # Whether frames or types are asked for first must not matter: one reader each way.
        with self._opened() as video:
            if video is None:
                report.refused_pictures = len(plain)
                return
            self._look_at_layout(video)
            self._look_at_types(video)
            self._read_together(video)
        count = min(video.num_frames, len(self._pictures))
        order = self._rng.permutation(count).tolist()
        with self._opened() as video:
            if video is None:
                return
            for done, display in enumerate(order):
                if time.monotonic() > self._deadline:
                    break
                self._on_progress(done / count)
                self._read(video, [display], PIXELS)
                self._read(video, [display], self._draw())
                report.read_alone += 1
            self._read(video, order[: max(1, count // 3)], PIXELS)
            self._look_at_types(video)
            for display in order[:3]:
                for request in REQUESTS:
                    self._read(video, [display], request)
        num_fresh = int(np.ceil(fresh_share * count))
        for display in order[:num_fresh]:
            if time.monotonic() > self._deadline:
                break
            with self._opened() as video:
                if video is not None:
                    self._read(video, [display], self._draw())
        report.refused_pictures = len(self._refused_pictures)

    def _draw(self) -> dict[str, Any]:
        return REQUESTS[self._rng.integers(len(REQUESTS))]

    @contextmanager
    def _opened(self) -> Iterator[CompressedVideo | None]:
        video = self._attempt("open", lambda: self._open_video(self._path))
        if video is None:
            yield None
            return
        with video:
            yield video

    def _expect_refusal(self, reason: str) -> None:
        """A file of which a plain decode shows nothing."""
        with self._opened() as video:
            if video is None:
                return
            clip = self._attempt("open", lambda: video.read([0], **PIXELS))
            if clip is not None:
                self._say("open", f"read, though a plain decode {reason}")

    # -- what is asked

    def _look_at_layout(self, video: CompressedVideo) -> None:
        plain, say = self._plain, self._say
        count = len(plain)
        if video.num_frames != count:
            skipped = next((i for i, frame in enumerate(plain.frames) if frame.is_key), 0)
            if skipped and video.num_frames == count - skipped:
                self._drop_first(skipped)
            elif video.num_frames == count + len(plain.lost):
                plain.insert_lost()
                self._pictures = [frame.rgb for frame in plain.frames]
        count = len(self._pictures)
        is_right = video.num_frames == count
        say("number", None if is_right else f"{video.num_frames} frames, {count} are right")
        if plain.orientation is None:
            size = None
        else:
            size = self._attempt("size", lambda: (video.height, video.width))
        if size is not None:
            right = self._pictures[0].shape[:2]
            say("size", None if size == right else f"{size} (height, width), {right} is right")
        keyframes = self._attempt("keyframes", lambda: video.keyframes)
        if keyframes is None:
            return
        self._report.keyframes = len(keyframes)
        ascends = bool(len(keyframes)) and keyframes[0] == 0 and (np.diff(keyframes) > 0).all()
        say("keyframes", None if ascends else f"they do not ascend from 0: {keyframes[:8]}")
        for display in keyframes.tolist():
            kind = self._kind(display)
            say("keyframes", None if kind in ("I", "?") else f"a {kind}-frame", display)
        same = self._attempt("keyframes", lambda: np.array_equal(video.iframe_inds, keyframes))
        if same is not None:
            say("keyframes", None if same else "iframe_inds are others")

    def _drop_first(self, count: int) -> None:
        """Frames are counted from the first key frame on; a plain decode may show some before."""
        self._report.doubts.append(f"the reader leaves {count} frames out")
        del self._plain.frames[:count]
        del self._pictures[:count]

    def _look_at_types(self, video: CompressedVideo) -> None:
        types = self._attempt("types", lambda: video.frame_types)
        if types is not None:
            self._compare_types(types, first=0)
            self._remember(("frame_types",), repr(types))
        self._look_at_gops(video)

    def _look_at_gops(self, video: CompressedVideo) -> None:
        keyframes = self._attempt("keyframes", lambda: video.keyframes)
        if keyframes is None:
            return
        self._remember(("keyframes",), repr(keyframes.tolist()))
        gops = self._rng.permutation(len(keyframes))[:50].tolist()
        for gop in gops:
            types = self._attempt("types", partial(video.gop_frame_types, gop))
            if types is not None:
                begin = int(keyframes[gop])
                end = video.num_frames if gop + 1 == len(keyframes) else int(keyframes[gop + 1])
                is_whole = len(types) == end - begin
                self._say("types", None if is_whole else f"GOP {gop} has {len(types)} types")
                self._compare_types(types, first=begin)

    def _compare_types(self, types: Sequence[str], *, first: int) -> None:
        for display, kind in enumerate(types, start=first):
            right = self._kind(display)
            if right != "?":
                self._say("types", None if kind == right else f"{kind} for {right}", display)

    def _read_together(self, video: CompressedVideo) -> None:
        """All frames in order and shuffled, as many at a time as memory allows."""
        count = min(video.num_frames, len(self._pictures))
        pixels = self._pictures[0].size // 3
        for request, size in ((PIXELS, 6), (PREVIOUS, 28), (ACCUMULATED, 20)):
            step = max(1, CHUNK // (size * pixels))
            for start in range(0, count, step):
                if request is not PIXELS and time.monotonic() > self._half_time:
                    return
                frames = list(range(start, min(start + step, count)))
                if request is PREVIOUS:
                    self._rng.shuffle(frames)
                if not self._read(video, frames, request):
                    break

    def _read(self, video: CompressedVideo, frames: Sequence[int], request: dict[str, Any]) -> bool:
        """Read frames and look at them. Returns whether there was anything to look at."""
        wants_pixels = {"rgb", "iframe"}.intersection(request["modalities"])
        wants_vectors = set(request["modalities"]) - {"rgb", "iframe"}
        check = "vectors" if wants_vectors else "pixels"
        clip = self._attempt(check, lambda: video.read(frames, **request), frames)
        if clip is not None and clip.frame_inds.tolist() != list(frames):
            self._say("number", f"{clip.frame_inds[:9]} for {frames[:9]}")
            return False
        if clip is None:
            if wants_pixels and not wants_vectors and len(frames) == 1:
                self._refused_pictures.update(frames)
            return False
        for i in range(len(frames)):
            self._look_at_frame(video, clip, i, request)
        return True

    def _attempt(
        self, check: str, call: Callable[[], Any], frames: Sequence[int] = ()
    ) -> Any | None:
        """What a call returns; None if it raised. Only a CodecError with a path may be raised."""
        at = frames[0] if len(frames) == 1 else None
        try:
            return call()
        except NoMotionVectorsError as error:
            if self._plain_codec in EXPORTED:
                self._refuse(check, error, at)
            else:
                self._expect_path(check, error, at)
        except CodecError as error:
            self._refuse(check, error, at)
        except Exception as error:
            self._say(check, f"{type(error).__name__}: {error}", at)
        return None

    @property
    def _plain_codec(self) -> str:
        return self._report.codec

    def _refuse(self, check: str, error: CodecError, at: int | None) -> None:
        self._expect_path(check, error, at)
        self._report.checks.setdefault(check, Check()).refused += 1
        message = f"{type(error).__name__}: {error.message}"
        self._report.refusals[message] = self._report.refusals.get(message, 0) + 1

    def _expect_path(self, check: str, error: CodecError, at: int | None) -> None:
        if error.path != self._path:
            self._say(check, f"{type(error).__name__} with the path {error.path!r}: {error}", at)

    # -- what is looked at

    def _look_at_frame(
        self, video: CompressedVideo, clip: CompressedClip, i: int, request: dict[str, Any]
    ) -> None:
        say, display = self._say, int(clip.frame_inds[i])
        self._compare_types([clip.frame_types[i]], first=display)
        self._look_at_time(float(clip.pts_seconds[i]), display)
        iframe = int(clip.iframe_inds[i])
        keyframes = self._attempt("keyframes", lambda: video.keyframes)
        if keyframes is not None:
            gop = int(np.searchsorted(keyframes, display, side="right")) - 1
            is_right = (clip.gop_inds[i], iframe) == (gop, keyframes[gop])
            say(
                "iframes",
                None if is_right else f"GOP {clip.gop_inds[i]}, I-frame {iframe}",
                display,
            )
        if clip.rgb is not None:
            say("pixels", self._picture_fault(clip.rgb[i], display), display)
        if clip.iframes is not None and 0 <= iframe < len(self._pictures):
            say("iframes", self._picture_fault(clip.iframes[i], iframe), display)
        self._remember_frame(clip, i, display, request)
        vectors = clip.motion if clip.motion_past is None else clip.motion_past
        if vectors is None:
            return
        right = self._pictures[display].shape[:2]
        if vectors.shape[1:3] != right:
            say("vectors", f"they are of {vectors.shape[1:3]}, the picture of {right}", display)
            return
        if clip.residual is not None and request.get("reference") == "iframe":
            say("invariant", fault_against_iframe(clip, i, self._pictures), display)
        elif clip.residual is not None and clip.motion_past is not None:
            say(
                "invariant",
                fault_against_previous(
                    clip, i, self._pictures, orientation=self._plain.orientation
                ),
                display,
            )
        if clip.motion_past is not None and request.get("precision") != "integer":
            self._look_at_vectors(clip, i, display)

    def _look_at_vectors(self, clip: CompressedClip, i: int, display: int) -> None:
        """FFmpeg's export against ours, where it has any that are right."""
        plain = self._plain
        frame = plain.frames[display]
        if frame.blocks is None or frame.is_interlaced or frame.is_corrupt:
            return
        if plain.codec == "mpeg4" and frame.kind == "B":  # zeros
            return
        assert plain.orientation is not None
        missed = vectors_missed(
            clip,
            i,
            frame.blocks,
            stored_size=plain.stored_size,
            orientation=plain.orientation,
            invents=plain.codec == "h264" and frame.kind == "B",
        )
        self._say("vectors", missed, display)

    def _look_at_time(self, seconds: float, display: int) -> None:
        times = self._plain.seconds
        if times is None or display >= len(times):
            return
        is_right = not abs(seconds - times[display]) > 1e-4
        right = f"{times[display]:.4f}"
        self._say("times", None if is_right else f"{seconds:.4f} s for {right}", display)

    def _picture_fault(self, rgb: np.ndarray, display: int) -> str | None:
        right = self._pictures[display]
        if not right.size:
            return "the decoder does not show it"
        if self._plain.orientation is None:
            return "pictures turned by no multiple of 90 degrees are returned"
        if rgb.shape != right.shape:
            return f"{rgb.shape} for {right.shape}"
        if np.array_equal(rgb, right):
            return None
        same = next(
            (j for j in range(len(self._pictures)) if np.array_equal(rgb, self._pictures[j])),
            None,
        )
        if same is not None:
            return f"it is frame {same}"
        off = (rgb != right).any(axis=-1)
        return f"{off.sum()} of {off.size} pixels differ"

    def _remember_frame(
        self, clip: CompressedClip, i: int, display: int, request: dict[str, Any]
    ) -> None:
        """The same answer must come however often and beside what else a frame is asked for."""
        kind = request.get("reference", "previous"), request.get("precision", "subpixel")
        for name in ("residual", "motion", "motion_past", "motion_future", "valid_past"):
            array = getattr(clip, name)
            if array is not None:
                key = (name, display, *(kind if name in ("residual", "motion") else kind[1:]))
                digest = hashlib.blake2b(np.ascontiguousarray(array[i]).data, digest_size=8)
                self._remember(key, digest.hexdigest())
        if clip.motion_past is not None:
            distances = clip.reference_distance[i], clip.future_distance[i]
            self._remember(("distances", display, *kind), repr(distances))

    def _remember(self, key: tuple, answer: str) -> None:
        before = self._known.setdefault(key, answer)
        at = key[1] if len(key) > 1 else None
        self._say("history", None if before == answer else f"{key[0]} changed", at)

    def _kind(self, display: int) -> str:
        frames = self._plain.frames
        return frames[display].kind if display < len(frames) else "?"

    def _say(self, check: str, fault: str | None, at: int | None = None) -> None:
        """Count; None is well."""
        counted = self._report.checks.setdefault(check, Check())
        if fault is None:
            counted.passed += 1
            return
        counted.failed += 1
        counted.first = counted.first or (fault if at is None else f"frame {at}: {fault}")
