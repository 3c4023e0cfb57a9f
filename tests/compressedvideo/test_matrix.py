"""The reader against a plain decode, on every clip of the matrix (tools/benchmarks/clip_matrix.py).

One of them again, by hand, with the seed that the failure names:

    python tools/benchmarks/compare_with_plain.py --matrix h264-b2.avi --seed 7
"""

from __future__ import annotations

import importlib
import sys
import zlib
from pathlib import Path

import pytest

TOOLS = str(Path(__file__).resolve().parents[2] / "tools" / "benchmarks")
SECONDS = 60

sys.path.insert(0, TOOLS)
clip_matrix = importlib.import_module("clip_matrix")
compare_with_plain = importlib.import_module("compare_with_plain")
sys.path.remove(TOOLS)

CASES = {case.name: case for case in clip_matrix.all_cases()}


def test_the_matrix_has_hundreds_of_combinations() -> None:
    assert len(CASES) >= 400
    for part in ("-b2", "-open", "-turned-", "-trimmed", "-interlaced", "-packed", "-pyramid"):
        assert any(part in name for name in CASES), part


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_wrong(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = tmp_path / name
    case.write(path)
    seed = zlib.crc32(name.encode()) % 100  # another one for each, the same in each run
    report = compare_with_plain.compare_apart(str(path), seconds=SECONDS, seed=seed)
    report.may_refuse = case.may_refuse
    wrong = {check: str(found) for check, found in report.checks.items() if found.failed}
    assert not report.is_wrong, f"--seed {seed}: {report.verdict} {wrong} {report.refusals}"
