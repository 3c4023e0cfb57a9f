from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="module")
def tool(load_tool):
    return load_tool("benchmarks/faithfulness_table.py")


def test_attps_figures_are_the_papers(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["faithfulness_table.py", "--only", "ATTP"])
    assert tool.main() == 0
    parameters, gop = capsys.readouterr().out.splitlines()[-2:]
    assert "| 23.4 M | 23.5 M |" in parameters
    assert "| 3 G | 2.0 G |" in gop


@pytest.mark.parametrize(
    ("ours", "allowed", "is_met"),
    [(102, 0.03, True), (96, 0.03, False), (104, 0.03, False), (60, -1, True), (101, -1, False)],
)
def test_a_figure_further_off_than_allowed_fails(tool, monkeypatch, capsys, ours, allowed, is_met):
    row = tool.Row("X", "figure", "G", 100.0, ours, allowed)
    assert row.is_met == is_met
    monkeypatch.setitem(tool.METHODS, "ATTP", lambda: iter([row]))
    monkeypatch.setattr(sys, "argv", ["faithfulness_table.py", "--only", "ATTP"])
    assert tool.main() == (0 if is_met else 1)
    assert ("(!)" in capsys.readouterr().out) != is_met
