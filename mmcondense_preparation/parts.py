"""Which of the items one process of many takes: of an array of jobs, or of torchrun's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Number ``index`` of ``count`` parts, counted from 0: every ``count``-th item."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def within(self, outer: Part) -> Part:
        """This part of a part, of all: ``items[i::n][j::m]`` is ``items[i + n * j :: n * m]``."""
        return Part(outer.index + outer.count * self.index, outer.count * self.count)


def parse_part(text: str) -> Part:
    """``3/100`` as the fourth of a hundred.

    Raises:
        ValueError: If it is no part.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not int(match[1]) < int(match[2]):
        raise ValueError(f"{text!r} is no part: I/N, I from 0 to N - 1, such as 0/3")
    return Part(int(match[1]), int(match[2]))


def slurm_part(environment: Mapping[str, str] = os.environ) -> Part:
    """Of a job in a SLURM array, whatever its first number and step.

    Raises:
        ValueError: If this is none.
    """
    try:
        number, first, last = (
            int(environment[f"SLURM_ARRAY_TASK_{name}"]) for name in ("ID", "MIN", "MAX")
        )
        count = int(environment["SLURM_ARRAY_TASK_COUNT"])
    except KeyError as error:
        raise ValueError(
            f"{error.args[0]} is not set: this is no job of a SLURM array; say --part I/N"
        ) from None
    step = (last - first) // (count - 1) if count > 1 else 1
    if first + step * (count - 1) != last:
        raise ValueError(
            f"the {count} jobs of the array from {first} to {last} have gaps: sbatch --array 0-N"
        )
    return Part((number - first) // step, count)


def torchrun_part(environment: Mapping[str, str] = os.environ) -> Part:
    """Of a process that torchrun started; all of it for any other."""
    return Part(int(environment.get("RANK", 0)), int(environment.get("WORLD_SIZE", 1)))
