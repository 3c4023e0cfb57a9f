"""Trainings and costs of real_video.py in; a Markdown table, results.json and a plot out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from mmcondense_preparation.settings import write_aside

OURS, OTHERS = "o", "s"


def report(out: Path, rows: Mapping[str, Any], costs: Mapping[str, dict]) -> str:
    """Write ``results.json``, ``table.md`` and ``plot.png`` of what is there so far.

    Args:
        out: Folder with ``ROW/seedN/trained.json``.
        rows: real_video.ROWS.
        costs: By row, as row_costs.py has them; rows that were not measured stay blank.

    Returns:
        The table.
    """
    results = {row: _result(out, row, rows[row], costs.get(row, {})) for row in rows}
    results = {row: result for row, result in results.items() if result}
    write_aside(out / "results.json", json.dumps(results, indent=1).encode())
    text = _table(results)
    write_aside(out / "table.md", text.encode())
    if any(result["top1"] and "read_ms" in result for result in results.values()):
        _plot(results, out / "plot.png")
    return text


def _result(out: Path, name: str, row: Any, cost: dict) -> dict[str, Any]:
    folder = out / (row.trained or name)
    done = [json.loads(path.read_text()) for path in sorted(folder.glob("seed*/trained.json"))]
    if not cost and (row.exported or not done):  # exported, it is the same but for its cost
        return {}
    seconds = [line["cpu_seconds"] for line in done if row.trained is None]
    return dict(
        cost,
        said=row.said,
        ours=row.ours,
        top1={str(line["seed"]): round(line[row.metric], 1) for line in done},
        commits=sorted({line["commit"] for line in done}),
        cpu_seconds=round(np.mean(seconds)) if seconds else None,
    )


def _table(results: Mapping[str, dict]) -> str:
    seeds = sorted({seed for result in results.values() for seed in result["top1"]})
    heads = ["row", *(f"seed {seed}" for seed in seeds), "mean top-1", "CPU ms a video"]
    heads += ["of it reading", "KB read", "GMACs", "M parameters", "training, CPU min"]
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for result in results.values():
        top1 = result["top1"]
        cells = [result["said"], *(f"{top1[s]:.1f}" if s in top1 else "" for s in seeds)]
        cells.append(f"{np.mean([*top1.values()]):.1f}" if top1 else "")
        if "read_ms" in result:
            cells.append(f"{result['read_ms'] + result['network_ms']:.1f}")
            cells += [f"{result['read_ms']:.1f}", f"{result['bytes'] / 1e3:.0f}"]
            cells += [f"{result['gmacs']:.3f}", f"{result['mparams']:.2f}"]
        else:
            cells += [""] * 5
        seconds = result["cpu_seconds"]
        cells.append("" if seconds is None else f"{seconds / 60:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _plot(results: Mapping[str, dict], path: Path) -> None:
    """Mean accuracy, with its range over seeds, against CPU milliseconds of a video."""
    height = max(6, 1 + 0.2 * len(results))  # the legend's lines
    figure = Figure(figsize=(12, height), layout="constrained")
    axis = figure.subplots()
    for number, result in enumerate(results.values(), start=1):
        if not result["top1"] or "read_ms" not in result:
            continue
        top1 = np.array([*result["top1"].values()])
        x, y = result["read_ms"] + result["network_ms"], top1.mean()
        reach = np.maximum([[y - top1.min()], [top1.max() - y]], 0)  # means are rounded
        look: dict[str, Any] = dict(fmt=OURS if result["ours"] else OTHERS, capsize=3, markersize=7)
        colour = "C0" if result["ours"] else "C1"
        label = f"{number}  {result['said']}"
        axis.errorbar(x, y, yerr=reach, color=colour, label=label, **look)
        axis.annotate(str(number), (x, y), xytext=(6, 5), textcoords="offset points")
    axis.set(xscale="log", xlabel="CPU milliseconds a video, from file to scores, one core")
    axis.set_ylabel("top-1 (%)")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(alpha=0.3, which="both")
    legend = figure.legend(loc="outside right center", handlelength=1, fontsize="small")
    legend.set_title("round: of this package\nsquare: RGB or flow")
    picture = BytesIO()
    figure.savefig(picture, dpi=120)
    write_aside(path, picture.getvalue())
