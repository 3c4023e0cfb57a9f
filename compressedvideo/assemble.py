"""One GOP's pictures, decoded once, in; motion, residuals and frames of a clip out."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import numpy as np
from av.video.frame import PictureType, VideoFrame

from .clip import CompressedClip
from .decoding.colours import ColourConverter
from .decoding.decoder import GopDecoder
from .errors import CorruptVideoError, UnsupportedVideoError
from .index import Picture
from .motion.fields import QUARTERS, MotionCells
from .motion.kernels import kernels
from .motion.source import Costs, ExportedMotion, MotionSources, ParsedMotion
from .plan import Plan, Step, base_of, find_unread, plan_gop
from .request import Request

_RUN = 16
"""Pictures that are parsed in one call."""


class ClipAssembler:
    """Fills a clip, GOP by GOP.

    Pictures are worked on in decoding order, each as soon as it and its references are decoded,
    and forgotten after their last use: memory does not grow with the length of a GOP.
    """

    def __init__(
        self,
        clip: CompressedClip,
        request: Request,
        *,
        decoder: GopDecoder,
        sources: MotionSources,
        colours: ColourConverter,
        height: int,
        width: int,
        iframe_inds: Sequence[int],
        path: str,
    ) -> None:
        self._clip = clip
        self._request = request
        self._decoder = decoder
        self._sources = sources
        self._source: ExportedMotion | ParsedMotion
        self._colours = colours
        self._kernels = kernels()
        self._whole = request.precision == "integer"
        self._accumulates = request.wants_field and request.reference == "iframe"
        self._wants_directions = clip.motion_past is not None or clip.motion_future is not None
        self._wants_cells = self._wants_directions or (
            request.wants_field and not self._accumulates
        )
        self._height, self._width = height, width
        self._iframe_inds = iframe_inds
        self._path = path
        self._slots = _slots(clip.frame_inds)
        self._iframe_slots = _slots(clip.iframe_inds) if clip.iframes is not None else {}
        self._vectors: dict[int, MotionCells | bytes] = {}
        self._pixels: dict[int, np.ndarray] = {}
        self._accumulated: dict[int, np.ndarray] = {}
        self._still: np.ndarray | None = None  # the accumulated motion of I-frames
        self._spare: list[np.ndarray] = []  # fields that are done with, to be overwritten

    def plan(
        self, pictures: list[Picture], *, frames: Sequence[int], iframes: Sequence[int]
    ) -> Plan:
        """What to do for ``frames`` and ``iframes`` (display indices) of one GOP."""
        present = {picture.display for picture in pictures}
        for display in (*frames, *iframes):
            if display not in present:
                raise self._missing(display)
        return plan_gop(
            pictures,
            self._request,
            frames=frames,
            iframes=iframes,
            iframe_inds=self._iframe_inds,
        )

    def run(self, plan: Plan) -> None:
        """Decode and assemble what was planned for one GOP."""
        self._source = self._sources.choose(
            [step.picture for step in plan.steps],
            decodes=plan.decodes,
            with_costs=self._clip.bits is not None,
        )
        for picture in plan.frames:
            self._describe(picture)

        # Accumulated motion stays inside the frame, but for half a pixel of rounding per picture.
        longest = QUARTERS * max(self._height, self._width) + QUARTERS // 2 * len(plan.send)
        self._field_type = np.int16 if longest < 2**15 else np.int32
        waiting = set(plan.shown)
        steps = iter(plan.steps)
        step = next(steps, None)
        for picture, frame in self._pictures(plan):
            display = picture.display
            waiting.discard(display)
            if frame is not None:
                self._take(frame, picture, plan)
            while step is not None and self._is_ready(step):
                self._work(step)
                step = next(steps, None)
        if step is not None:
            waiting.add(step.picture.display)
        if waiting:
            raise self._missing(min(waiting))

    # -- what arrives from the parser and the decoder

    def _pictures(self, plan: Plan) -> Iterable[tuple[Picture, VideoFrame | None]]:
        """Pictures, decoded or only parsed."""
        if isinstance(self._source, ExportedMotion):
            return self._decoder.decode(plan.send, vectors=plan.vectors, pixels=plan.decodes)
        parsed = self._parse(self._source, plan)
        if plan.decodes:
            return self._decoder.decode(parsed, vectors=set())
        return zip(parsed, repeat(None))

    def _parse(self, source: ParsedMotion, plan: Plan) -> Iterator[Picture]:
        source.restart()
        unread = find_unread(plan)
        for start in range(0, len(plan.send), _RUN):
            run = plan.send[start : start + _RUN]
            vectors, costs = source.parse(
                [picture for picture in run if picture.display not in unread],
                wanted=plan.vectors,
                height=self._height,
                width=self._width,
            )
            self._vectors.update(vectors)
            for display in costs:
                self._put_costs(costs[display], display)
            yield from run

    def _take(self, frame: VideoFrame, picture: Picture, plan: Plan) -> None:
        display = picture.display
        if isinstance(self._source, ExportedMotion) and display in plan.vectors:
            if frame.interlaced_frame:
                warnings.warn(
                    f"{self._path}: frame {display} is interlaced; its vectors refer to fields "
                    "and do not fit the coordinates of frames",
                    stacklevel=5,
                )
            self._vectors[display] = self._source.blocks(frame)
        if display in plan.pixels:
            self._take_pixels(frame, display, keep=display in plan.kept)
        if picture.kind == "?":
            self._set_type(display, PictureType(frame.pict_type).name)

    def _take_pixels(self, frame: VideoFrame, display: int, *, keep: bool) -> None:
        if (frame.height, frame.width) != (self._height, self._width):
            raise UnsupportedVideoError(
                f"the frame size changes from {self._width}x{self._height} to "
                f"{frame.width}x{frame.height}; re-encode the file",
                path=self._path,
                codec=self._decoder.codec,
                frame=display,
            )
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

    # -- what is made of it

    def _is_ready(self, step: Step) -> bool:
        for display in step.pixels:
            if display not in self._pixels:
                return False
        return all(display in self._vectors for display in step.run)

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
            self._put_cells(step.picture, self._cells(run[-1]))
        for used in step.last_pixels:
            del self._pixels[used]

    def _cells(self, vectors: MotionCells | bytes) -> MotionCells:
        if isinstance(vectors, MotionCells):
            return vectors
        return self._kernels.cells(vectors, height=self._height, width=self._width)

    def _accumulate(self, step: Step, run: list[MotionCells | bytes]) -> np.ndarray:
        """Motion since the I-frame, [H, W, 2], quarter pixels."""
        if not step.chain:
            if self._still is None or self._still.dtype != self._field_type:
                self._still = np.zeros((self._height, self._width, 2), self._field_type)
            return self._still
        reached = [self._accumulated[display] for display in step.chain]
        out = self._field()
        past, future = step.picture.past, step.picture.future
        if len(run) > 1 or step.chain == [past]:
            between = self._field()
            self._kernels.accumulate_run(
                out, run, between=between, start=reached[0], whole=self._whole
            )
            self._spare.append(between)
        else:
            self._kernels.accumulate(
                out,
                self._cells(run[0]),
                start=reached[0],
                past=reached[0] if past in step.chain else None,
                future=reached[-1] if future in step.chain else None,
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
                    out,
                    accumulated,
                    frame=self._pixels[display],
                    reference=self._pixels[base],
                )

    def _put_cells(self, picture: Picture, cells: MotionCells) -> None:
        if self._wants_directions:
            self._put_directions(cells, picture.display)
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
            divide = picture.kind == "B" or self._request.per_frame
            past_distance = display - picture.past if divide else 1
            future_distance = -1 if picture.future is None else display - picture.future
            for out in self._targets(clip.motion, display):
                if self._request.layout == "pixels":
                    self._kernels.single_field(
                        out,
                        cells,
                        past_distance=past_distance,
                        future_distance=future_distance,
                        whole=self._whole,
                    )
                else:
                    self._kernels.cell_field(
                        out,
                        cells,
                        past_distance=past_distance,
                        future_distance=future_distance,
                    )
        if clip.residual is not None:
            future = picture.future
            for out in self._targets(clip.residual, display):
                self._kernels.field_residual(
                    out,
                    cells,
                    frame=self._pixels[display],
                    past=self._pixels[picture.past],
                    future=None if future is None else self._pixels[future],
                    whole=self._whole,
                )

    def _put_zeros(self, array: np.ndarray | None, display: int) -> None:
        """Pictures that are not predicted."""
        if array is not None:
            for out in self._targets(array, display):
                self._kernels.clear(out)

    def _put_directions(self, cells: MotionCells, display: int) -> None:
        clip = self._clip
        for vectors, valid, to_vectors, to_valid in (
            (cells.past, cells.valid_past, clip.motion_past, clip.valid_past),
            (cells.future, cells.valid_future, clip.motion_future, clip.valid_future),
        ):
            if to_vectors is None or to_valid is None or vectors is None or valid is None:
                continue
            for slot in self._slots[display]:
                self._kernels.direction(
                    to_vectors[slot],
                    to_valid[slot],
                    vectors=vectors,
                    valid=valid,
                    whole=self._whole,
                )

    def _put_costs(self, costs: Costs, display: int) -> None:
        for slot in self._slots.get(display, ()):
            if self._clip.bits is not None and self._clip.coefficients is not None:
                self._clip.bits[slot] = costs.bits
                self._clip.coefficients[slot] = costs.coefficients

    def _targets(self, array: np.ndarray, display: int) -> list[np.ndarray]:
        """Where a frame goes: once per time that it was asked for."""
        return [array[slot] for slot in self._slots[display]]

    # -- what is said about it

    def _describe(self, picture: Picture) -> None:
        clip, display = self._clip, picture.display
        self._set_type(display, picture.kind)
        distance = future_distance = 0
        provenance = "none"
        if picture.kind != "I" and picture.past is not None:
            distance = display - picture.past
            future_distance = 0 if picture.future is None else display - picture.future
            provenance = self._source.provenance
        if self._request.reference == "iframe":
            distance = display - base_of(display, self._iframe_inds)
        for slot in self._slots[display]:
            clip.reference_distance[slot] = distance
            clip.future_distance[slot] = future_distance
            clip.provenance[slot] = provenance if self._request.wants_vectors else "none"

    def _set_type(self, display: int, kind: str) -> None:
        for slot in self._slots.get(display, ()):
            self._clip.frame_types[slot] = kind

    def _missing(self, display: int) -> CorruptVideoError:
        return CorruptVideoError(
            "the decoder does not return this frame; the file is truncated or damaged. Re-encode "
            "or drop it",
            path=self._path,
            codec=self._decoder.codec,
            frame=display,
        )


def _slots(indices: np.ndarray) -> dict[int, list[int]]:
    """Where each display index stands in an array of them."""
    slots: dict[int, list[int]] = defaultdict(list)
    for slot, display in enumerate(indices.tolist()):
        slots[display].append(slot)
    return dict(slots)
