"""Results of compare_condensers.py: lines in a CSV, a Markdown table and a plot of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from mmcondense_preparation.settings import write_aside

COLUMNS = ("row", "seed", "top1", "gflops", "bytes", "frames", "epochs", "videos", "commit")
Line = dict[str, Any]
MARKERS = "os^DvP*X"


def read(path: Path) -> list[Line]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [
            {k: v if k in ("row", "commit") else float(v) for k, v in line.items()}
            for line in csv.DictReader(file)
        ]


def write(path: Path, lines: Sequence[Line]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(lines)
    write_aside(path, text.getvalue().encode())


def by_row(lines: Sequence[Line]) -> dict[str, list[Line]]:
    rows: dict[str, list[Line]] = {}
    for line in lines:
        rows.setdefault(line["row"], []).append(line)
    return rows


def table(lines: Sequence[Line], *, video_bytes: float) -> str:
    """A Markdown table, rows in the order of their first lines."""
    seeds = sorted({int(line["seed"]) for line in lines})
    heads = ["condenser", "frames", "GFLOPs", "bytes", *(f"seed {s}" for s in seeds), "mean top-1"]
    text = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row, of_row in by_row(lines).items():
        top1 = {int(line["seed"]): float(line["top1"]) for line in of_row}
        size = np.mean([float(line["bytes"]) for line in of_row])
        cells = [row, f"{float(of_row[0]['frames']):g}", f"{float(of_row[0]['gflops']):.3f}"]
        cells += [f"{size:.0f}", *(f"{top1[s]:.1f}" if s in top1 else "" for s in seeds)]
        text.append(f"| {' | '.join([*cells, f'{np.mean([*top1.values()]):.1f}'])} |")
    text.append(
        f"| {' | '.join(['the video', '', '', f'{video_bytes:.0f}', *('' for _ in seeds), ''])} |"
    )
    return "\n".join(text) + "\n"


def plot(lines: Sequence[Line], path: Path, *, video_bytes: float) -> None:
    """Mean accuracy, with its range over seeds, against multiply-adds and against bytes.

    Each row has its name beside its marker, so that nothing is told by colour alone.
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    units = dict(gflops="GFLOPs a video", bytes="bytes a video, JPEGs of quality 95")
    places: list[dict[str, tuple[float, float]]] = [{}, {}]
    for axis, place, (key, label) in zip(axes, places, units.items(), strict=True):
        for number, (row, of_row) in enumerate(by_row(lines).items()):
            top1 = np.array([float(line["top1"]) for line in of_row])
            x, y = np.mean([float(line[key]) for line in of_row]), top1.mean()
            reach = np.maximum([[y - top1.min()], [top1.max() - y]], 0)  # means are rounded
            look = dict(fmt=MARKERS[number % len(MARKERS)], color=f"C{number}", markersize=5)
            axis.errorbar(x, y, yerr=reach, capsize=3, **look)
            place[row] = float(x), float(y)
        axis.set(xlabel=label, xscale="log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
        axis.margins(x=0.12)
    axes[1].axvline(video_bytes, linestyle=":", color="gray")
    axes[1].annotate(
        "the video", (video_bytes, 0.5), xycoords=("data", "axes fraction"), rotation=90
    )
    axes[0].set_ylabel("top-1 (%)")
    figure.draw_without_rendering()  # from here on pixels are known
    for axis, place in zip(axes, places, strict=True):
        label_points(axis, place)
    picture = io.BytesIO()
    figure.savefig(picture, dpi=120, format=path.suffix[1:])
    write_aside(path, picture.getvalue())


_FONT_POINTS = 8
_SHIFTS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6)


def label_points(axes: Axes, points: dict[str, tuple[float, float]]) -> None:
    """Write each point's name beside it, where no other name or point is, with a line if far off.

    Args:
        axes: Laid out already.
        points: Name to place, in data units.
    """
    figure = axes.figure
    dots = figure.dpi / 72  # type: ignore[union-attr]
    high, gap = _FONT_POINTS * dots * 1.1, 7 * dots
    centres = {name: axes.transData.transform(point) for name, point in points.items()}
    taken = [(x - 4 * dots, y - 4 * dots, x + 4 * dots, y + 4 * dots) for x, y in centres.values()]
    left, _, right, _ = axes.bbox.extents
    for name, (x, y) in sorted(centres.items(), key=lambda item: -item[1][1]):
        wide = 0.62 * _FONT_POINTS * dots * len(name)
        boxes = []
        for shift in _SHIFTS:
            low = y - high / 2 + shift * high * 0.6
            boxes += [(x + gap, low, x + gap + wide, low + high)]
            boxes += [(x - gap - wide, low, x - gap, low + high)]
        inside = [box for box in boxes if left < box[0] and box[2] < right]
        free = [box for box in inside if not any(_overlap(box, other) for other in taken)]
        box = (free or inside or boxes)[0]
        taken.append(box)
        is_far = abs(box[1] + high / 2 - y) > high / 2
        axes.annotate(
            name,
            points[name],
            xytext=((box[0] - x) / dots, ((box[1] + box[3]) / 2 - y) / dots),
            textcoords="offset points",
            fontsize=_FONT_POINTS,
            va="center",
            arrowprops=dict(arrowstyle="-", linewidth=0.5, color="gray") if is_far else None,
        )


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether two boxes (left, low, right, high) share a point."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
