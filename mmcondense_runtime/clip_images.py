"""A clip of the reader in, one modality of it as images out, such as pipelines resize and flip."""

from __future__ import annotations

import numpy as np

from compressedvideo import CompressedClip

VECTORS = ("motion", "motion_past", "motion_future")

_MACROBLOCK = 16


def modality_images(
    clip: CompressedClip, modality: str, *, frame_size: tuple[int, int]
) -> np.ndarray:
    """The images of one modality.

    In cells (a clip read with ``layout='cells'``) vectors count in cells, not in pixels: the grid
    is a picture made smaller by ``clip.cell``, and so is its motion. What follows then treats it as
    any other picture, whatever the size of the codec's cells.

    Args:
        clip: As read.
        modality: ``'iframe'``, ``'rgb'``, ``'residual'``, a direction of motion, or ``'bits'``.
        frame_size: Height and width of the video, pixels.

    Returns:
        [N, H, W, C]. Pictures and residuals as they are; vectors float32; ``'bits'`` float32 with
        two channels, bits and coefficients that are not 0 of each 16x16 pixels, at every pixel or
        cell of the block that they are of. Blocks of another size (HEVC's coding tree units) count
        by their share.
    """
    if modality == "iframe":
        images = clip.iframes
    elif modality == "bits":
        images = _block_images(clip, frame_size)
    else:
        images = getattr(clip, modality)
    assert images is not None, f"the codec returned no {modality}"
    if modality in VECTORS:
        images = images.astype(np.float32, copy=False)  # whole pixels too: resizing rescales them
        if clip.cell:
            images = images / np.float32(clip.cell)
    return images


def _block_images(clip: CompressedClip, frame_size: tuple[int, int]) -> np.ndarray:
    assert clip.bits is not None
    assert clip.coefficients is not None
    step = max(clip.cell, 1)  # pixels of an image's pixel
    height, width = (-(-side // step) for side in frame_size)
    blocks = np.stack([clip.bits, clip.coefficients], axis=-1).astype(np.float32)
    blocks *= (_MACROBLOCK / clip.bits_block) ** 2
    times = clip.bits_block // step
    return blocks.repeat(times, axis=1).repeat(times, axis=2)[:, :height, :width]
