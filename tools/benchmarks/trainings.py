"""Tools run in processes of their own, and what their trainings left: lists, scores, the commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parents[1]


def call(command: Sequence[Any], log: Path, *, env: Mapping[str, str] | None = None) -> None:
    """Run a script of tools/, its output in ``log``.

    Args:
        command: The script, below tools/ or absolute, and its arguments.
        log: File to append to.
        env: Variables beside those of this process.

    Raises:
        RuntimeError: with the end of what it printed, if it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, str(TOOLS / command[0]), *map(str, command[1:])]
    with log.open("a") as file:
        done = subprocess.run(
            words,
            stdout=file,
            stderr=file,
            env={**os.environ, "PYTHONPATH": python_path(), **(env or {})},
        )
    if done.returncode != 0:
        tail = log.read_text().splitlines()[-20:]
        raise RuntimeError("\n".join([f"{' '.join(words)} failed, see {log}:", *tail]))


def python_path() -> str:
    """``PYTHONPATH`` for processes that are to find this clone's packages."""
    return os.pathsep.join([str(TOOLS.parent), os.environ.get("PYTHONPATH", "")])


def last_scores(work_dir: Path) -> dict[str, float]:
    """The accuracies of the last epoch, from MMEngine's json logs, percent."""
    logs = sorted(work_dir.glob("*/vis_data/scalars.json"))
    lines = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    last = [line for line in lines if "acc/top1" in line][-1]
    return {key: 100 * value for key, value in last.items() if key.startswith("acc/")}


def read_list(path: Path) -> list[tuple[str, int]]:
    """Names and labels of a list: what comes first in a line, and last."""
    lines = (line.split() for line in path.read_text().splitlines() if line.strip())
    return [(words[0], int(words[-1])) for words in lines]


def count_classes(folder: Path) -> int:
    """By the labels of ``train.txt``."""
    return 1 + max(label for _, label in read_list(folder / "train.txt"))


def commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=TOOLS, capture_output=True, text=True).stdout.strip()
