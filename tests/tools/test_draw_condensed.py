"""tools/visualizations/draw_condensed.py: the two figures, of a tiny IFS and of dynamic images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcondense.datasets.synthetic import make_synthetic

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("visualizations/draw_condensed.py")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    init_default_scope("mmaction")
    folder = tmp_path_factory.mktemp("draw")
    make_synthetic(folder, num_train=0, num_val=3, size=32, num_frames=12, show_progress=False)
    for name, base, settings in (
        ("ifs", "ifs/ifs_synthetic", "base_channels=4, num_blocks=1, encoder_channels=(4, 8)"),
        ("di", "baselines/di_synthetic", ""),
    ):
        (folder / f"{name}.py").write_text(
            f"_base_ = '{ROOT}/configs/{base}.py'\nmodel = dict(condenser=dict({settings}))\n"
            f"test_dataloader = dict(dataset=dict(data_root='{folder}'))\n"
        )
    model = MODELS.build(Config.fromfile(folder / "ifs.py").model)
    torch.save(dict(state_dict=model.state_dict()), folder / "ifs.pth")
    return {
        "IFS": ["IFS", str(folder / "ifs.py"), str(folder / "ifs.pth")],
        "DI": ["DI", str(folder / "di.py"), "none"],
    }


def test_decoded_shows_truth_beside_estimates(tool: ModuleType, models: dict, tmp_path: Path):
    clips = tool.condense_clips(*models["IFS"][1:], num=2)
    assert {name: len(images) for name, images in clips[0].rows.items()} == {
        "I-frame": 2,
        "motion": 6,
        "residual": 6,
    }
    assert all(i.shape == (32, 32, 3) for images in clips[1].rows.values() for i in images)
    out = tmp_path / "figures" / "decoded.png"
    arguments = ["decoded", "--num", "2", "--out", str(out), "--model", *models["IFS"]]
    assert tool.main(arguments) == 0
    assert cv2.imread(str(out)).std() > 10
    assert cv2.imread(str(out)).shape[1] >= 17 * 240


def test_grid_has_a_column_for_each_model(tool: ModuleType, models: dict, tmp_path: Path):
    out = tmp_path / "grid.png"
    arguments = ["grid", "--num", "3", "--out", str(out)]
    tool.main([*arguments, "--model", *models["DI"], "--model", *models["IFS"]])
    height, width = cv2.imread(str(out)).shape[:2]
    assert width / height == pytest.approx(4 * 1.1 / (3 * 1.1 + 0.3), rel=0.02)
    with pytest.raises(SystemExit):
        tool.main(["decoded", *arguments[1:], "--model", *models["DI"], "--model", *models["IFS"]])


def test_options_hold_for_all_configs(tool: ModuleType, models: dict, tmp_path: Path, capsys):
    arguments = [
        "grid",
        "--num",
        "1",
        "--out",
        str(tmp_path / "grid.png"),
        "--model",
        *models["DI"],
    ]
    assert tool.main([*arguments, "--cfg-options", "model.condenser.type=MeanFrame"]) == 0
    with pytest.raises(FileNotFoundError, match="nowhere"):
        tool.main([*arguments, "--cfg-options", "test_dataloader.dataset.data_root=nowhere"])


def test_a_condenser_with_parameters_needs_a_checkpoint(tool, models, tmp_path, capsys):
    out = tmp_path / "grid.png"
    assert tool.main(["grid", "--out", str(out), "--model", *models["IFS"][:2], "none"]) == 2
    assert "give its checkpoint" in capsys.readouterr().err
    assert not out.exists()
