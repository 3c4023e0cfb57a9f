"""Pictures of MPEG-4 part 2 in, their vectors out: what is parsed for them, and damage."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence

from ..bitstream import mpeg4
from ..errors import CorruptVideoError, UnsupportedVideoError
from ..index import Picture
from .cells import MotionCells
from .parsed import RUN, Costs, Parsed, RefusedError


class Mpeg4Motion:
    """Vectors of MPEG-4 part 2: of B-frames too, which FFmpeg does not export.

    Args:
        extradata: The codec's global headers.
        with_costs: Parse I-pictures too, which have no vectors, and return :class:`Costs`.
        warned: What the user was warned of already.
        path: The video, for errors.

    Raises:
        UnsupportedVideoError: If the headers announce a tool that the parser does not know.
    """

    provenance = "parsed"

    def __init__(
        self,
        extradata: bytes | None,
        *,
        with_costs: bool,
        warned: set[str] | None = None,
        path: str,
    ) -> None:
        self._parser = mpeg4.Mpeg4MotionParser(extradata, skip_i_vops=not with_costs, path=path)
        self._with_costs = with_costs
        self._path = path
        self._damage: str | None = None
        self._warned = set() if warned is None else warned

    def parse(
        self, pictures: Sequence[Picture], *, wanted: Collection[int], height: int, width: int
    ) -> Iterator[tuple[Sequence[Picture], Sequence[Parsed]]]:
        """See :class:`MotionParser`."""
        self._parser.reset()
        self._damage = None
        unread = _find_unread(pictures, wanted)
        for start in range(0, len(pictures), RUN):
            run = pictures[start : start + RUN]
            read = [picture for picture in run if picture.number not in unread]
            yield run, self._parse_run(read, wanted=wanted, height=height, width=width)

    def _parse_run(
        self, pictures: Sequence[Picture], *, wanted: Collection[int], height: int, width: int
    ) -> Sequence[Parsed]:
        run = self._parser.parse_run(
            [picture.packets[0] for picture in pictures],
            [picture.display in wanted for picture in pictures],
            height=height,
            width=width,
            with_costs=self._with_costs,
        )
        for problem in run.problems:
            self._check(problem, pictures[problem.number], wanted=wanted, size=(height, width))
        returned = [picture for picture in pictures if picture.display in wanted]
        costs: list[Costs | None] = [None] * len(returned)
        if run.bits is not None and run.coefficients is not None:
            costs = [Costs(16, *pair) for pair in zip(run.bits, run.coefficients, strict=True)]
        return [
            Parsed(
                picture,
                MotionCells(
                    vectors, slots, (_or_lost(picture.past), _or_lost(picture.future)), mpeg4.CELL
                ),
                cost,
            )
            for picture, vectors, slots, cost in zip(
                returned, run.vectors, run.slots, costs, strict=True
            )
        ]

    def _check(
        self,
        problem: mpeg4.Problem,
        picture: Picture,
        *,
        wanted: Collection[int],
        size: tuple[int, int],
    ) -> None:
        """Raise, warn, or remember the problem for later."""
        if problem.is_unsupported:
            raise RefusedError(problem.error)
        if problem.error:
            self._damage = (
                self._damage or f"{picture.kind}-frame {picture.display}: {problem.error}"
            )
            if picture.display in wanted:
                raise CorruptVideoError(
                    f"its motion vectors cannot be parsed ({self._damage}); re-encode or drop the "
                    "file",
                    path=self._path,
                    codec="mpeg4",
                    frame=picture.display,
                )
            return
        if not problem.ends_exactly and "end" not in self._warned:
            self._warned.add("end")
            warnings.warn(
                f"{self._path}: the macroblocks of {picture.kind}-frame {picture.display} do not "
                "end where the picture does; its vectors and others of this file are doubtful",
                stacklevel=2,
            )
        if picture.display in wanted and problem.size != size:
            raise UnsupportedVideoError(
                f"the frame size changes from {size[1]}x{size[0]} to {problem.size[1]}x"
                f"{problem.size[0]}; re-encode the file",
                path=self._path,
                codec="mpeg4",
                frame=picture.display,
            )


def _or_lost(display: int | None) -> int:
    return -1 if display is None else display


def _find_unread(pictures: Sequence[Picture], wanted: Collection[int]) -> set[int]:
    """Numbers of pictures that nobody wants, and that are no anchor of a wanted B-picture.

    I-pictures are always read: headers stand before them. Some of those give the time anew, others
    continue it, so that without the pictures between them the distance of two anchors may come out
    too long. It scales the later anchor's vectors for direct mode, and I-pictures have none.
    """
    unread: set[int] = set()
    anchors: list[Picture] = []
    for picture in pictures:
        if picture.kind != "B":
            anchors.append(picture)
        elif picture.display in wanted:
            unread.difference_update(anchor.number for anchor in anchors[-2:])
        if picture.kind in "PB" and picture.display not in wanted:
            unread.add(picture.number)
    return unread
