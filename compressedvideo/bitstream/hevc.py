"""Packets of HEVC in, what they say of their pictures out, no pixel decoded.

``headers`` gives types, display order and references; ``parse`` motion vectors with their true
references, and what each coding tree unit cost. The compiled parser behind this module is
``csrc/hevc*.c`` (ITU-T H.265): Main, Main 10, Main Still Picture and the range extensions (4:0:0,
4:2:2, 4:4:4, more bits). Extended precision, aligned bypass decoding, screen content coding and
separate colour planes are refused by name. Of several layers the base layer is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parsed import ParsedPicture, parsed_picture
from .record import as_arrays

try:
    from ._parsers import hevc as _hevc
except ImportError:  # built where a compiler was at hand
    _hevc = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _hevc is not None


@dataclass(slots=True)
class UnitCosts:
    """What the coding tree units cost, [ceil(H/size), ceil(W/size)] each.

    Units are counted from the one that the frame's first pixel lies in.
    """

    size: int
    """Pixels of a unit's side: 16, 32 or 64."""

    bits: np.ndarray
    """uint32. Slice headers belong to no unit."""

    coefficients: np.ndarray
    """uint16: how many are not 0, of luminance and chroma. Samples that are coded as such (PCM)
    count as none."""

    levels: np.ndarray
    """uint32: the sum of the coefficients' absolute levels, in units of the quantiser's step."""


class HevcParser:
    """Reads the packets of one HEVC stream, in decoding order.

    Args:
        extradata: The codec's global headers as the container stores them: an ``hvcC`` box, NAL
            units behind start codes, or nothing. They also say how the packets are made up.
    """

    def __init__(self, extradata: bytes | None) -> None:
        if _hevc is None:
            raise RuntimeError("the compiled HEVC parser was not built")
        self._parser = _hevc.Parser(extradata or b"")

    def headers(self, packets: list) -> tuple[np.ndarray, np.ndarray]:
        """Read the headers of packets, continuing where the last call ended. Never raises for them.

        Args:
            packets: Bytes, or whatever offers a buffer of them.

        Returns:
            Records, [N] of :data:`.record.RECORD`, and the pictures they refer to, int32.

            - ``order`` is the picture order count, which starts anew (``epoch``) at an IDR or BLA
              picture and at a CRA picture that is the first or follows an end of sequence.
            - ``kind`` is the type of the picture's first slice.
            - ``KEY`` pictures are IDR, BLA and CRA; ``CLOSED`` those whose type says that no
              leading pictures follow (IDR_N_LP, BLA_N_LP).
            - ``LEADING`` are RASL pictures. Where decoding starts at their CRA or BLA picture, or
              a sequence does, they are ``HIDDEN`` as well, and have no references.
            - All are ``REFERENCED`` but sub-layer non-reference pictures of the uppermost layer.
            - ``recovery`` is recovery_poc_cnt.
            - A picture whose first slice is lost is ``DAMAGED``; a decoder does not show it.
        """
        return as_arrays(*self._parser.headers(packets))

    def parse(
        self, packets: list, *, needed: bytes, wanted: bytes, costs: bool = False
    ) -> list[ParsedPicture]:
        """Read the coding tree units of packets, going on where the last call ended, without GIL.

        A picture with temporal prediction needs its ``colocated`` one (see ``headers``), which may
        need its own; without it, or if it is damaged, the error says so. Of other packets headers
        are enough, but all packets from a ``KEY`` picture on must be given.

        Without costs, pictures that are all intra are not read: damage in them goes unnoticed.

        Args:
            packets: Bytes, or whatever offers a buffer of them.
            needed: A byte for each packet, not 0: read its units, others may need them.
            wanted: A byte for each packet, not 0: read and return them.
            costs: Return what coding tree units cost, too.

        Returns:
            The pictures of the wanted packets.
        """
        return [
            parsed_picture(
                fields,
                parser=_hevc,
                usable=(_hevc.OK, _hevc.INEXACT_END),
                costs=UnitCosts,
                cost_types=(np.uint32, np.uint16, np.uint32),
            )
            for fields in self._parser.parse(packets, needed, wanted, costs)
        ]

    def reset(self) -> None:
        """Forget the pictures, for a seek; numbers count from 0 again. Parameter sets stay."""
        self._parser.reset()


Parser = HevcParser
"""Under the name that every codec's parser has."""
