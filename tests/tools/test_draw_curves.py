"""tools/analysis_tools/draw_curves.py on logs as MMEngine writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import pytest
from matplotlib.figure import Figure


@pytest.fixture
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("analysis_tools/draw_curves.py")


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    """Two epochs of 100 steps in two runs, the second resumed."""
    for run, epoch in (("20260101_000000", 1), ("20260101_000001", 2)):
        folder = tmp_path / run / "vis_data"
        folder.mkdir(parents=True)
        entries: list[dict] = [
            {"lr": 0.1, "app": 1 / step, "epoch": epoch, "iter": step, "step": step}
            for step in (100 * epoch - 50, 100 * epoch)
        ]
        entries.append({"condenser/app": 0.5 / epoch, "acc/top1": 0.2, "step": epoch})
        (folder / "scalars.json").write_text("".join(json.dumps(e) + "\n" for e in entries))
    return tmp_path


def test_runs_are_joined_and_epochs_are_the_axis(tool: ModuleType, work_dir: Path):
    in_train, in_val = tool.curves_of("app", *tool.read_log(work_dir))
    assert in_train == ([0.5, 1.0, 1.5, 2.0], [1 / 50, 1 / 100, 1 / 150, 1 / 200])
    assert in_val == ([1.0, 2.0], [0.5, 0.25])
    in_train, in_val = tool.curves_of("top1", *tool.read_log(work_dir))
    assert in_train == ([], [])
    assert in_val[1] == [0.2, 0.2]


def test_picture_and_unknown_names(
    tool: ModuleType, work_dir: Path, tmp_path: Path, capsys, monkeypatch
):
    out = tmp_path / "curves.png"
    figures = []
    monkeypatch.setattr(
        tool, "Figure", lambda **style: figures.append(Figure(**style)) or figures[0]
    )
    assert tool.main([str(work_dir), "--keys", "app", "top1", "lr", "--out", str(out)]) == 0
    legends = [axes.get_legend().get_texts() for axes in figures[0].axes]
    assert [[text.get_text() for text in texts] for texts in legends] == [
        *(["training", "validation"], ["validation"], ["training"])
    ]
    assert cv2.imread(str(out)).shape[1] > 400
    assert tool.main([str(work_dir), "--keys", "nothing", "--out", str(out)]) == 1
    assert "nothing is logged as 'nothing', but as ['acc/top1', 'app'," in capsys.readouterr().err
    assert tool.main([str(tmp_path / "none"), "--out", str(out)]) == 1
