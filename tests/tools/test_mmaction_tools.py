"""MMAction2's own train.py and test.py run the synthetic config unmodified, and do as ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mmaction
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
