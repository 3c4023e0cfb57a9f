"""What every parser of motion does for the reader, whatever its codec."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ..index import Picture
from .cells import MotionCells

RUN = 16
"""Pictures that are parsed in one call."""


class RefusedError(Exception):
    """The stream uses a tool that the parser does not know."""


class Costs(NamedTuple):
    """What each macroblock of a picture cost."""

    bits: np.ndarray
    """[ceil(H/16), ceil(W/16)] uint32."""
    coefficients: np.ndarray
    """[ceil(H/16), ceil(W/16)] uint16."""


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
