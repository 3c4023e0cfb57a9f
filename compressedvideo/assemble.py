"""One GOP's vectors and decoded frames in, motion, residuals and frames of a clip out."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from av.video.frame import PictureType, VideoFrame

from .clip import CompressedClip
from .damage import Damage
from .decoding.colours import ColourConverter
from .errors import CorruptVideoError, UnsupportedVideoError
from .index import Picture
from .motion.cells import NO_PICTURE, MotionCells
from .motion.fields import QUARTERS
from .motion.kernels import kernels
from .motion.parsed import Costs
from .plan import Plan, Step, base_of, stand_in
from .request import Request


class Arrival(NamedTuple):
    """What is known of a picture, as it comes from the parser or the decoder."""

    picture: Picture
    vectors: MotionCells | bytes | None = None
    """Cells, or FFmpeg's records."""
    costs: Costs | None = None
    frame: VideoFrame | None = None


class ClipAssembler:
    """Fills a clip, GOP by GOP.

    Pictures are worked on in decoding order, each as soon as it and its references are there, and
    forgotten after their last use: memory does not grow with the length of a GOP.
    """

    def __init__(
        self,
        clip: CompressedClip,
        request: Request,
        *,
        colours: ColourConverter,
        height: int,
        width: int,
        iframe_inds: Sequence[int],
        damage: Damage,
        path: str,
        codec: str,
    ) -> None:
        self._clip = clip
        self._damage = damage
        self._request = request
        self._colours = colours
        self._kernels = kernels()
        self._whole = request.precision == "integer"
        self._accumulates = request.wants_field and request.reference == "iframe"
        self._wants_directions = clip.motion_past is not None or clip.motion_future is not None
        self._wants_cells = (
            self._wants_directions
            or clip.cells is not None
            or (request.wants_field and not self._accumulates)
        )
        self._height, self._width = height, width
        self._iframe_inds = iframe_inds
        self._path = path
        self._codec = codec
        self._slots = _slots(clip.frame_inds)
        self._iframe_slots = _slots(clip.iframe_inds) if clip.iframes is not None else {}
        self._positions: Mapping[int, float] = {}
        self._vectors: dict[int, MotionCells | bytes] = {}
        self._frames: dict[int, VideoFrame] = {}  # decoded, not yet needed in RGB
        self._pixels: dict[int, np.ndarray] = {}
        self._accumulated: dict[int, np.ndarray] = {}
        self._still: np.ndarray | None = None  # the accumulated motion of I-frames
        self._spare: list[np.ndarray] = []  # fields that are done with, to be overwritten

    def fill(self, plan: Plan, arrivals: Iterable[Arrival]) -> None:
        """Make of one GOP what was planned.

        Raises:
            CorruptVideoError: If something planned does not arrive.
        """
        self._positions = plan.positions
        for picture in plan.frames:
            self._describe(picture, plan.provenance)
        # Accumulated motion stays inside the frame, but for half a pixel of rounding per picture.
        most = max(len(plan.send), len(plan.parse))
        longest = QUARTERS * max(self._height, self._width) + QUARTERS // 2 * most
        self._field_type = np.int16 if longest < 2**15 else np.int32
        waiting = set(plan.shown)
        steps = iter(plan.steps)
        step = next(steps, None)
        for picture, vectors, costs, frame in arrivals:
            display = picture.display
            if vectors is not None:
                self._vectors[display] = vectors
            if costs is not None:
                self._put_costs(costs, display)
            if frame is not None:
                waiting.discard(display)
                self._take(frame, picture, plan)
            while step is not None and self._is_ready(step):
                self._work(step)
                step = next(steps, None)
        if step is not None:
            waiting.add(step.picture.display)
        if waiting:
            raise missing_frame(min(waiting), path=self._path, codec=self._codec)
        self._damage.spread(plan.send)

    # -- what arrives from the decoder

    def _take(self, frame: VideoFrame, picture: Picture, plan: Plan) -> None:
        display = picture.display
        if frame.is_corrupt:
            self._damage.found(
                "the decoder finds it damaged; read frames before it or of other GOPs, or drop the "
                "file",
                display,
            )
        if frame.interlaced_frame and display in plan.vectors:
            warnings.warn(
                f"{self._path}: frame {display} is interlaced; its vectors refer to fields "
                "and do not fit the coordinates of frames",
                stacklevel=5,
            )
        if (frame.height, frame.width) != (self._height, self._width):
            raise UnsupportedVideoError(
                f"the frame size changes from {self._width}x{self._height} to "
                f"{frame.width}x{frame.height}; re-encode the file",
                path=self._path,
                codec=self._codec,
                frame=display,
            )
        if display in plan.pixels:
            self._take_pixels(frame, display, keep=display in plan.kept)
        elif display in plan.kept:
            self._frames[display] = frame
        if picture.kind == "?":
            self._set_type(display, PictureType(frame.pict_type).name)

    def _take_pixels(self, frame: VideoFrame, display: int, *, keep: bool) -> None:
        clip = self._clip
        targets = []
        if clip.rgb is not None:
            targets += [clip.rgb[slot] for slot in self._slots.get(display, ())]
        if clip.iframes is not None:
            targets += [clip.iframes[slot] for slot in self._iframe_slots.get(display, ())]
        pixels = self._colours.rgb(frame, out=targets[0] if targets else None)
        for target in targets[1:]:
            target[...] = pixels
        if keep:
            self._pixels[display] = pixels

    def _rgb(self, display: int) -> np.ndarray:
        """The pixels of a picture that is kept."""
        if display not in self._pixels:
            self._pixels[display] = self._colours.rgb(self._frames[display])
        return self._pixels[display]

    # -- what is made of it

    def _is_ready(self, step: Step) -> bool:
        for display in step.run:
            if display not in self._vectors:
                return False
        for display in step.pixels:
            if display not in self._pixels and display not in self._frames:
                return False
        return True

    def _work(self, step: Step) -> None:
        display = step.picture.display
        run = [self._vectors.pop(picture) for picture in step.run]
        if self._accumulates:
            accumulated = self._accumulate(step, run)
            if step.is_wanted:
                self._put_accumulated(accumulated, display)
            done = [self._accumulated.pop(reference) for reference in step.last_chain]
            if step.is_continued:
                self._accumulated[display] = accumulated
            else:
                done.append(accumulated)
            self._spare += [field for field in done if field is not self._still]
        if step.is_wanted and self._wants_cells:
            self._put_cells(step.picture, self._cells(run[-1], step.picture))
        for used in step.last_pixels:
            self._pixels.pop(used, None)
            self._frames.pop(used, None)

    def _cells(self, vectors: MotionCells | bytes, picture: Picture) -> MotionCells:
        if isinstance(vectors, MotionCells):
            return vectors
        return self._kernels.cells(
            vectors,
            height=self._height,
            width=self._width,
            past=-1 if picture.past is None else picture.past,
            future=picture.future,
        )

    def _accumulate(self, step: Step, run: list[MotionCells | bytes]) -> np.ndarray:
        """Motion since the I-frame, [H, W, 2], quarter pixels."""
        if not step.chain:
            if self._still is None or self._still.dtype != self._field_type:
                self._still = np.zeros((self._height, self._width, 2), self._field_type)
            return self._still
        out = self._field()
        if len(run) > 1 or (isinstance(run[0], bytes) and step.picture.future is None):
            between = self._field()
            (reached,) = (self._accumulated[display] for display in step.chain)
            self._kernels.accumulate_run(
                out, run, between=between, start=reached, whole=self._whole
            )
            self._spare.append(between)
            return out
        picture = step.picture
        cells = self._cells(run[0], picture)
        start = max(step.chain, key=lambda name: self._nearness(name, picture))
        self._kernels.accumulate(
            out,
            cells,
            start=self._accumulated[start],
            references=[self._accumulated.get(display) for display in cells.pictures],
            prefer=[self._distance(picture, name) > 0 for name in cells.pictures],
            whole=self._whole,
        )
        return out

    def _field(self) -> np.ndarray:
        """An accumulated field to write into."""
        if self._spare and self._spare[-1].dtype == self._field_type:
            return self._spare.pop()
        return np.empty((self._height, self._width, 2), self._field_type)

    def _put_accumulated(self, accumulated: np.ndarray, display: int) -> None:
        clip = self._clip
        base = base_of(display, self._iframe_inds)
        if clip.motion is not None:
            divisor = display - base if self._request.per_frame else 1
            for out in self._targets(clip.motion, display):
                self._kernels.accumulated_motion(out, accumulated, divisor=divisor or 1)
        if display == base:
            self._put_zeros(clip.residual, display)
        elif clip.residual is not None:
            for out in self._targets(clip.residual, display):
                self._kernels.accumulated_residual(
                    out, accumulated, frame=self._rgb(display), reference=self._rgb(base)
                )

    def _put_cells(self, picture: Picture, cells: MotionCells) -> None:
        if self._wants_directions and picture.kind != "I":  # fields of an I-frame may be predicted
            self._put_directions(cells, picture)
        if self._clip.cells is not None and picture.kind != "I":
            for slot in self._slots[picture.display]:
                self._clip.cells[slot] = replace(
                    cells, pictures=tuple(self._frame_of(name) for name in cells.pictures)
                )
        if self._accumulates or not self._request.wants_field:
            return
        if picture.kind != "I" and picture.past is not None:
            self._put_previous(picture, cells)
        else:
            for array in (self._clip.motion, self._clip.residual):
                self._put_zeros(array, picture.display)

    def _put_previous(self, picture: Picture, cells: MotionCells) -> None:
        clip, display = self._clip, picture.display
        assert picture.past is not None
        if clip.motion is not None:
            distances = self._distances(picture, cells)
            for out in self._targets(clip.motion, display):
                if self._request.layout == "pixels":
                    self._kernels.single_field(out, cells, distances=distances, whole=self._whole)
                else:
                    self._kernels.cell_field(out, cells, distances=distances)
        if clip.residual is not None:
            references = []
            for name in cells.pictures:
                shown = self._frame_of(name) if name in picture.references else NO_PICTURE
                references.append(None if shown == NO_PICTURE else self._rgb(shown))
            for out in self._targets(clip.residual, display):
                self._kernels.field_residual(
                    out,
                    cells,
                    frame=self._rgb(display),
                    references=references,
                    fallback=self._rgb(picture.past),
                    whole=self._whole,
                )

    def _distance(self, picture: Picture, name: int) -> float:
        """Frames from a reference to a picture, negative from a future one; 0: it is missing."""
        if name == NO_PICTURE:
            return 0.0
        return picture.position - (self._positions.get(name, name) if name < -1 else name)

    def _nearness(self, name: int, picture: Picture) -> tuple[bool, float]:
        """Orders references: the nearest past one last, future ones before."""
        distance = self._distance(picture, name)
        return distance > 0, -abs(distance)

    def _frame_of(self, name: int) -> int:
        """The frame that shows a reference, or ``NO_PICTURE``."""
        shown = stand_in(name, self._positions)
        return NO_PICTURE if shown is None else shown

    def _distances(self, picture: Picture, cells: MotionCells) -> list[float | None]:
        """Frames from each reference to the picture; vectors of P-frames stay as they are.

        Vectors into missing pictures say nothing of B-frames.
        """
        if picture.kind == "B" or self._request.per_frame:
            return [self._distance(picture, name) or None for name in cells.pictures]
        return [1.0] * len(cells.pictures)

    def _put_zeros(self, array: np.ndarray | None, display: int) -> None:
        """Pictures that are not predicted."""
        if array is not None:
            for out in self._targets(array, display):
                self._kernels.clear(out)

    def _put_directions(self, cells: MotionCells, picture: Picture) -> None:
        clip, display = self._clip, picture.display
        for is_past, to_vectors, to_valid in (
            (True, clip.motion_past, clip.valid_past),
            (False, clip.motion_future, clip.valid_future),
        ):
            distances = [self._distance(picture, name) for name in cells.pictures]
            chosen = [distance > 0 if is_past else distance < 0 for distance in distances]
            if to_vectors is None or to_valid is None or not any(chosen):
                continue
            for slot in self._slots[display]:
                self._kernels.direction(
                    to_vectors[slot], to_valid[slot], cells, chosen=chosen, whole=self._whole
                )

    def _put_costs(self, costs: Costs, display: int) -> None:
        clip = self._clip
        if clip.bits is None or clip.coefficients is None:
            shape = len(clip.frame_inds), *costs.bits.shape
            clip.bits, clip.coefficients = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
            clip.bits_block = costs.block
        for slot in self._slots.get(display, ()):
            clip.bits[slot] = costs.bits
            clip.coefficients[slot] = costs.coefficients

    def _targets(self, array: np.ndarray, display: int) -> list[np.ndarray]:
        """Where a frame goes: once per time that it was asked for."""
        return [array[slot] for slot in self._slots[display]]

    # -- what is said about it

    def _describe(self, picture: Picture, provenance: str) -> None:
        clip, display = self._clip, picture.display
        self._set_type(display, picture.kind)
        distance = future_distance = 0
        if picture.kind != "I" and picture.past is not None:
            distance = display - picture.past
            future_distance = 0 if picture.future is None else display - picture.future
        else:
            provenance = "none"
        if self._request.reference == "iframe":
            distance = display - base_of(display, self._iframe_inds)
        for slot in self._slots[display]:
            clip.reference_distance[slot] = distance
            clip.future_distance[slot] = future_distance
            clip.provenance[slot] = provenance if self._request.wants_vectors else "none"

    def _set_type(self, display: int, kind: str) -> None:
        for slot in self._slots.get(display, ()):
            self._clip.frame_types[slot] = kind


def missing_frame(display: int, *, path: str, codec: str) -> CorruptVideoError:
    """The error for a frame that the index knows and the decoder does not return."""
    return CorruptVideoError(
        "the decoder does not return this frame; the file is truncated or damaged. Re-encode or "
        "drop it",
        path=path,
        codec=codec,
        frame=display,
    )


def _slots(indices: np.ndarray) -> dict[int, list[int]]:
    """Where each display index stands in an array of them."""
    slots: dict[int, list[int]] = defaultdict(list)
    for slot, display in enumerate(indices.tolist()):
        slots[display].append(slot)
    return dict(slots)
