"""Numbers in; figures out, which say the same without colour, and their SVG for inside a page."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmcondense.evaluation.calibration import Reliability

from ..training_log import curves_of

_STYLES = ("-", "--", ":", "-.")
_MARKERS = "os^vDPX*"
_COLOURS = ("#1b5e9b", "#b5501c", "#2f7d32", "#6a3d9a")
_FONT = 8
_MOST_NUMBERS = 20  # classes up to which the cells of a confusion matrix have numbers

_PANELS = (
    ("loss", r"(\w+_)?loss(_\w+)?"),
    ("accuracy, validation", r"acc/.*(top1|mean1)"),
    ("learning rate", "lr"),
    ("seconds per iteration", "time|data_time"),
)
"""Titles, and which of the logged names belong below them."""


def draw_training(train: Sequence[dict], val: Sequence[dict]) -> Figure:
    """Losses, accuracies, learning rate and times over epochs: a panel for each that is logged.

    Args:
        train, val: Of :func:`~mmcondense.apis.training_log.read_log`; together not empty.
    """
    names = list(dict.fromkeys(name for entry in (*train, *val) for name in entry))
    panels = [
        (title, [name for name in names if re.fullmatch(pattern, name)])
        for title, pattern in _PANELS
    ]
    panels = [(title, found) for title, found in panels if found]
    columns = min(max(len(panels), 1), 2)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.6 * columns, 2.7 * max(rows, 1)), layout="constrained")
    axes = figure.subplots(max(rows, 1), columns, squeeze=False).ravel()
    for panel in axes[len(panels) :]:
        panel.set_axis_off()
    for panel, (title, found) in zip(axes, panels, strict=False):
        for number, name in enumerate(found):
            in_val = title.startswith("accuracy")
            curve = curves_of(name, train, val if in_val else [])[int(in_val)]
            _line(panel, curve, name.removeprefix("acc/"), number)
        panel.set_title(title, fontsize=_FONT + 1)
        panel.set_xlabel("epoch", fontsize=_FONT)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.legend(fontsize=_FONT - 1, frameon=False)
        _plain(panel)
    return figure


def _line(axes: Axes, curve: tuple[list[float], list[float]], label: str, number: int) -> None:
    few = len(curve[0]) <= 30  # more markers hide their line
    axes.plot(
        *curve,
        label=label,
        linewidth=1.2,
        linestyle=_STYLES[number % len(_STYLES)],
        marker=_MARKERS[number % len(_MARKERS)] if few else None,
        markersize=3.5,
        color=_COLOURS[number % len(_COLOURS)],
    )


def draw_confusion(matrix: np.ndarray, names: Sequence[str]) -> Figure:
    """Shares of each true class (rows), as grey, and counts while there is room for them.

    Args:
        matrix: [K, K] int.
        names: [K].
    """
    count = len(names)
    side = min(max(1.6 + 0.36 * count, 3.0), 9.0)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    if count <= _MOST_NUMBERS:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(
                    column, row, str(number), ha="center", va="center", color=colour, fontsize=_FONT
                )
    step = -(-count // 60)  # more names would lie on each other
    places = range(0, count, step)
    size = _FONT if count <= _MOST_NUMBERS else 5
    shown = [names[i] for i in places]
    axes.set_xticks(places, shown, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(places, shown, fontsize=size, parse_math=False)
    axes.set_xlabel("predicted", fontsize=_FONT)
    axes.set_ylabel("true", fontsize=_FONT)
    return figure


def draw_reliability(bins: Reliability) -> Figure:
    """Accuracy over confidence with the diagonal, and how many predictions each bar stands on."""
    figure = Figure(figsize=(4.2, 3.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    count = len(bins.counts)
    left, width = np.arange(count) / count, 1 / count
    style = dict(align="edge", edgecolor="black", linewidth=0.7)
    upper.bar(left, bins.accuracy, width, color="#c9d6e4", label="accuracy", **style)
    filled = bins.counts > 0
    upper.plot(
        bins.confidence[filled], bins.accuracy[filled], "ko", markersize=3, label="mean confidence"
    )
    upper.plot([0, 1], [0, 1], "k--", linewidth=0.8, label="calibrated")
    upper.set_ylim(0, 1.05)
    upper.set_ylabel("accuracy", fontsize=_FONT)
    upper.legend(fontsize=_FONT - 1, frameon=False, loc="upper left")
    upper.set_title(f"ECE {bins.error:.3f}", fontsize=_FONT + 1)
    lower.bar(left, bins.counts, width, color="#e6e6e6", **style)
    lower.set_ylabel("videos", fontsize=_FONT)
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.set_xlabel("confidence", fontsize=_FONT)
    lower.set_xlim(0, 1)
    for axes in (upper, lower):
        _plain(axes)
    return figure


def _plain(axes: Axes) -> None:
    axes.tick_params(labelsize=_FONT - 1)
    axes.spines[["top", "right"]].set_visible(False)


def svg_of(figure: Figure, label: str) -> str:
    """The figure as an ``<svg>`` element, without addresses of namespaces, which HTML knows.

    Args:
        figure: To draw.
        label: What it shows, for those who do not see it.
    """
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(file, format="svg", transparent=True)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
