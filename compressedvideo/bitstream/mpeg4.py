"""Packets of MPEG-4 part 2 in, motion vectors out: read from the bitstream, no pixel decoded.

FFmpeg exports no vectors of this codec's B-frames. The compiled parser behind this module
(``csrc/mpeg4*.c``, ISO/IEC 14496-2) reads them, and says what each macroblock cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from ..errors import CorruptVideoError, UnsupportedVideoError
from .parsers import BUILD_ADVICE

try:
    from ._parsers import mpeg4 as _mpeg4
except ImportError:  # built where a compiler was at hand
    _mpeg4 = None  # type: ignore[assignment]

ON_DAMAGE = ("raise", "mark")

CELL = 8
"""Pixels of the smallest block that has a vector of its own."""


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _mpeg4 is not None


class MacroblockMode(IntEnum):
    """How a macroblock is predicted. In B-VOPs forward is from the past anchor."""

    SKIPPED = 0
    """No bits of its own: the past anchor at the same place."""
    INTRA = 1
    FORWARD = 2
    FORWARD_4MV = 3
    """One vector for each 8x8 block of luminance."""
    BACKWARD = 4
    BIDIRECTIONAL = 5
    DIRECT = 6
    """Both directions, derived from the co-located macroblock of the future anchor."""


_USES_FORWARD = np.array([True, False, True, True, False, True, True])  # [mode]
_USES_BACKWARD = np.array([False, False, False, False, True, True, True])


class Problem(NamedTuple):
    """What is wrong with a picture of a run."""

    number: int
    """Which packet of the run."""

    error: str | None
    """Why there are no vectors; None: they are doubtful, or the frame size is another one."""

    is_unsupported: bool
    """The error is a tool that the parser does not know, not damage."""

    ends_exactly: bool
    """The last macroblock ends where the VOP does."""

    size: tuple[int, int]
    """Height and width of the frame, pixels."""


@dataclass(slots=True)
class ParsedRun:
    """The wanted pictures of a run of packets. A list where there is a problem holds anything."""

    vectors: np.ndarray
    """[wanted, 2, ceil(H/8), ceil(W/8), 2] int16: quarter pixels, destination minus source, from
    the past and from the future anchor; 0 where there is none."""

    slots: np.ndarray
    """[wanted, 2, ceil(H/8), ceil(W/8)] uint8: 0 past anchor, 1 future anchor, 255 none."""

    bits: np.ndarray | None
    """[wanted, ceil(H/16), ceil(W/16)] uint32: length of the macroblock."""

    coefficients: np.ndarray | None
    """[wanted, ceil(H/16), ceil(W/16)] uint16: its coded DCT coefficients."""

    problems: list[Problem]


@dataclass(slots=True)
class ParsedVop:
    """One coded picture. Its arrays are read-only and cover the frame.

    ``prediction(p) = reference(p + vector / vector_scale)``: vectors as coded, like FFmpeg's
    ``motion_x``; the package's motion, destination minus source, has the other sign.
    """

    kind: str
    """``'I'``, ``'P'``, ``'B'``, ``'S'``; ``'?'`` where the data ends before it."""

    ticks: int
    """Display time, in units of ``1 / ticks_per_second``; after a seek only differences count."""

    error: str | None
    """Why there are no vectors; None: there are."""

    is_unsupported: bool
    """The error is a tool that the parser does not know, not damage."""

    error_bit: int
    """Where in the packet that was found, in bits from its start."""

    ends_exactly: bool
    """The last macroblock ends where the VOP does. Else the vectors are doubtful."""

    vector_scale: int
    """2 or 4: vectors are in half or quarter pixels."""

    size: tuple[int, int]
    """Height and width of the frame, pixels."""

    _memory: bytes

    @property
    def forward(self) -> np.ndarray:
        """[ceil(H/8), ceil(W/8), 2] int16: x and y of the vector into the past anchor, or 0."""
        return self._blocks(0)

    @property
    def backward(self) -> np.ndarray:
        """[ceil(H/8), ceil(W/8), 2] int16: x and y of the vector into the future anchor, or 0."""
        return self._blocks(1)

    @property
    def forward_valid(self) -> np.ndarray:
        """[ceil(H/8), ceil(W/8)] bool: the block is predicted from the past anchor."""
        return self._of_blocks(_USES_FORWARD[self.mode])

    @property
    def backward_valid(self) -> np.ndarray:
        """[ceil(H/8), ceil(W/8)] bool: the block is predicted from the future anchor."""
        return self._of_blocks(_USES_BACKWARD[self.mode])

    @property
    def bits(self) -> np.ndarray:
        """[ceil(H/16), ceil(W/16)] uint32: length of the macroblock; headers belong to none."""
        return self._macroblocks(32, np.uint32)

    @property
    def coefficients(self) -> np.ndarray:
        """[ceil(H/16), ceil(W/16)] uint16: coded DCT coefficients, 0 to 384.

        The DC of an intra block counts only where it is coded like the others (`intra_dc_vlc_thr`).
        """
        return self._macroblocks(36, np.uint16)

    @property
    def mode(self) -> np.ndarray:
        """[ceil(H/16), ceil(W/16)] uint8: a :class:`MacroblockMode`."""
        return self._macroblocks(38, np.uint8)

    @property
    def quantiser(self) -> np.ndarray:
        """[ceil(H/16), ceil(W/16)] uint8: 1 to 31; a skipped macroblock's is the running one."""
        return self._macroblocks(39, np.uint8)

    # The memory holds, all blocks or macroblocks of each in a row: forward and backward (16 bytes
    # per macroblock each), bits (4), coefficients (2), mode (1), quantiser (1); see mpeg4.h.

    def _shape(self) -> tuple[int, int]:
        if self.error is not None:
            raise ValueError(f"this {self.kind}-VOP has no vectors: {self.error}")
        height, width = self.size
        return -(-height // 16), -(-width // 16)

    def _macroblocks(self, offset: int, dtype: type) -> np.ndarray:
        rows, columns = self._shape()
        start, count = offset * rows * columns, rows * columns
        return np.frombuffer(self._memory, dtype, count, start).reshape(rows, columns)

    def _blocks(self, direction: int) -> np.ndarray:
        rows, columns = self._shape()
        start, count = direction * 16 * rows * columns, 8 * rows * columns
        vectors = np.frombuffer(self._memory, np.int16, count, start)
        return self._crop(vectors.reshape(2 * rows, 2 * columns, 2))

    def _of_blocks(self, macroblocks: np.ndarray) -> np.ndarray:
        return self._crop(macroblocks.repeat(2, axis=0).repeat(2, axis=1))

    def _crop(self, blocks: np.ndarray) -> np.ndarray:
        height, width = self.size
        return blocks[: -(-height // 8), : -(-width // 8)]


class Mpeg4MotionParser:
    """Reads the vectors of a stream, packet after packet in decoding order.

    A B-VOP is read with the help of its anchors, so none may be left out; other B-VOPs may.

    Args:
        extradata: The container's global headers; the stream may repeat or replace them.
        skip_i_vops: Read only the headers of I-VOPs, which have no vectors: a fifth of the time at
            GOP 12. Their macroblocks then have quantiser, bits and coefficients 0.
        path: The video, for errors.

    Raises:
        ImportError: Without the compiled parser.
        UnsupportedVideoError: If the headers announce a tool that the parser refuses: interlaced
            video, sprites, data partitioning, shapes, scalability, short headers and the like.
    """

    def __init__(
        self,
        extradata: bytes | None = None,
        *,
        skip_i_vops: bool = False,
        path: str | None = None,
    ) -> None:
        if _mpeg4 is None:
            raise ImportError(f"the MPEG-4 parser was not built; {BUILD_ADVICE}")
        self._path = path
        self._parser = _mpeg4.Parser(skip_i_vops)
        self._parser.parse(extradata or b"")
        status = self._parser.layer()[0]
        if status >= _mpeg4.FIRST_UNSUPPORTED:
            raise UnsupportedVideoError(_mpeg4.message(status), path=path, codec="mpeg4")

    @property
    def ticks_per_second(self) -> int:
        """Unit of the display times; 0 before the stream's headers."""
        return self._parser.layer()[3]

    def reset(self) -> None:
        """Call it after a seek: B-VOPs have no vectors until two anchors have been parsed."""
        self._parser.reset()

    def parse(self, packet, *, on_damage: str = "raise") -> list[ParsedVop]:
        """All coded VOPs of a packet, in decoding order; often one, packed files have 0 to 2.

        Placeholders (VOPs that are not coded) are left out, as FFmpeg does.

        Args:
            packet: Bytes, or whatever offers a buffer of them.
            on_damage: ``'raise'``, or ``'mark'``: return damaged and unsupported VOPs with their
                ``error``. Then no B-VOP has vectors until two anchors have been parsed again; such
                a B-VOP, and one that lost its anchors to a seek, is always only marked.

        Raises:
            CorruptVideoError: If a VOP cannot be parsed; says why, and at which bit.
            UnsupportedVideoError: If it uses a tool that the parser refuses.
        """
        if on_damage not in ON_DAMAGE:
            raise ValueError(f"on_damage must be one of {ON_DAMAGE}, got {on_damage!r}")
        vops = []
        for kind, coded, ticks, status, bit, height, width, quarter, memory in self._parser.parse(
            packet
        ):
            if not coded:
                continue
            error = None if memory is not None else _mpeg4.message(status)
            if error and on_damage == "raise" and status != _mpeg4.NO_ANCHORS:
                unsupported = status >= _mpeg4.FIRST_UNSUPPORTED
                raise (UnsupportedVideoError if unsupported else CorruptVideoError)(
                    f"{kind}-VOP, bit {bit} of its packet: {error}", path=self._path, codec="mpeg4"
                )
            vops.append(
                ParsedVop(
                    kind=kind,
                    ticks=ticks,
                    error=error,
                    is_unsupported=error is not None and status >= _mpeg4.FIRST_UNSUPPORTED,
                    error_bit=bit,
                    ends_exactly=status == _mpeg4.OK,
                    vector_scale=4 if quarter else 2,
                    size=(height, width),
                    _memory=memory or b"",
                )
            )
        return vops

    def parse_run(
        self, packets: list, wanted: list[bool], *, height: int, width: int, with_costs: bool
    ) -> ParsedRun:
        """Parse several packets at once, of each its first coded VOP.

        Args:
            packets: Buffers, in decoding order.
            wanted: Whose vectors to return, one for each packet; the others are only parsed.
            height, width: Frame size, pixels. Vectors of a VOP of another size are not returned.
            with_costs: Return bits and coefficients too.
        """
        memory, types, problems = self._parser.parse_run(packets, wanted, height, width, with_costs)
        count = len(types)
        blocks = count, 2, -(-height // CELL), -(-width // CELL)  # of both directions
        macroblocks = count, -(-height // 16), -(-width // 16)
        bits = coefficients = None
        vectors, at = _array(memory, np.int16, (*blocks, 2), start=0)
        if with_costs:
            bits, at = _array(memory, np.uint32, macroblocks, start=at)
            coefficients, at = _array(memory, np.uint16, macroblocks, start=at)
        slots, _ = _array(memory, np.uint8, blocks, start=at)
        return ParsedRun(
            vectors,
            slots,
            bits,
            coefficients,
            [self._problem(*problem) for problem in problems],
        )

    @staticmethod
    def _problem(number: int, status: int | None, height: int, width: int) -> Problem:
        error = None
        if status is None:
            error = "the packet holds no coded VOP"
        elif status not in (_mpeg4.OK, _mpeg4.INEXACT_END):
            error = _mpeg4.message(status)
        return Problem(
            number,
            error,
            is_unsupported=status is not None and status >= _mpeg4.FIRST_UNSUPPORTED,
            ends_exactly=status != _mpeg4.INEXACT_END,
            size=(height, width),
        )


def _array(
    memory: bytearray, dtype: type, shape: tuple[int, ...], *, start: int
) -> tuple[np.ndarray, int]:
    """The part of the memory from ``start`` on, and where it ends."""
    array: np.ndarray = np.frombuffer(memory, dtype, math.prod(shape), start).reshape(shape)
    return array, start + array.nbytes
