"""Packets of H.264 in, what they say of their pictures out, no pixel decoded.

``headers`` gives types, display order and references; ``parse`` motion vectors with their true
references, and what each macroblock cost. The compiled parser behind this module is
``csrc/h264*.c`` (ITU-T H.264).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .parsed import ParsedPicture, parsed_picture
from .record import as_arrays

try:
    from ._parsers import h264 as _h264
except ImportError:  # built where a compiler was at hand
    _h264 = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _h264 is not None


class MacroblockType(IntEnum):
    """How a macroblock is coded. From P_SKIP on it is predicted from other pictures."""

    I_4X4 = 0
    I_8X8 = 1
    I_16X16 = 2
    I_PCM = 3
    P_SKIP = 4
    INTER_16X16 = 5
    INTER_16X8 = 6
    INTER_8X16 = 7
    INTER_8X8 = 8
    """In four blocks, each of up to four parts; in B some of them may be direct."""
    B_SKIP = 9
    """Direct, and without coefficients."""
    B_DIRECT = 10


@dataclass(slots=True)
class MacroblockCosts:
    """What the macroblocks cost, [ceil(H/16), ceil(W/16)] each."""

    size: int
    """Pixels of a macroblock's side: 16."""

    bits: np.ndarray
    """uint32. Headers belong to no macroblock; runs of skipped ones (CAVLC) neither."""

    coefficients: np.ndarray
    """uint16: how many are not 0, of luminance and chroma; 384 where samples are coded as such."""

    qp: np.ndarray
    """int8: quantisation parameter of luminance, from -6 * (bit depth - 8) to 51; I_PCM has 0."""

    types: np.ndarray
    """uint8: :class:`MacroblockType`."""


class H264Parser:
    """Reads the packets of one H.264 stream, in decoding order.

    Args:
        extradata: The codec's global headers as the container stores them: an ``avcC`` box, NAL
            units behind start codes, or nothing. They also say how the packets are made up.
    """

    def __init__(self, extradata: bytes | None) -> None:
        if _h264 is None:
            raise RuntimeError("the compiled H.264 parser was not built")
        self._parser = _h264.Parser(extradata or b"")

    def headers(self, packets: list) -> tuple[np.ndarray, np.ndarray]:
        """Read the headers of packets, continuing where the last call ended. Never raises for them.

        A packet gives a record for each coded picture: a frame, or one field of a frame.

        Args:
            packets: Bytes, or whatever offers a buffer of them.

        Returns:
            Records, [N] of :data:`.record.RECORD`, and the pictures they refer to, int32.

            - ``order`` is the picture order count; a frame's is the lower one of its fields'.
            - ``kind`` is the type of the frame's first slice, also for its second field.
            - ``colocated`` is the picture that direct prediction takes vectors from: the first of
              list 1, unless it is all intra and has none.
            - References are those of all slices; a field's own frame is left out. A frame that was
              lost, or left out by the encoder (a gap of ``frame_num``), is -1.
            - ``KEY`` pictures are IDR pictures and I-pictures with a recovery point of 0 frames. An
              I-picture without one is no ``KEY``: only references say what can be decoded from it.
            - ``LEADING``: displayed before the last ``KEY``, but coded after it and referring to
              pictures before it.
        """
        return as_arrays(*self._parser.headers(packets))

    def parse(
        self, packets: list, *, needed: bytes, wanted: bytes, costs: bool = False
    ) -> list[ParsedPicture]:
        """Read the macroblocks of packets, continuing where the last call ended. Runs without GIL.

        A picture with direct prediction needs its ``colocated`` one (see ``headers``), which may
        need its own; without it the error says so. Of other packets headers are enough, but all
        packets from a ``KEY`` picture on must be given, so that references are the right ones. One
        detail of old x264 files (4:4:4, before core 151) is in a message of the first packet alone:
        let the same parser see that one's headers.

        Without costs, slices that are all intra are not read: damage in them goes unnoticed.

        Args:
            packets: Bytes, or whatever offers a buffer of them.
            needed: A byte for each packet, not 0: read its macroblocks, others may need them.
            wanted: A byte for each packet, not 0: read and return them.
            costs: Return what macroblocks cost, too.

        Returns:
            The coded pictures of the wanted packets. Of fields each is one, and refused.
        """
        return [
            parsed_picture(
                fields,
                parser=_h264,
                usable=(_h264.OK,),
                costs=MacroblockCosts,
                cost_types=(np.uint32, np.uint16, np.int8, np.uint8),
            )
            for fields in self._parser.parse(packets, needed, wanted, costs)
        ]

    def reset(self) -> None:
        """Forget the pictures, for a seek; numbers count from 0 again. Parameter sets stay."""
        self._parser.reset()


Parser = H264Parser
"""Under the name that every codec's parser has."""
