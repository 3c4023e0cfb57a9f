"""Pictures of VP9 in, their vectors out, and which frames show the pictures that are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..bitstream import vp9
from ..bitstream.parsed import ParsedPicture, parsed_picture
from ..bitstream.record import as_arrays
from ..index import Picture
from .parsed import RUN, ParsedMotion


class _Costs(NamedTuple):
    size: int
    bits: np.ndarray
    coefficients: np.ndarray


class _Parser:
    """The compiled parser, returning arrays."""

    def __init__(self, extradata: bytes) -> None:
        self._parser = vp9.Parser(extradata)
        self.headers, self.reset = self._parser.headers, self._parser.reset
        self.stills = self._parser.stills

    def parse(
        self, packets: list, *, needed: bytes, wanted: bytes, costs: bool
    ) -> list[ParsedPicture]:
        return [
            parsed_picture(
                fields,
                parser=vp9,
                usable=vp9.USABLE,
                costs=_Costs,
                cost_types=(np.uint32, np.uint16),
            )
            for fields in self._parser.parse(packets, needed, wanted, costs)
        ]


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
