"""A display matrix in, one of eight orientations out: quarter turns and mirror images.

FFmpeg's command line decides what a matrix means: it turns by the whole degrees of the matrix's
rotation, and mirrors where its signs say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import numpy as np

from ..errors import UnsupportedVideoError

Matrix: TypeAlias = Sequence[int]
"""a, b, u, c, d, v, x, y, w as ISO/IEC 14496-12 has them: a to d in 1/65536, u, v, w in 2^-30."""

IDENTITY: Matrix = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


class Orientation(Enum):
    """How a stored picture becomes an upright one: whether it is transposed, and whether what
    comes of that is then mirrored left to right, and top to bottom."""

    UPRIGHT = False, False, False
    MIRRORED = False, True, False
    """Left to right."""
    FLIPPED = False, False, True
    """Top to bottom."""
    HALF_TURN = False, True, True
    TRANSPOSED = True, False, False
    CLOCKWISE = True, True, False
    """A quarter turn to the right."""
    COUNTERCLOCKWISE = True, False, True
    TRANSVERSED = True, True, True
    """Mirrored along the other diagonal."""

    @property
    def transposes(self) -> bool:
        """Width and height change places."""
        return self.value[0]

    def picture(self, stored: np.ndarray, *, axes: tuple[int, int] = (0, 1)) -> np.ndarray:
        """A view of stored pictures, upright.

        Args:
            stored: Any array.
            axes: Its rows and its columns.
        """
        transposes, mirrors_x, mirrors_y = self.value
        if transposes:
            stored = stored.swapaxes(*axes)
        rows, columns = axes
        if mirrors_x:
            stored = np.flip(stored, columns)
        return np.flip(stored, rows) if mirrors_y else stored

    def vectors(self, stored: np.ndarray) -> np.ndarray:
        """Vectors [..., 2], x right and y down, of the upright picture. Their places stay."""
        transposes, mirrors_x, mirrors_y = self.value
        x, y = stored[..., 0], stored[..., 1]
        if transposes:
            x, y = y, x
        return np.stack([-x if mirrors_x else x, -y if mirrors_y else y], axis=-1)


_QUARTER_TURNS = {
    90: (Orientation.CLOCKWISE, Orientation.TRANSPOSED),
    270: (Orientation.COUNTERCLOCKWISE, Orientation.TRANSVERSED),
}
"""By degrees: without and with a mirror image."""


def orientation_of(
    matrix: Matrix | None, *, path: str | None = None, codec: str | None = None
) -> Orientation:
    """What FFmpeg's command line does with a display matrix.

    Args:
        matrix: None: there is none. One without any scale, such as all zeros, means nothing.
        path, codec: For errors.

    Raises:
        UnsupportedVideoError: If it turns by anything but quarter turns.
    """
    if matrix is None:
        return Orientation.UPRIGHT
    a, b, c, d = (matrix[i] / (1 << 16) for i in (0, 1, 3, 4))
    scales = math.hypot(a, c), math.hypot(b, d)
    if 0 in scales:
        return Orientation.UPRIGHT
    clockwise = math.degrees(math.atan2(b / scales[1], a / scales[0]))
    degrees = math.floor(abs(clockwise) + 0.5) * (1 if clockwise > 0 else -1) % 360
    if degrees in _QUARTER_TURNS:
        is_mirrored = c > 0 if degrees == 90 else c < 0
        return _QUARTER_TURNS[degrees][is_mirrored]
    if degrees == 180:
        return Orientation((False, a < 0, d < 0))
    if degrees > 1:
        raise UnsupportedVideoError(
            f"its metadata rotates it by {degrees} degrees, of which only multiples of 90 can be "
            "honoured; re-encode it upright",
            path=path,
            codec=codec,
        )
    return Orientation.FLIPPED if d < 0 and degrees == 0 else Orientation.UPRIGHT
