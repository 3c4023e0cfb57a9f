"""MMAction2's own train.py and test.py run the synthetic config unmodified, and do as ours."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import mmaction
import pytest
import torch

import mmcondense  # noqa: F401  -- lets torch.load read checkpoints of mmengine

CONFIG = "configs/ipts/ip_tsn_synthetic.py"
MMACTION_TOOLS = Path(mmaction.__file__).parent / ".mim" / "tools"


def test_mmactions_scripts_do_as_ours(
    run_tool: Callable, synthetic_options: list[str], tmp_path: Path
) -> None:
    weights, metrics = [], []
    for tools, work_dir in ((Path("tools"), tmp_path / "ours"), (MMACTION_TOOLS, tmp_path / "its")):
        arguments = ("--work-dir", work_dir, *synthetic_options)
        run_tool("python", tools / "train.py", CONFIG, *arguments, "randomness.seed=0")
        run_tool("python", tools / "test.py", CONFIG, work_dir / "epoch_1.pth", *arguments)
        weights.append(torch.load(work_dir / "epoch_1.pth")["state_dict"])
        metrics.append(json.loads(max(work_dir.glob("*/*.json")).read_text()))

    ours, its = metrics
    assert ours["acc/top1"] == its["acc/top1"]
    assert ours["acc/p_stream_top1"] == its["acc/p_stream_top1"]
    assert weights[0].keys() == weights[1].keys()
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, msg=name)


@pytest.mark.parametrize(
    ("script", "why", "ours"),
    [
        (
            "misc/clip_feature_extraction.py",
            f"cannot work on {CONFIG}, whose test data are a CompressedVideoDataset",
            "tools/misc/extract_features.py",
        ),
        ("demo/long_video_demo.py", "is not in MMAction2's wheel", "mmcondense predict"),
    ],
)
def test_what_cannot_work_names_ours(load_tool, monkeypatch, capsys, script, why, ours):
    tool = load_tool("run_mmaction.py")
    monkeypatch.setattr(sys, "argv", ["run_mmaction.py", script, CONFIG, "epoch_1.pth", "out"])
    assert tool.main() == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {script} {why}")
    assert ours in error
    assert error.count("\n") == 1


def test_scripts_run_where_they_can(load_tool, monkeypatch):
    """Features by a stock config are MMAction2's to extract."""
    tool = load_tool("run_mmaction.py")
    started = []
    monkeypatch.setattr(tool.runpy, "run_path", lambda path, **_: started.append(Path(path).name))
    for script, config in (
        ("misc/clip_feature_extraction.py", "configs/ifs/classifiers/tsn_r101_hmdb51.py"),
        ("analysis_tools/confusion_matrix.py", CONFIG),
    ):
        monkeypatch.setattr(sys, "argv", ["run_mmaction.py", script, config, "epoch_1.pth"])
        assert tool.main() == 0
    assert started == ["clip_feature_extraction.py", "confusion_matrix.py"]
