"""A picture of what a network sees of one compressed clip, and what it makes of it.

Rows: I-frames, motion as arrows on the frame that it belongs to, motion as flow colours, optical
flow, residuals, what each macroblock cost in bits, as far as they are there; one column per
segment; at the right, as far as there are any, the flow colour wheel and the highest class scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torchvision.utils import flow_to_image

_ARROWS_PER_ROW = 14
_DPI = 110
_COLUMN_INCHES = 2.35
"""Of a picture with what stands between two; the picture has at least 240 pixels."""

_SCORES_INCHES, _WHEEL_INCHES = 2.6, 1.3


@dataclass
class ClassScores:
    """The highest class scores of one stream, or of their fusion."""

    name: str
    """Whose scores: ``'fused'``, ``'i_stream'``, ..."""
    classes: list[str]
    """Names of the highest-scoring classes, best first."""
    scores: list[float]
    """Their scores, 0 to 1."""


@dataclass
class ClipView:
    """S segments of one clip as the network gets them, in units that people read."""

    title: str
    """File, label, position in the data set."""
    iframes: np.ndarray | None = None
    """[S, H, W, 3] uint8, RGB."""
    motion: np.ndarray | None = None
    """[S, H, W, 2] float32: pixels of this size, x right and y down."""
    flow: np.ndarray | None = None
    """[S, H, W, 2] float32: optical flow, where a teacher needs it; like ``motion``."""
    rgb: np.ndarray | None = None
    """[S, H, W, 3] uint8: the frames that motion and residual belong to, under the arrows."""
    residual: np.ndarray | None = None
    """[S, H, W, 3] int16, RGB, -255 to 255."""
    bits: np.ndarray | None = None
    """[S, h, w] int: of each macroblock of the whole frame, neither cropped nor flipped."""
    iframe_captions: Sequence[str] = ()
    """[S]: under each I-frame."""
    motion_captions: Sequence[str] = ()
    """[S]: under each motion field."""
    label: str | None = None
    """Name of the true class, to be marked among the scores."""
    predictions: list[ClassScores] = field(default_factory=list)
    """One block of bars for each, in this order."""
    full_pixels: float | None = None
    """Length of a motion vector that has full colour. None: see :func:`full_length`."""


def full_length(motion: np.ndarray) -> float:
    """The length in pixels to give full colour: the 99th percentile, or the longest if that is 0.

    Args:
        motion: [..., 2] float32, pixels.
    """
    length = np.linalg.norm(motion, axis=-1)
    return float(np.percentile(length, 99)) or float(length.max())


def flow_colours(motion: np.ndarray, *, full: float | None = None) -> tuple[np.ndarray, float]:
    """Direction as hue, length as saturation: the flow colour wheel, one scale for all fields.

    Args:
        motion: [S, H, W, 2] float32, pixels.
        full: Length that has full colour; longer ones are drawn likewise. None: that of
            :func:`full_length`, so that a few wild vectors do not bleach the rest.

    Returns:
        [S, H, W, 3] uint8, and that length in pixels.
    """
    length = np.linalg.norm(motion, axis=-1, keepdims=True)
    if full is None:
        full = full_length(motion)
    shown = motion * np.minimum(1, full / np.maximum(length, 1e-6))
    # flow_to_image scales by the longest vector that it is given: one more of full length
    scale = np.broadcast_to(np.array([full, 0], np.float32), (len(shown), *shown.shape[1:2], 1, 2))
    scaled = np.concatenate([shown.astype(np.float32), scale], axis=2)
    image = flow_to_image(torch.from_numpy(scaled).permute(0, 3, 1, 2))[..., :-1]
    return image.permute(0, 2, 3, 1).numpy(), full


def bit_colours(bits: np.ndarray) -> np.ndarray:
    """Bits of macroblocks from black (none) over red to white (most), in steps of logarithms.

    Args:
        bits: [S, h, w], not negative. One scale for all S.

    Returns:
        [S, h, w, 3] uint8.
    """
    height = np.log1p(bits) / max(float(np.log1p(bits.max())), 1e-6)
    return (colormaps["inferno"](height)[..., :3] * 255).round().astype(np.uint8)


def arrow_grid(motion: np.ndarray, *, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Motion at the middle of each cell of a regular grid.

    Args:
        motion: [H, W, 2], pixels.
        step: side of a cell, pixels.

    Returns:
        [N, 2] positions (x, y) and [N, 2] vectors, of cells whose middle lies in the image.
    """
    height, width = motion.shape[:2]
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step].reshape(2, -1)
    return np.stack([x, y], axis=1), motion[y, x]


def draw_clip(view: ClipView) -> Figure:
    """Draw a clip; save it with ``figure.savefig(path)``.

    Raises:
        ValueError: if the view has nothing to draw.
    """
    rows = _rows(view)
    if not rows:
        raise ValueError(f"{view.title}: no modality to draw")
    num_columns, height, width = rows[0].images.shape[:3]
    row_inches = [
        _COLUMN_INCHES * height / width + (0.22 if len(row.captions) else 0.05) for row in rows
    ]
    has_wheels = any(row.wheel_pixels is not None for row in rows)
    side = _SCORES_INCHES if view.predictions else _WHEEL_INCHES if has_wheels else 0
    inches = num_columns * _COLUMN_INCHES + side + 0.5, sum(row_inches) + 0.4
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    figure = Figure(figsize=inches, dpi=_DPI, layout=engine)
    figure.suptitle(view.title, fontsize=10, x=0.01, ha="left")
    grid = figure.add_gridspec(
        len(rows),
        num_columns + bool(side),
        width_ratios=[_COLUMN_INCHES] * num_columns + [side] * bool(side),
        height_ratios=row_inches,
    )
    for row_index, row in enumerate(rows):
        for column, image in enumerate(row.images):
            axes = figure.add_subplot(grid[row_index, column])
            # a grid of the codec's cells is a small picture: its arrows lie on a larger one
            size = image.shape if row.arrows is None else row.arrows.shape[1:]
            extent = (-0.5, size[1] - 0.5, size[0] - 0.5, -0.5)
            axes.imshow(image, interpolation="nearest", extent=extent)
            axes.set_xticks([])
            axes.set_yticks([])
            if column < len(row.captions):
                axes.set_xlabel(row.captions[column], fontsize=7, labelpad=2)
            if column == 0:
                axes.set_ylabel(row.name, fontsize=8)
            if row.arrows is not None:
                _draw_arrows(axes, row.arrows[column], magnify=row.magnify)
    _draw_side(figure, grid, rows, view)
    return figure


@dataclass
class _Row:
    """One row of the picture."""

    name: str
    images: np.ndarray  # [S, H, W, 3] uint8
    captions: Sequence[str] = ()
    arrows: np.ndarray | None = None  # [S, H, W, 2], pixels
    magnify: int = 1
    wheel_pixels: float | None = None  # vectors of this length have full colour


def _rows(view: ClipView) -> list[_Row]:
    rows = []
    if view.iframes is not None:
        rows.append(_Row("I-frame", view.iframes, view.iframe_captions))
    if view.motion is not None:
        background = np.full((*view.motion.shape[:3], 3), 60, np.uint8)
        if view.rgb is not None:
            background = (view.rgb.mean(axis=-1, keepdims=True) * 0.55).astype(np.uint8)
            background = background.repeat(3, axis=-1)
        colours, full = flow_colours(view.motion, full=view.full_pixels)
        magnify = _magnification(full, step=_arrow_step(view.motion))
        name = "motion, arrows" + (f" x{magnify}" if magnify != 1 else "")
        rows.append(_Row(name, background, view.motion_captions, view.motion, magnify))
        rows.append(_Row("motion, colours", colours, wheel_pixels=full))
    if view.flow is not None:
        colours, full = flow_colours(view.flow)
        captions = () if view.motion is not None else view.motion_captions
        rows.append(_Row("optical flow", colours, captions, wheel_pixels=full))
    if view.residual is not None:
        grey = np.clip(view.residual + 128, 0, 255).astype(np.uint8)
        captions = view.motion_captions if view.motion is None and view.flow is None else ()
        rows.append(_Row("residual", grey, captions))
    if view.bits is not None:
        sums = [f"{bits.sum() / 8 / 1024:.1f} KiB" for bits in view.bits]
        rows.append(_Row(f"bits, 0 to {view.bits.max()}", bit_colours(view.bits), sums))
    return rows


def _arrow_step(motion: np.ndarray) -> int:
    return max(motion.shape[-2] // _ARROWS_PER_ROW, 4)


def _magnification(full: float, *, step: int) -> int:
    """By how much to lengthen arrows so that one of full colour spans one and a half cells."""
    factor = 1.5 * step / max(full, 1e-6)
    steps = [1, 2, 3, 5, 10]
    return max((step for step in steps if step <= factor), default=1)


def _draw_arrows(axes: Axes, motion: np.ndarray, *, magnify: int) -> None:
    step = _arrow_step(motion)
    position, vector = arrow_grid(motion, step=step)
    moves = np.linalg.norm(vector, axis=1) * magnify > step / 5
    axes.scatter(position[~moves, 0], position[~moves, 1], s=0.6, color="#ffffff60", linewidths=0)
    axes.quiver(
        *position[moves].T,
        *vector[moves].T * magnify,
        angles="xy",
        scale_units="xy",
        scale=1,
        units="xy",
        width=step / 9,
        headwidth=3.5,
        headlength=4,
        headaxislength=3.6,
        color="#ffd84d",
        zorder=3,
    )
    axes.set_xlim(-0.5, motion.shape[1] - 0.5)
    axes.set_ylim(motion.shape[0] - 0.5, -0.5)


def _draw_side(figure: Figure, grid: GridSpec, rows: list[_Row], view: ClipView) -> None:
    """A colour wheel beside each row that needs one, the scores beside the first others."""
    wheels = [index for index, row in enumerate(rows) if row.wheel_pixels is not None]
    free = [index for index in range(len(rows)) if index not in wheels]
    if not (view.predictions or wheels):
        return
    if view.predictions:
        start = free[0] if free else 0  # a lone row of flow has its wheel replaced
        stop = min((index for index in wheels if index > start), default=len(rows))
        _draw_scores(figure.add_subplot(grid[start:stop, -1]), view)
    if free or not view.predictions:
        for index in wheels:
            _draw_wheel(figure.add_subplot(grid[index, -1]), rows[index].wheel_pixels or 0)


def _draw_wheel(axes: Axes, full: float) -> None:
    y, x = np.mgrid[-1:1:161j, -1:1:161j]
    wheel = np.stack([x, y], axis=-1)
    inside = np.linalg.norm(wheel, axis=-1, keepdims=True) <= 1
    image = flow_colours(np.where(inside, wheel, 0)[None].astype(np.float32))[0][0]
    axes.imshow(image)
    axes.set_axis_off()
    axes.set_title(f"rim: {full:.3g} pixels\nor more", fontsize=7, pad=2)


def _draw_scores(axes: Axes, view: ClipView) -> None:
    place = 0.0
    for block in view.predictions:
        axes.text(0, place, block.name, fontsize=8, weight="bold", va="center")
        for name, score in zip(block.classes, block.scores, strict=True):
            place += 1
            colour = "#2a9d4a" if name == view.label else "#8899aa"
            axes.barh(place, max(score, 0.004), height=0.8, color=colour, alpha=0.55)
            axes.text(0.02, place, f"{name}  {score:.2f}", fontsize=7.5, va="center")
        place += 1.4
    axes.set_xlim(0, 1)
    axes.set_ylim(max(place, 14), -1)
    axes.set_axis_off()
