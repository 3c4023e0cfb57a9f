"""Motion, residuals and bits as the bytes, or small integers, that networks are fed with."""

from __future__ import annotations

import numpy as np

STEPS_PER_PIXEL = 64
"""What 'int16' counts motion in: fine enough for all codecs' vectors, and wide enough for frames
of 512 pixels at least."""


def encode_motion(motion: np.ndarray, *, bound: float = 20) -> np.ndarray:
    """CoViAR's byte for a vector component: ``clip(trunc(v * 127.5 / bound) + 128, 0, 255)``.

    Args:
        motion: any shape, pixels.
        bound: pixels that reach the end of the range. CoViAR's is 20.

    Returns:
        Same shape, uint8. 128 is no motion.
    """
    coded = np.asarray(motion * (127.5 / bound))
    np.trunc(coded, out=coded)
    coded += 128
    return np.clip(coded, 0, 255, out=coded).astype(np.uint8)


def encode_residual(residual: np.ndarray) -> np.ndarray:
    """CoViAR's byte for a residual: ``clip(r + 128, 0, 255)``.

    Args:
        residual: any shape, int16, -255 to 255.

    Returns:
        Same shape, uint8. 128 is no difference; differences beyond ±128 saturate.
    """
    return np.clip(residual + 128, 0, 255).astype(np.uint8)


def encode_bits(counts: np.ndarray) -> np.ndarray:
    """A byte for bits or coefficients of a macroblock: ``round(16 log2(1 + n))``, at most 255.

    16 steps to each doubling: 0 stays 0, 1 is 16, 15 is 64, 255 is 128, and 62,757 saturates.

    Args:
        counts: any shape, from 0.

    Returns:
        Same shape, uint8.
    """
    coded = np.log2(1 + np.asarray(counts, np.float32))
    coded *= 16
    return np.minimum(np.rint(coded, out=coded), 255, out=coded).astype(np.uint8)


def quantize_motion(motion: np.ndarray) -> np.ndarray:
    """Pixels in whole steps of 1/64, to the nearest; exact for a codec's own vectors, unresized.

    Args:
        motion: any shape, pixels; beyond ±511.98 they saturate.

    Returns:
        Same shape, int16.
    """
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(motion * STEPS_PER_PIXEL), limits.min, limits.max).astype(np.int16)
