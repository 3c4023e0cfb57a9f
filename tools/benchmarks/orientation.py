"""A display matrix in, how ffmpeg's autorotate turns pictures (and then vectors) out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Orientation:
    """From the stored to the upright picture: flips first, then quarter turns."""

    flips_x: bool = False
    flips_y: bool = False
    quarter_turns: int = 0
    """Counterclockwise, by 90 degrees."""

    def turn(self, picture: np.ndarray) -> np.ndarray:
        """Turn [H, W, ...]."""
        if self.flips_x:
            picture = picture[:, ::-1]
        if self.flips_y:
            picture = picture[::-1]
        return np.rot90(picture, self.quarter_turns)

    def turn_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Turn [H, W, 2], x right and y down: their places, and what they say."""
        turned = self.turn(vectors).copy()
        x, y = turned[..., 0].copy(), turned[..., 1].copy()
        x, y = -x if self.flips_x else x, -y if self.flips_y else y
        for _ in range(self.quarter_turns % 4):
            x, y = y, -x
        turned[..., 0], turned[..., 1] = x, y
        return turned


UPRIGHT = Orientation()


def orientation_of(matrix: bytes | None) -> Orientation | None:
    """As ffmpeg's ``configure_input_video_filter`` reads it.

    Args:
        matrix: 9 int32, row by row; None: upright.

    Returns:
        None for angles that are no multiple of 90 degrees.
    """
    if matrix is None:
        return UPRIGHT
    m = np.frombuffer(matrix, np.int32, 9).astype(float)
    if not math.hypot(m[0], m[3]) or not math.hypot(m[1], m[4]):
        return UPRIGHT  # no angle: left as it is
    angle = math.degrees(math.atan2(m[1] / math.hypot(m[1], m[4]), m[0] / math.hypot(m[0], m[3])))
    theta = round(angle) % 360
    if theta == 90:  # transpose=clock, or cclock_flip: mirrored along the diagonal
        return Orientation(False, m[3] > 0, 3)
    if theta == 180:
        return Orientation(bool(m[0] < 0), bool(m[4] < 0), 0)
    if theta == 270:  # transpose=cclock, or clock_flip: along the other one
        return Orientation(False, m[3] < 0, 1)
    if theta:
        return None
    return Orientation(False, bool(m[4] < 0), 0)
