from __future__ import annotations

import json
import pickle
import statistics
import sys
from types import ModuleType

import pytest
import torch


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("analysis_tools/average_splits.py")


@pytest.fixture
def run(tool, monkeypatch):
    def run(*arguments) -> int:
        monkeypatch.setattr(sys, "argv", ["average_splits.py", *map(str, arguments)])
        return tool.main()

    return run


def test_dumps_work_dirs_and_metric_files_are_averaged(run, tmp_path, capsys):
    """Top-1 0.5 from scores, 0.75 from a metrics file, 0.25 from the later of two tests."""
    scores = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    labels = [0, 1, 1, 1]  # predicted 0, 0, 1, 0
    dump = [
        dict(pred_score=score, gt_label=torch.tensor([label]))
        for score, label in zip(scores, labels, strict=True)
    ]
    (tmp_path / "split1.pkl").write_bytes(pickle.dumps(dump))
    (tmp_path / "split2.json").write_text(
        json.dumps({"acc/top1": 0.75, "acc/top5": 1.0, "acc/mean1": 0.7})
    )
    for timestamp, top1 in (("20260102_000000", 0.25), ("20260101_000000", 0.99)):
        folder = tmp_path / "split3" / timestamp
        folder.mkdir(parents=True)
        result = {"acc/top1": top1, "acc/top5": 1.0, "acc/mean1": 0.2, "time": 0.2}
        (folder / f"{timestamp}.json").write_text(json.dumps(result))
        (folder / "scalars.json").write_text('{"loss": 1}\n{"loss": 2}\n')

    sources = [tmp_path / name for name in ("split1.pkl", "split2.json", "split3")]
    assert run(*sources, "--json", tmp_path / "average.json") == 0
    result = json.loads((tmp_path / "average.json").read_text())
    assert [split["top1"] for split in result["splits"]] == [0.5, 0.75, 0.25]
    assert result["average"]["top1"]["mean"] == pytest.approx(0.5)
    assert result["average"]["top1"]["std"] == pytest.approx(statistics.stdev([0.5, 0.75, 0.25]))
    # class 0: 1 of 1; class 1: 1 of 3
    assert result["splits"][0]["mean1"] == pytest.approx((1 + 1 / 3) / 2)
    assert "50.00 ± 25.00" in capsys.readouterr().out


def test_one_split_has_no_spread(tool):
    assert tool.average([dict(top1=0.4)]) == dict(top1=dict(mean=0.4, std=0.0))


def test_different_metrics_are_refused(tool):
    with pytest.raises(ValueError, match="different metrics"):
        tool.average([dict(top1=0.4), dict(mAP=0.4)])


def test_folder_without_test_result_is_refused(run, tmp_path, capsys):
    (tmp_path / "20260101").mkdir()
    (tmp_path / "20260101" / "20260101.json").write_text('{"loss": 1}\n{"loss": 2}\n')
    assert run(tmp_path) == 1
    assert "no test result below" in capsys.readouterr().err
