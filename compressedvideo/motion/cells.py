"""Vectors of one picture on a grid of cells: the contract of parsers and of FFmpeg's export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL = 8
"""Pixels of the cells that FFmpeg's export is laid out on: its blocks are 8 or 16 pixels wide and
high, and 8-aligned."""

NO_REFERENCE = 255
"""The slot of a prediction that a cell does not use."""

NO_PICTURE = -1
"""In place of a display index: the reference picture is missing."""


@dataclass(slots=True)
class MotionCells:
    """Two predictions per cell, each a vector and the picture that it points into.

    Either may point into the past or into the future; which one follows from the display indices.
    A cell that uses both is the mean of both; one that uses none is intra.
    """

    vectors: np.ndarray
    """[2, rows, columns, 2] int16, quarter pixels, destination minus source; 0 where not used."""

    slots: np.ndarray
    """[2, rows, columns] uint8: index into ``pictures``; ``NO_REFERENCE`` where not used."""

    pictures: tuple[int, ...]
    """Display indices of the reference pictures; ``NO_PICTURE`` for a missing one."""

    cell: int
    """4 or 8 pixels. Rows and columns are as many as cover the frame."""
