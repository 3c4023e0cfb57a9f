"""What the compiled parsers of H.264, HEVC and VP9 return of a picture in, arrays out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

NO_SLOT = 255
"""In ``slots``: this prediction is not used."""


@dataclass(slots=True)
class ParsedPicture:
    """A wanted picture. Where there is an ``error`` all arrays are None and ``cell`` is 0."""

    picture: int
    """Its number in decoding order from the last reset, as in the records of ``headers``."""

    error: str | None
    """Why there is no motion."""

    is_unsupported: bool
    """The error is a tool that the parser refuses, not damage."""

    error_bit: int
    """Where in the packet that was found, in bits from its start."""

    ends_exactly: bool
    """The last block ends where the data do. Else the vectors are doubtful."""

    size: tuple[int, int]
    """Height and width of the frame that is shown, pixels."""

    cell: int
    """4 or 8: pixels of a cell. 8 where no block of this picture is smaller."""

    pictures: tuple[int, ...] | None
    """Numbers of the pictures that ``slots`` name; -1: a missing one."""

    vectors: np.ndarray | None
    """[2, ceil(H/cell), ceil(W/cell), 2] int16, prediction first: x and y in quarter pixels,
    destination minus source, 0 where there is none. ``prediction(p) = reference(p - v / 4)``."""

    slots: np.ndarray | None
    """[2, ceil(H/cell), ceil(W/cell)] uint8: index into ``pictures``, or :data:`NO_SLOT`."""

    costs: Any
    """Of the codec's own kind: ``size``, ``bits``, ``coefficients`` and more. None if they were not
    asked for."""


@cache
def _inexact_end(parser: Any) -> int | None:
    """The status of a picture that does not end where its data do, if the parser knows one."""
    return getattr(parser, "INEXACT_END", None)


def parsed_picture(
    fields: tuple,
    *,
    parser: Any,
    usable: Collection[int],
    costs: Callable[..., Any],
    cost_types: Sequence[type],
) -> ParsedPicture:
    """Make arrays of what a parser returned.

    Args:
        fields: Of one picture.
        parser: The codec's compiled module.
        usable: Statuses with which there are vectors.
        costs: Makes an object of a block's size, and of an array for each thing that blocks cost.
        cost_types: Those of the arrays.
    """
    picture, status, bit, cell, height, width, pictures, vectors, slots, cost = fields
    is_usable = status in usable
    if is_usable:
        rows, columns = -(-height // cell), -(-width // cell)
        vectors = np.frombuffer(vectors, np.int16).reshape(2, rows, columns, 2)
        slots = np.frombuffer(slots, np.uint8).reshape(2, rows, columns)
    if cost is not None:
        size, *buffers = cost
        columns = -(-width // size)
        arrays = zip(buffers, cost_types, strict=True)
        cost = costs(size, *(np.frombuffer(a, t).reshape(-1, columns) for a, t in arrays))
    return ParsedPicture(
        picture=picture,
        error=None if is_usable else parser.message(status),
        is_unsupported=status >= parser.FIRST_UNSUPPORTED,
        error_bit=bit,
        ends_exactly=status != _inexact_end(parser),
        size=(height, width),
        cell=cell,
        pictures=pictures,
        vectors=vectors,
        slots=slots,
        costs=cost,
    )
