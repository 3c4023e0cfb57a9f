from __future__ import annotations

import pytest
from mmengine.registry import init_default_scope


def test_multiply_adds_are_table_5s(load_tool, monkeypatch):
    tool = load_tool("analysis_tools/tsd_table5.py")
    init_default_scope("mmaction")
    monkeypatch.setattr(tool, "ROWS", tool.ROWS[:1])
    monkeypatch.setattr(tool, "i3d", lambda num_frames: 111.15 * num_frames / 64)  # see its test
    rival, whole, cloud = tool.make_rows()
    for row in (rival, whole, cloud):
        assert row["flops"] == pytest.approx(row["paper"], rel=0.05)
    client = (whole["flops"] - cloud["flops"]) / (3 * 20)
    assert client == pytest.approx(0.15, rel=0.05)
    assert whole["params"] - cloud["params"] == pytest.approx(4.3, rel=0.03)
    assert rival["params"] == pytest.approx(12.1, rel=0.03)
