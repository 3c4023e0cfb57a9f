"""A few frames of a GOP in, one picture of all that the file says of them out.

A column for each frame; from above: which pictures it is predicted from, the decoded frame, motion
vectors, residual, and where its bits went.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..clip import CompressedClip
from ..errors import NoMotionVectorsError
from ..video import CompressedVideo
from .overlay import flow_colours, full_colour_pixels

TILE = 240
"""Pixels of a tile's width, at least."""

_GAP, _LABELS, _ARCS, _HEAD = 6, 78, 84, 24
_BACKGROUND, _TEXT, _FAINT = (24, 26, 30), (235, 235, 235), (110, 115, 125)
_KINDS = {"I": (255, 120, 90), "P": (255, 216, 77), "B": (120, 180, 255)}
_RESIDUAL_GAIN = 4
"""Residuals are small: they are drawn so many times stronger, around grey."""


def draw_gop(video: CompressedVideo, frames: Sequence[int]) -> Image.Image:
    """Draw some frames side by side.

    Args:
        video: Open.
        frames: Display indices, ascending. Motion (pixels per frame) and residual are those against
            the pictures that the codec predicted from.

    Raises:
        CodecError: If one cannot be read. A codec without vectors is none: their rows are left out.
        ValueError: For no frames.
    """
    if not len(frames):
        raise ValueError("frames is empty")
    clip = _read(video, frames)
    rows = _rows(clip, video)
    height, width = _tile_size(video)
    size = (
        _LABELS + len(frames) * (width + _GAP),
        _ARCS + _HEAD + len(rows) * (height + _GAP),
    )
    picture = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for column in range(len(frames)):
        left = _LABELS + column * (width + _GAP)
        kind = clip.frame_types[column]
        spent = "" if clip.bits is None else f", {clip.bits[column].sum() / 8000:.2g} kB"
        text = f"{int(clip.frame_inds[column])} {kind}{spent}"
        draw.text((left, _ARCS + 3), text, _KINDS.get(kind, _TEXT), _font(15))
        for number, (_, images) in enumerate(rows):
            tile = Image.fromarray(images[column]).resize((width, height), Image.Resampling.NEAREST)
            picture.paste(tile, (left, _ARCS + _HEAD + number * (height + _GAP)))
    for number, (label, _) in enumerate(rows):
        top = _ARCS + _HEAD + number * (height + _GAP)
        draw.multiline_text((6, top + 4), label, _FAINT, _font(13))
    _draw_references(draw, clip, width=width)
    return picture


def _read(video: CompressedVideo, frames: Sequence[int]) -> CompressedClip:
    """The frames with whatever the codec has of them."""
    for modalities in (
        ("rgb", "motion", "residual", "cells", "bits"),
        ("rgb", "motion", "residual", "cells"),
        ("rgb",),
    ):
        try:
            return video.read(frames, modalities=modalities, per_frame=True)
        except NoMotionVectorsError:
            continue
    raise AssertionError("pictures alone need no vectors")


def _rows(clip: CompressedClip, video: CompressedVideo) -> list[tuple[str, np.ndarray]]:
    """Labels, and [S, h, w, 3] uint8 images."""
    assert clip.rgb is not None
    rows = [("frame", clip.rgb)]
    if clip.motion is not None:
        full = full_colour_pixels(video.width, video.height)
        rows.append(
            (
                f"motion\na frame,\nfull\ncolour:\n{full:.2g} px",
                flow_colours(clip.motion, full=full),
            )
        )
    if clip.residual is not None:
        strong = np.clip(clip.residual.astype(np.int32) * _RESIDUAL_GAIN + 128, 0, 255)
        rows.append((f"residual,\n{_RESIDUAL_GAIN} times", strong.astype(np.uint8)))
    if clip.bits is not None:
        rows.append((f"bits per\n{clip.bits_block}x{clip.bits_block},\nlog", _heat(clip, video)))
    return rows


def _heat(clip: CompressedClip, video: CompressedVideo) -> np.ndarray:
    """Bits, one scale for all frames, on the grid of pixels."""
    assert clip.bits is not None
    block = clip.bits_block
    strength = np.log1p(clip.bits.clip(min=0))
    strength = strength / max(float(strength.max()), 1e-6)
    fire = np.stack([strength * 3, strength * 3 - 1, strength * 3 - 2], axis=-1).clip(0, 1)
    grid = (255 * fire).round().astype(np.uint8)
    return grid.repeat(block, 1).repeat(block, 2)[:, : video.height, : video.width]


def _tile_size(video: CompressedVideo) -> tuple[int, int]:
    """Height and width: whole multiples of small videos, so that pixels stay visible."""
    width = TILE if video.width > TILE else video.width * -(-TILE // video.width)
    return max(round(video.height * width / video.width), 1), width


def _draw_references(draw: ImageDraw.ImageDraw, clip: CompressedClip, *, width: int) -> None:
    """An arrow from each picture that a frame is predicted from, if it is in the strip."""
    columns = {int(display): column for column, display in enumerate(clip.frame_inds.tolist())}
    for display, column in columns.items():
        cells = clip.cells[column] if clip.cells is not None else None
        if cells is None:
            continue
        used = {cells.pictures[slot] for slot in np.unique(cells.slots) if slot != 255}
        for reference in sorted(used & columns.keys()):
            begin, end = (
                _LABELS + c * (width + _GAP) + width // 2 for c in (columns[reference], column)
            )
            rise = min(14 + 14 * abs(columns[reference] - column), _ARCS - 8)
            colour = _KINDS["P" if reference < display else "B"]
            box = (min(begin, end), _ARCS - rise, max(begin, end), _ARCS + rise)
            draw.arc(box, 180, 360, fill=colour, width=2)
            draw.polygon([(end, _ARCS), (end - 5, _ARCS - 9), (end + 5, _ARCS - 9)], fill=colour)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
