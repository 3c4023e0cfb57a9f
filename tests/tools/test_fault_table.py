"""Faults in real processes: the quick half of the table, and that it tells other outcomes."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_quick_half(run_tool: Callable) -> None:
    result = run_tool("python", "tools/benchmarks/fault_table.py", "--quick")
    rows = [line for line in result.stdout.splitlines() if line.endswith(" |")]
    assert len(rows) > 10
    assert "**" not in result.stdout


def test_other_outcomes_are_told(load_tool: Callable) -> None:
    bench = load_tool("benchmarks/fault_bench.py")
    bench.Result([1], "error: a.txt, line 3").expect(1, says=("line 3",))
    for codes, output, says in (
        ([0], "error: a.txt, line 3", ("line 3",)),
        ([1], "error: a.txt", ("line 3",)),
        ([1], "Traceback (most recent call last): line 3", ("line 3",)),
        ([1, 1], "line 3", ("line 3",)),
    ):
        with pytest.raises(AssertionError):
            bench.Result(codes, output).expect(1, says=says)
