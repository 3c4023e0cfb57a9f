"""The flags of all tools, and the one line for what they cannot do."""

from __future__ import annotations

import argparse
import importlib.util

import pytest

from mmcondense_preparation import Execution, add_execution_arguments, execution_of
from mmcondense_preparation.parts import Part


def parsed(*arguments: str, workers: int | None = 4) -> Execution:
    parser = argparse.ArgumentParser()
    add_execution_arguments(parser, workers=workers)
    return execution_of(parser, parser.parse_args(arguments))


def test_what_flags_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert parsed() == Execution("local", 4)
    assert parsed("--workers", "2", "--retries", "0") == Execution("local", 2, retries=0)
    assert parsed("--part", "1/3") == Execution("array", 4, Part(1, 3))
    assert parsed(workers=None) == Execution("local", None)
    assert parsed("--executor", "ray") == Execution("ray", None)  # as many as the cluster has
    assert parsed("--executor", "ray", "--address", "auto").address == "auto"
    for name, value in dict(ID=2, MIN=0, MAX=9, COUNT=10).items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))
    assert parsed("--executor", "array") == Execution("array", 4, Part(2, 10))
    assert parsed("--executor", "array", "--part", "0/2").part == Part(0, 2)
    assert parsed() == Execution("local", 4)  # an array is asked for, not found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--executor", "ray"], "--executor ray needs Ray: pip install 'mmcondense[cluster]'"),
        (["--executor", "array"], "SLURM_ARRAY_TASK_ID is not set"),
        (["--part", "3/3"], "'3/3' is no part"),
        (["--executor", "local", "--part", "0/3"], "--part goes with --executor array"),
        (["--address", "auto"], "--address goes with --executor ray"),
        (["--workers", "0"], "--workers must be at least 1, but is 0"),
        (["--retries", "-1"], "--retries must be at least 0"),
    ],
)
def test_one_line_says_what_is_wrong(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    with pytest.raises(SystemExit) as error:
        parsed(*arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
