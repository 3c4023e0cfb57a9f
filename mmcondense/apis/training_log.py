"""The work dir of a training in; its logged numbers, its config and its environment out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

Curve = tuple[list[float], list[float]]
"""Epochs and values."""


def read_log(work_dir: Path) -> tuple[list[dict], list[dict]]:
    """Training and validation entries of the scalars.json of all runs, in their order.

    A line that is still being written is left out.

    Raises:
        FileNotFoundError: if there is no log.
    """
    logs = sorted(work_dir.glob("*/vis_data/scalars.json"))
    if not logs:
        raise FileNotFoundError(f"no */vis_data/scalars.json in {work_dir}")
    entries = [entry for log in logs for entry in _entries(log)]
    train = [entry for entry in entries if "lr" in entry]
    return train, [entry for entry in entries if "lr" not in entry]


def _entries(log: Path) -> list[dict]:
    lines = [line for line in log.read_text().splitlines(keepends=True) if line.strip()]
    if lines and not lines[-1].endswith("\n"):
        try:
            json.loads(lines[-1])
        except json.JSONDecodeError:
            lines.pop()
    return [json.loads(line) for line in lines]


def curves_of(key: str, train: Sequence[dict], val: Sequence[dict]) -> tuple[Curve, Curve]:
    """The values of one name: in training over fractions of epochs, in validation over epochs."""
    last_iter: dict[int, int] = {}
    for entry in train:
        last_iter[entry["epoch"]] = max(last_iter.get(entry["epoch"], 0), entry["iter"])
    steps = max(last_iter.values(), default=1) / max(last_iter, default=1)
    in_train = [(entry["iter"] / steps, entry[key]) for entry in train if key in entry]
    in_val = [
        (float(entry["step"]), value)
        for entry in val
        for name, value in entry.items()
        if name == key or name.endswith(f"/{key}")
    ]
    return _split(in_train), _split(in_val)


def _split(points: Sequence[tuple[float, float]]) -> Curve:
    return [x for x, _ in points], [y for _, y in points]


def config_of(work_dir: Path) -> Path | None:
    """The config, as the newest run that trained had it, else as any run had it."""
    configs = sorted(work_dir.glob("*/vis_data/config.py"))
    trained = [path for path in configs if path.with_name("scalars.json").is_file()]
    found = trained or configs
    return found[-1] if found else None


def environment_of(work_dir: Path) -> list[tuple[str, str]]:
    """Names and values of the system environment that the newest run logged; else empty."""
    for log in sorted(work_dir.glob("*/*.log"), reverse=True):
        text = log.read_text(errors="replace")
        block = re.search(r"^System environment:\s*$(.*?)^-{20,}$", text, re.DOTALL | re.MULTILINE)
        if block:  # without the pages on how PyTorch was compiled, which are not indented so
            pairs = re.findall(r"^    ([\w ./-]+): (.+)$", block[1], re.MULTILINE)
            return [(name, value) for name, value in pairs if "compiling" not in name]
    return []
