"""Pictures in, their vectors out, read from the bitstream: what is the same for all codecs."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import CorruptVideoError, UnsupportedVideoError
from ..index import Picture
from .cells import CELL, NO_PICTURE, NO_REFERENCE, MotionCells

RUN = 16
"""Pictures that are parsed in one call."""


class RefusedError(Exception):
    """The stream uses a tool that the parser does not know."""


class Costs(NamedTuple):
    """What each block of a picture cost: macroblocks, or coding tree units (HEVC)."""

    block: int
    """Pixels of a block's side."""
    bits: np.ndarray
    """[ceil(H/block), ceil(W/block)] uint32."""
    coefficients: np.ndarray
    """[ceil(H/block), ceil(W/block)] uint16."""


class Parsed(NamedTuple):
    """What a parser says of one wanted picture."""

    picture: Picture
    cells: MotionCells
    costs: Costs | None


class MotionParser(Protocol):
    """Reads vectors from the packets of pictures, without decoding."""

    provenance: str

    def parse(
        self, pictures: Sequence[Picture], *, wanted: Collection[int], height: int, width: int
    ) -> Iterator[tuple[Sequence[Picture], Sequence[Parsed]]]:
        """Parse pictures, from a key frame on, run by run.

        Args:
            pictures: In decoding order, with their packets; only those that nobody refers to may
                be left out.
            wanted: Display indices of those to return. The others only serve to read later ones,
                and damage to them does not matter yet.
            height, width: Frame size, pixels.

        Yields:
            A run of the pictures, and what is wanted of it.

        Raises:
            CorruptVideoError: If a wanted picture cannot be parsed.
            UnsupportedVideoError: If its size is another one.
            RefusedError: If one uses a tool that the parser does not know.
        """
        ...


class ParsedMotion:
    """Vectors of H.264, HEVC and VP9.

    Args:
        parser: Of :mod:`compressedvideo.bitstream`: ``parse`` returns a record for each wanted
            picture, ``reset`` makes it count pictures from 0 again.
        codec: FFmpeg's name.
        with_costs: Return :class:`Costs`, too.
        warned: What the user was warned of already.
        path: The video, for errors.
    """

    provenance = "parsed"

    def __init__(
        self,
        parser: Any,
        *,
        codec: str,
        with_costs: bool,
        warned: set[str] | None = None,
        path: str,
    ) -> None:
        self._parser = parser
        self._codec = codec
        self._with_costs = with_costs
        self._path = path
        self._warned = set() if warned is None else warned

    def parse(
        self, pictures: Sequence[Picture], *, wanted: Collection[int], height: int, width: int
    ) -> Iterator[tuple[Sequence[Picture], Sequence[Parsed]]]:
        """See :class:`MotionParser`."""
        self._parser.reset()
        coded = [picture for picture in pictures if not picture.shows_existing]
        needed = _needed(coded, wanted)
        displays = [picture.display for picture in coded]  # by the parser's own numbers
        for start in range(0, len(coded), RUN):
            run = coded[start : start + RUN]
            parsed = self._parser.parse(
                [picture.packets[0] for picture in run],
                needed=bytes(picture.number in needed for picture in run),
                wanted=bytes(picture.display in wanted for picture in run),
                costs=self._with_costs,
            )
            yield (
                run,
                [self._checked(coded[one.picture], one, displays, height, width) for one in parsed],
            )
        existing = [p for p in pictures if p.shows_existing and p.display in wanted]
        if existing:
            none = _no_motion(height, width)
            yield existing, [Parsed(picture, none, None) for picture in existing]

    def _checked(
        self, picture: Picture, parsed: Any, displays: Sequence[int], height: int, width: int
    ) -> Parsed:
        if parsed.is_unsupported:
            raise RefusedError(parsed.error)
        if parsed.error:
            raise CorruptVideoError(
                f"its motion vectors cannot be parsed ({parsed.error}); re-encode or drop the file",
                path=self._path,
                codec=self._codec,
                frame=picture.display,
            )
        if not parsed.ends_exactly and "end" not in self._warned:
            self._warned.add("end")
            warnings.warn(
                f"{self._path}: frame {picture.display} does not end where its data do; its "
                "vectors and others of this file are doubtful",
                stacklevel=2,
            )
        if parsed.size != (height, width):
            raise UnsupportedVideoError(
                f"the frame size changes from {width}x{height} to {parsed.size[1]}x"
                f"{parsed.size[0]}; re-encode the file",
                path=self._path,
                codec=self._codec,
                frame=picture.display,
            )
        cells = MotionCells(
            parsed.vectors,
            parsed.slots,
            tuple([NO_PICTURE if n < 0 else displays[n] for n in parsed.pictures]),
            parsed.cell,
        )
        costs = None
        if parsed.costs is not None:
            costs = Costs(parsed.costs.size, parsed.costs.bits, parsed.costs.coefficients)
        return Parsed(picture, cells, costs)


def _no_motion(height: int, width: int) -> MotionCells:
    """Cells of a picture that predicts nothing."""
    shape = 2, -(-height // CELL), -(-width // CELL)
    return MotionCells(
        np.zeros((*shape, 2), np.int16), np.full(shape, NO_REFERENCE, np.uint8), (), CELL
    )


def _needed(pictures: Sequence[Picture], wanted: Collection[int]) -> set[int]:
    """Numbers of the wanted pictures, and of those from whose motion theirs is derived."""
    needed = set()
    for picture in reversed(pictures):
        if picture.display in wanted or picture.number in needed:
            needed.add(picture.number)
            if picture.colocated >= 0:
                needed.add(picture.colocated)
    return needed
