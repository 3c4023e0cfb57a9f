"""tools/test.py: its flags, and that metrics and dumped predictions agree."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def tested(
    run_tool: Callable, tiny_config: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A test's work_dir, with its ``dump.pkl``."""
    out = tmp_path_factory.mktemp("tested")
    run_tool(
        *("python", "tools/test.py", tiny_config, trained / "epoch_3.pth"),
        *("--work-dir", out, "--dump", out / "dump.pkl"),
    )
    return out


def test_metrics_and_dump(tested: Path) -> None:
    metrics = json.loads(next(tested.glob("*/*.json")).read_text())
    predictions = pickle.loads((tested / "dump.pkl").read_bytes())
    assert len(predictions) == 8
    assert predictions[0]["score_kinds"] == {"pred_score": "probabilities"}
    hits = [int(sample["pred_score"].argmax() == sample["gt_label"]) for sample in predictions]
    assert metrics["acc/top1"] == sum(hits) / 8 == 1.0


def test_dump_without_pickle(
    run_tool: Callable, tiny_config: Path, trained: Path, tmp_path: Path
) -> None:
    dump = tmp_path / "predictions.npz"
    run_tool(
        *("python", "tools/test.py", tiny_config, trained / "epoch_3.pth"),
        *("--work-dir", tmp_path, "--dump", dump),
    )
    with np.load(dump, allow_pickle=False) as arrays:
        assert arrays["pred_score"].shape == (8, 2)
        assert (arrays["pred_score"].argmax(axis=1) == arrays["gt_label"][:, 0]).all()
    averaged = run_tool("python", "tools/analysis_tools/average_splits.py", dump)
    assert "100.00" in averaged.stdout


@pytest.mark.parametrize(
    ("checkpoint", "arguments", "status", "message"),
    [
        ("missing.pth", [], 2, "no checkpoint at"),
        ("epoch_3.pth", ["--dump", "scores.json"], 2, "--dump writes a .npz, .pkl or .pickle file"),
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


def test_a_checkpoint_of_another_model_is_refused(
    run_tool: Callable, tiny_config: Path, tmp_path: Path
) -> None:
    torch.save(dict(meta={}, state_dict={"other.weight": torch.ones(2)}), tmp_path / "other.pth")
    command = ("python", "tools/test.py", tiny_config, tmp_path / "other.pth")
    result = run_tool(*command, "--work-dir", tmp_path, status=1)
    assert "other.pth is no checkpoint of this model" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("*/*.json"))


def test_mmactions_confusion_matrix_reads_our_dump(
    run_tool: Callable, tiny_config: Path, tested: Path, tmp_path: Path
) -> None:
    dump, matrix = tested / "dump.pkl", tmp_path / "matrix.pkl"
    script = "analysis_tools/confusion_matrix.py"
    run_tool("python", "tools/run_mmaction.py", script, tiny_config, dump, "--out", matrix)
    assert pickle.loads(matrix.read_bytes()).tolist() == [[4, 0], [0, 4]]
