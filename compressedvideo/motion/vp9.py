"""Pictures of VP9 in, their vectors out, and which frames show the pictures that are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..bitstream import vp9
from ..bitstream.record import as_arrays
from ..index import Picture
from .parsed import RUN, ParsedMotion


class _Costs(NamedTuple):
    size: int
    bits: np.ndarray
    coefficients: np.ndarray


class _ParsedPicture(NamedTuple):
    """See :class:`compressedvideo.bitstream.hevc.ParsedPicture`."""

    picture: int
    error: str | None
    is_unsupported: bool
    ends_exactly: bool
    size: tuple[int, int]
    cell: int
    pictures: tuple[int, ...]
    vectors: np.ndarray | None
    slots: np.ndarray | None
    costs: _Costs | None


class _Parser:
    """The compiled parser, returning arrays."""

    def __init__(self, extradata: bytes) -> None:
        self._parser = vp9.Parser(extradata)
        self.headers, self.reset = self._parser.headers, self._parser.reset
        self.stills = self._parser.stills

    def parse(
        self, packets: list, *, needed: bytes, wanted: bytes, costs: bool
    ) -> list[_ParsedPicture]:
        return [_as_arrays(*each) for each in self._parser.parse(packets, needed, wanted, costs)]


def _as_arrays(
    picture: int, status: int, _bit: int, cell: int, height: int, width: int, *motion: Any
) -> _ParsedPicture:
    pictures, vectors, slots, costs = motion
    if status in vp9.USABLE:
        rows, columns = -(-height // cell), -(-width // cell)
        vectors = np.frombuffer(vectors, np.int16).reshape(2, rows, columns, 2)
        slots = np.frombuffer(slots, np.uint8).reshape(2, rows, columns)
    if costs is not None:
        block, bits, coefficients = costs
        shape = -(-height // block), -(-width // block)
        costs = _Costs(
            block,
            np.frombuffer(bits, np.uint32).reshape(shape),
            np.frombuffer(coefficients, np.uint16).reshape(shape),
        )
    return _ParsedPicture(
        picture=picture,
        error=None if status in vp9.USABLE else vp9.message(status),
        is_unsupported=status >= vp9.FIRST_UNSUPPORTED,
        ends_exactly=status != vp9.INEXACT_END,
        size=(height, width),
        cell=cell,
        pictures=pictures,
        vectors=vectors,
        slots=slots,
        costs=costs,
    )


class Vp9Motion(ParsedMotion):
    """Vectors of VP9. Each picture is parsed with all before it since the key frame.

    Args:
        extradata: The codec's global headers.
        with_costs: Return costs, too: of blocks of 8x8.
        warned: What the user was warned of already.
        path: The video, for errors.
    """

    def __init__(
        self, extradata: bytes, *, with_costs: bool, warned: set[str] | None = None, path: str
    ) -> None:
        self._vp9 = _Parser(extradata)
        super().__init__(self._vp9, codec="vp9", with_costs=with_costs, warned=warned, path=path)

    def overlays(self, pictures: Sequence[Picture]) -> dict[int, int]:
        """Which frames show hidden pictures, as far as that can be told or inferred.

        Args:
            pictures: A whole GOP, with their packets.

        Returns:
            Display indices by the numbers of hidden pictures.
        """
        parser = self._vp9
        packets = [picture.packets[0] for picture in pictures]
        parser.reset()
        records, _ = as_arrays(*parser.headers(packets))
        parser.reset()
        parser.stills()  # of earlier pictures
        for start in range(0, len(packets), RUN):
            run = packets[start : start + RUN]
            parser.parse(run, needed=b"\1" * len(run), wanted=bytes(len(run)), costs=False)
        stills = [vp9.Still(*still) for still in parser.stills()]
        coded = [picture for picture in pictures if not picture.shows_existing]
        return {
            coded[number].number: pictures[0].display + int(place.display)
            for number, place in vp9.hidden_places(records, stills).items()
            if place.how != "interpolated"
        }
