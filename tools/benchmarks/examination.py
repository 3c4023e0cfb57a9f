"""One answer of the reader in, held against a plain decode and against earlier answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from comparison_report import Report
from invariant import fault_against_iframe, fault_against_previous, vectors_missed
from plain_video import PlainVideo, decode_plainly

from compressedvideo import CompressedClip

TOLERANCE = 1e-4
"""Seconds."""


class Examiner:
    """Looks at answers, and remembers them: none may depend on what was asked before."""

    def __init__(self, plain: PlainVideo, report: Report) -> None:
        self.plain = plain
        self._report = report
        self._say = report.say
        self._times = plain.seconds
        self._known: dict[tuple, str] = {}
        self._exports_again: list[np.ndarray | None] | None = None

    def expect_number(self, count: int) -> None:
        """Of frames. What is not well defined follows the reader: see :mod:`plain_video`."""
        self.plain.follow(count)
        self._times = self.plain.seconds
        right = len(self.plain)
        self._say("number", None if count == right else f"{count} frames, {right} are right")

    def examine_keyframes(self, keyframes: np.ndarray) -> None:
        ascends = bool(len(keyframes)) and keyframes[0] == 0 and (np.diff(keyframes) > 0).all()
        fault = None if ascends else f"they do not ascend from 0: {keyframes[:8]}"
        self._say("keyframes", fault)
        for display in keyframes.tolist():
            kind = self._kind(display)
            self._say("keyframes", None if kind in "I?" else f"a {kind}-frame", display)

    def examine_types(self, types: Sequence[str], *, first: int) -> None:
        """Types of frames in a row."""
        for display, kind in enumerate(types, start=first):
            right = self._kind(display)
            if right != "?":
                self._say("types", None if kind == right else f"{kind} for {right}", display)

    def examine(
        self, clip: CompressedClip, i: int, request: Mapping[str, Any], *, keyframes: np.ndarray
    ) -> None:
        """One frame of a clip, and all that came with it.

        Args:
            clip: Read with ``request``.
            i: Position in the clip.
            keyframes: As the reader that read it says.
        """
        say, display = self._say, int(clip.frame_inds[i])
        self.examine_types([clip.frame_types[i]], first=display)
        self._examine_time(float(clip.pts_seconds[i]), display)
        iframe = int(clip.iframe_inds[i])
        gop = int(np.searchsorted(keyframes, display, side="right")) - 1
        is_right = (clip.gop_inds[i], iframe) == (gop, keyframes[gop])
        said = f"GOP {clip.gop_inds[i]}, I-frame {iframe}"
        say("iframes", None if is_right else said, display)
        if clip.rgb is not None:
            say("pixels", self._picture_fault(clip.rgb[i], display), display)
        if clip.iframes is not None and 0 <= iframe < len(self.plain):
            say("iframes", self._picture_fault(clip.iframes[i], iframe), display)
        self._remember_vectors(clip, i, display, request)
        vectors = clip.motion if clip.motion_past is None else clip.motion_past
        if vectors is not None and request.get("layout") != "cells":
            self._examine_vectors(clip, i, display, vectors.shape[1:3])

    def remember(self, answer: str, *key: Any) -> None:
        """The same answer must come however often and beside whatever else it is asked for."""
        before = self._known.setdefault(key, answer)
        at = key[1] if len(key) > 1 else None
        self._say("history", None if before == answer else f"{key[0]} changed", at)

    def _remember_vectors(
        self, clip: CompressedClip, i: int, display: int, request: Mapping[str, Any]
    ) -> None:
        """Pixels need no remembering: there is one right answer."""
        reference = clip.reference
        layout = clip.precision, request.get("layout", "pixels")
        for name in ("residual", "motion", "motion_past", "motion_future", "valid_past"):
            array = getattr(clip, name)
            if array is not None:
                digest = hashlib.blake2b(np.ascontiguousarray(array[i]).data, digest_size=8)
                against = (reference,) if name in ("residual", "motion") else ()
                self.remember(digest.hexdigest(), name, display, *layout, *against)
        if clip.motion_past is not None:
            distances = f"{clip.reference_distance[i]} {clip.future_distance[i]}"
            self.remember(distances, "distances", display, reference)

    def _examine_vectors(
        self, clip: CompressedClip, i: int, display: int, size: tuple[int, ...]
    ) -> None:
        plain, say = self.plain, self._say
        frame = plain.frames[display]
        right = frame.rgb.shape[:2]
        if size != right:
            say("vectors", f"they are of {size}, the picture of {right}", display)
            return
        if plain.orientation is None:
            return  # already wrong: there should be no picture
        if frame.is_corrupt:
            return
        pictures = [frame.rgb for frame in plain.frames]
        if clip.residual is not None and clip.reference == "iframe":
            say("invariant", fault_against_iframe(clip, i, pictures), display)
        elif clip.residual is not None and clip.motion_past is not None:
            fault = fault_against_previous(
                clip, i, pictures, stored_size=plain.stored_size, orientation=plain.orientation
            )
            say("invariant", fault, display)
        # FFmpeg's export, where it has any, and where it is right.
        is_zero = plain.codec == "mpeg4" and frame.kind == "B"
        if (
            clip.cells is not None
            and clip.precision == "subpixel"
            and frame.blocks is not None
            and not (frame.is_interlaced or is_zero)
        ):
            missed = vectors_missed(
                clip,
                i,
                frame.blocks,
                stored_size=plain.stored_size,
                orientation=plain.orientation,
                invents=plain.codec == "h264" and frame.kind == "B",
            )
            if missed and self._exports_vary(display):
                missed = None
            say("vectors", missed, display)

    def _exports_vary(self, display: int) -> bool:
        """Whether FFmpeg exports other vectors when it decodes the file once more.

        Of some H.264 streams it does: from memory that it did not set.
        """
        if self._exports_again is None:
            again = decode_plainly(self._report.file)
            again.follow(len(self.plain))
            self._exports_again = [frame.blocks for frame in again.frames]
        one, other = self.plain.frames[display].blocks, self._exports_again[display]
        varies = other is None or not np.array_equal(one, other)
        doubt = "FFmpeg exports other vectors each time"
        if varies and doubt not in self.plain.doubts:
            self.plain.doubts.append(doubt)
        return varies

    def examine_cells(self, cells: CompressedClip, pixels: CompressedClip) -> None:
        """A vector for each cell, painted, is what a vector for each pixel is."""
        assert cells.motion is not None
        assert pixels.motion is not None
        height, width = pixels.motion.shape[1:3]
        grid = cells.motion.shape[1:3]
        sizes = [size for size in (8, 4) if (-(-height // size), -(-width // size)) == grid]
        if not sizes:
            self._say("vectors", f"layout='cells' is {grid} for {(height, width)} pixels")
            return
        size = sizes[0]
        painted = cells.motion[0].repeat(size, 0).repeat(size, 1)[:height, :width]
        is_same = np.array_equal(painted, pixels.motion[0])
        fault = None if is_same else "layout='cells' has others"
        self._say("vectors", fault, int(cells.frame_inds[0]))

    def _examine_time(self, seconds: float, display: int) -> None:
        if self._times is None:  # no timestamps that increase
            self._say("times", None if np.isfinite(seconds) else f"{seconds} s", display)
            return
        if display < len(self._times):
            right = self._times[display]
            is_wrong = not np.isfinite(seconds) or abs(seconds - right) > TOLERANCE
            self._say("times", f"{seconds:.4f} s for {right:.4f}" if is_wrong else None, display)

    def _picture_fault(self, rgb: np.ndarray, display: int) -> str | None:
        right = self.plain.frames[display].rgb
        if not right.size:
            return "the decoder does not show it"
        if self.plain.orientation is None:
            return "pictures turned by no multiple of 90 degrees are returned"
        if rgb.shape != right.shape:
            return f"{rgb.shape} for {right.shape}"
        if np.array_equal(rgb, right):
            return None
        for other, frame in enumerate(self.plain.frames):
            if np.array_equal(rgb, frame.rgb):
                return f"it is frame {other}"
        if self.plain.frames[display].is_corrupt:
            self._doubt(f"frame {display}, which the decoder calls corrupt, looks otherwise")
            return None
        off = (rgb != right).any(axis=-1)
        return f"{off.sum()} of {off.size} pixels differ"

    def _doubt(self, doubt: str) -> None:
        if doubt not in self.plain.doubts:
            self.plain.doubts.append(doubt)

    def _kind(self, display: int) -> str:
        frames = self.plain.frames
        return frames[display].kind if display < len(frames) else "?"
