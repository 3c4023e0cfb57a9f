"""tools/test.py: its flags, and that metrics and dumped predictions agree."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest


def test_metrics_and_dump(
    run_tool: Callable, tiny_config: Path, trained: Path, tmp_path: Path
) -> None:
    dump = tmp_path / "predictions.pkl"
    run_tool(
        *("python", "tools/test.py", tiny_config, trained / "epoch_3.pth"),
        *("--work-dir", tmp_path, "--dump", dump),
    )
    metrics = json.loads(next(tmp_path.glob("*/*.json")).read_text())
    predictions = pickle.loads(dump.read_bytes())
    assert len(predictions) == 8
    assert predictions[0]["score_kinds"] == {"pred_score": "probabilities"}
    hits = [int(sample["pred_score"].argmax() == sample["gt_label"]) for sample in predictions]
    assert metrics["acc/top1"] == sum(hits) / 8 == 1.0


@pytest.mark.parametrize(
    ("checkpoint", "arguments", "status", "message"),
    [
        ("missing.pth", [], 2, "no checkpoint at"),
        ("epoch_3.pth", ["--dump", "scores.json"], 2, "--dump writes a .pkl or .pickle file"),
        ("epoch_3.pth", ["--show-dir", "pictures"], 1, "browse_dataset.py"),
    ],
)
def test_refuses_clearly(
    run_tool: Callable,
    tiny_config: Path,
    trained: Path,
    checkpoint: str,
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    command = ("python", "tools/test.py", tiny_config, trained / checkpoint, *arguments)
    result = run_tool(*command, status=status)
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_training_videos_are_refused_unless_allowed(
    run_tool: Callable, tiny_config: Path, trained: Path, tiny_frames: Path, tmp_path: Path
) -> None:
    command = ("python", "tools/test.py", tiny_config, trained / "epoch_3.pth")
    command += ("--work-dir", tmp_path)
    options = ("--cfg-options", f"test_dataloader.dataset.ann_file={tiny_frames}/train.txt")
    refused = run_tool(*command, *options, status=1)
    assert "16 of the 16 videos" in refused.stderr
    assert "--allow-training-videos" in refused.stderr
    assert "Traceback" not in refused.stderr
    run_tool(*command, "--allow-training-videos", *options)
    metrics = json.loads(next(tmp_path.glob("*/*.json")).read_text())
    assert metrics["acc/top1"] == 1.0
