"""A frame and its vectors in, the frame with arrows or flow colours on it out."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

STYLES = ("arrows", "colours")
ARROW_FRAMES = 4
"""An arrow is as long as what it stands for moves in this many frames."""

_SHORT_SIDE, _LONG_SIDE = 360, 1280  # of the picture: small clips are enlarged, large ones reduced
_ARROWS_ACROSS = 16  # the short side
_ARROW = (255, 216, 77)


def picture_size(width: int, height: int) -> tuple[int, int]:
    """Width and height at which a video is drawn: even, and large enough to be looked at."""
    scale = max(_SHORT_SIDE / min(width, height), 1)
    scale = min(scale, _LONG_SIDE / max(width, height))
    return max(round(width * scale / 2), 8) * 2, max(round(height * scale / 2), 8) * 2


def full_colour_pixels(width: int, height: int) -> float:
    """Motion that has full colour, in pixels of the video per frame: the same in all frames."""
    return max(width, height) / 64


def draw_motion(
    rgb: np.ndarray, motion: np.ndarray | None, *, cell: int, style: str = "arrows"
) -> Image.Image:
    """Draw a frame at :func:`picture_size`, and what moves in it.

    Args:
        rgb: [H, W, 3] uint8.
        motion: [ceil(H/c), ceil(W/c), 2], pixels per frame, x right and y down; None: none is
            known, and none is drawn.
        cell: c, pixels.
        style: ``'arrows'``: each ends where the content is now, and is as long as its way in
            :data:`ARROW_FRAMES` frames. ``'colours'``: direction as hue, see :func:`flow_colours`.

    Raises:
        ValueError: For another style.
    """
    if style not in STYLES:
        raise ValueError(f"style={style!r}, allowed is one of {STYLES}")
    height, width = rgb.shape[:2]
    size = picture_size(width, height)
    image = Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC)
    if motion is None:
        return image
    if style == "arrows":
        _draw_arrows(image, motion, cell=cell, scale=size[0] / width)
        return image
    colours = flow_colours(motion, full=full_colour_pixels(width, height))
    field = Image.fromarray(colours).resize(
        (motion.shape[1] * cell, motion.shape[0] * cell), Image.Resampling.NEAREST
    )
    field = field.crop((0, 0, width, height)).resize(size, Image.Resampling.NEAREST)
    grey = image.convert("L").convert("RGB")
    return Image.blend(grey, field, 0.5)


def flow_colours(motion: np.ndarray, *, full: float) -> np.ndarray:
    """Direction as hue (right red, down yellow-green, left cyan, up violet), length as saturation.

    Args:
        motion: [..., 2], x right and y down.
        full: Length that has full colour; longer ones have it too. What stands still is white.

    Returns:
        [..., 3] uint8.
    """
    x, y = motion[..., 0], motion[..., 1]
    hue = np.arctan2(y, x) / (2 * np.pi) % 1  # 0 to 1
    saturation = np.minimum(np.hypot(x, y) / full, 1)[..., None]
    pure = np.clip(np.abs((hue[..., None] + np.array([0, 2, 1]) / 3) % 1 * 6 - 3) - 1, 0, 1)
    return (255 * (1 - saturation * (1 - pure))).round().astype(np.uint8)


def arrow_vectors(motion: np.ndarray, *, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean motion of squares of cells.

    Args:
        motion: [h, w, 2].
        step: Side of a square, cells. Squares that do not fit are left out, as are those without
            motion.

    Returns:
        [N, 2] middles (x, y), in cells, and [N, 2] vectors.
    """
    rows, columns = motion.shape[0] // step, motion.shape[1] // step
    squares = motion[: rows * step, : columns * step].reshape(rows, step, columns, step, 2)
    means = squares.mean(axis=(1, 3)).reshape(-1, 2)
    y, x = np.mgrid[:rows, :columns].reshape(2, -1)
    middles = (np.stack([x, y], axis=1) + 0.5) * step
    moves = np.abs(means).sum(axis=1) > 0
    return middles[moves], means[moves]


def _draw_arrows(image: Image.Image, motion: np.ndarray, *, cell: int, scale: float) -> None:
    step = max(round(min(motion.shape[:2]) / _ARROWS_ACROSS), 1)
    middles, vectors = arrow_vectors(motion, step=step)
    heads = middles * cell * scale
    ways = vectors * scale * ARROW_FRAMES
    draw = ImageDraw.Draw(image)
    for (x, y), (dx, dy) in zip(heads.tolist(), ways.tolist(), strict=True):
        length = float(np.hypot(dx, dy))
        if length < 2:
            continue
        draw.line((x - dx, y - dy, x, y), fill=_ARROW, width=2)
        u, v, head = dx / length, dy / length, min(length, 7.0)
        back_x, back_y = x - u * head, y - v * head
        side = head / 2
        corners = [(back_x - v * side, back_y + u * side), (back_x + v * side, back_y - u * side)]
        draw.polygon([(x, y), *corners], fill=_ARROW)
