"""A request in, an empty clip out, with all its large arrays in one block of memory.

One block, since the C library keeps a freed block of up to 32 MB for the next clip. Of several
blocks it returns some to the system and gets them back page by page, which costs a quarter of the
time that a clip takes to read.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from .clip import CompressedClip
from .limits import Limits
from .request import Request

_ALIGNMENT = 64  # bytes


def allocate_clip(
    request: Request,
    *,
    frames: np.ndarray,
    iframes: np.ndarray,
    keyframes: np.ndarray,
    height: int,
    width: int,
    cell: int,
    out: CompressedClip | None,
    limits: Limits,
    path: str,
) -> CompressedClip:
    """A clip of the stored (not yet upright) size.

    Args:
        request: What is wanted.
        frames, iframes: [S], [K] display indices.
        keyframes: [G] display indices of all key frames.
        height, width: Frame size, pixels.
        cell: Pixels of the codec's smallest block, for ``layout='cells'``.
        out: A clip whose memory may be overwritten.
        limits: How many frames it may have, and how many bytes.
        path: The video, for errors.

    Returns:
        The clip. ``iframes``, ``rgb``, ``motion`` and ``residual`` hold anything, all else zeros.

    Raises:
        LimitError: If it would be larger.
    """
    limits.check("frames", max(len(frames), len(iframes)), path=path)
    wants = request.modalities.__contains__
    count, vector_type = len(frames), np.float32 if request.precision == "subpixel" else np.int16
    # [N, height, width, channels] of some type, for each modality
    layouts: dict[str, tuple[int, int, type]] = {
        "iframe": (len(iframes), 3, np.uint8),
        "rgb": (count, 3, np.uint8),
        "motion": (count, 2, vector_type),
        "residual": (count, 3, np.int16),
        "motion_past": (count, 2, vector_type),
        "motion_future": (count, 2, vector_type),
    }
    wanted: Layouts = {
        name: ((number, height, width, channels), np.dtype(dtype))
        for name, (number, channels, dtype) in layouts.items()
        if wants(name)
    }
    if request.layout == "cells" and "motion" in wanted:
        grid = -(-height // cell), -(-width // cell)
        wanted["motion"] = ((count, *grid, 2), np.dtype(vector_type))
    limits.check("bytes", _size(wanted, request, count * height * width), path=path)
    pictures = {} if out is None else _overwritten(out, wanted)
    valid = {}
    for direction in ("past", "future"):
        name = f"motion_{direction}"
        if wants(name):
            if name in pictures:
                pictures[name][:] = 0
            else:  # zeros that take no memory before they are written to: all may be damaged
                pictures[name] = np.zeros(*wanted[name])
            valid[direction] = np.zeros((count, height, width), np.bool_)
    pictures |= _in_one_block({name: wanted[name] for name in wanted.keys() - pictures.keys()})
    real = set(keyframes.tolist())
    return CompressedClip(
        frame_inds=frames,
        frame_types=["?"] * count,
        pts_seconds=np.zeros(count),
        gop_inds=np.searchsorted(keyframes, frames, side="right") - 1,
        iframe_inds=iframes,
        iframe_is_virtual=np.array([display not in real for display in iframes.tolist()], bool),
        reference=request.reference,
        precision=request.precision,
        reference_distance=np.zeros(count, np.float32),
        future_distance=np.zeros(count, np.float32),
        provenance=["none"] * count,
        damaged=np.zeros(count, bool),
        iframe_damaged=np.zeros(len(iframes), bool),
        iframes=pictures.get("iframe"),
        motion=pictures.get("motion"),
        residual=pictures.get("residual"),
        rgb=pictures.get("rgb"),
        motion_past=pictures.get("motion_past"),
        motion_future=pictures.get("motion_future"),
        valid_past=valid.get("past"),
        valid_future=valid.get("future"),
        cell=cell if request.layout == "cells" else 0,
        cells=[None] * count if wants("cells") else None,
    )


Layouts: TypeAlias = "dict[str, tuple[tuple[int, ...], np.dtype]]"


def _size(wanted: Layouts, request: Request, num_pixels: int) -> int:
    """Bytes of a clip."""
    size = sum(math.prod(shape) * dtype.itemsize for shape, dtype in wanted.values())
    a_pixel = sum(name in request.modalities for name in ("motion_past", "motion_future"))
    if "cells" in request.modalities:
        a_pixel += 1  # 10 bytes a cell of 4x4 pixels
    return size + a_pixel * num_pixels


def _overwritten(clip: CompressedClip, wanted: Layouts) -> dict[str, np.ndarray]:
    """The arrays of a clip, or their beginnings, as far as they have these shapes and types."""
    found = {}
    for name, (shape, dtype) in wanted.items():
        array = getattr(clip, "iframes" if name == "iframe" else name)
        if (
            array is not None
            and array.dtype == dtype
            and array.shape[1:] == shape[1:]
            and len(array) >= shape[0]
            and array.flags.c_contiguous
            and array.flags.writeable
        ):
            found[name] = array[: shape[0]]
    return found


def _in_one_block(wanted: Layouts) -> dict[str, np.ndarray]:
    """Uninitialised arrays of these shapes and types."""
    places, end = {}, 0
    for name, (shape, dtype) in wanted.items():
        size = int(np.prod(shape)) * dtype.itemsize
        places[name] = slice(end, end + size)
        end += -(-size // _ALIGNMENT) * _ALIGNMENT
    block = np.empty(end, np.uint8)
    return {
        name: block[places[name]].view(dtype).reshape(shape)
        for name, (shape, dtype) in wanted.items()
    }
