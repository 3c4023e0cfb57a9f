"""Logs as MMEngine writes them; curves are tested with tools/analysis_tools/draw_curves.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmcondense.apis.training_log import config_of, environment_of, read_log

LOG = """2026/11/30 05:41:31 - mmengine - INFO -
------------------------------------------------------------
System environment:
    sys.platform: linux
    PyTorch: 2.14.1+cu130
    PyTorch compiling details: PyTorch built with:
  - GCC 13.3
    MMEngine: 0.10.7

Runtime environment:
    seed: 0
------------------------------------------------------------

2026/11/30 05:41:31 - mmengine - INFO - Config:
    not: this
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_line_that_is_still_written_is_left_out(tmp_path: Path):
    scalars = tmp_path / "1" / "vis_data" / "scalars.json"
    write(scalars, '{"lr": 1.0, "loss": 2.0}\n{"acc/top1": 0.5}\n{"lr": 1.0, "lo')
    assert read_log(tmp_path) == ([{"lr": 1.0, "loss": 2.0}], [{"acc/top1": 0.5}])
    write(scalars, '{"lr": 1.0, "lo\n{"acc/top1": 0.5}\n')
    with pytest.raises(ValueError, match="Invalid control character"):
        read_log(tmp_path)


def test_environment_is_that_of_the_newest_run(tmp_path: Path):
    assert environment_of(tmp_path) == []
    write(tmp_path / "1" / "1.log", LOG.replace("linux", "plan9"))
    write(tmp_path / "2" / "2.log", LOG)
    pairs = [("sys.platform", "linux"), ("PyTorch", "2.14.1+cu130"), ("MMEngine", "0.10.7")]
    assert environment_of(tmp_path) == [*pairs, ("seed", "0")]


def test_config_is_that_of_the_newest_training(tmp_path: Path):
    assert config_of(tmp_path) is None
    trained = write(tmp_path / "1" / "vis_data" / "config.py", "")
    tested = write(tmp_path / "2" / "vis_data" / "config.py", "")
    assert config_of(tmp_path) == tested
    write(tmp_path / "1" / "vis_data" / "scalars.json", "")
    assert config_of(tmp_path) == trained
