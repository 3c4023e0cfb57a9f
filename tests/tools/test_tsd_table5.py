from __future__ import annotations

import pytest
import torch
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


def test_times_are_those_of_the_parts(load_tool, monkeypatch):
    tool = load_tool("analysis_tools/tsd_table5.py")
    init_default_scope("mmaction")
    monkeypatch.setattr(tool, "ROWS", tool.ROWS[:1])
    monkeypatch.setattr(tool, "median_ms", lambda model, t, device: t)
    rows = {row["method"]: (row["paper"], row["ours"]) for row in tool.make_times("cpu")}
    assert rows == {
        "I3D(10)": (46.1, 10),
        "I3D+TSD(20->5)": (39.9, 20 + 5),
        "I3D+TSD(20->5) client": (None, 20),
        "I3D+TSD(20->5) cloud": (23.9, 5),
    }


def test_a_time_is_of_three_clips_in_one_batch(load_tool):
    tool = load_tool("analysis_tools/tsd_table5.py")
    shapes = []
    network = torch.nn.Identity()
    network.register_forward_hook(lambda _, args, __: shapes.append(list(args[0].shape)))
    assert tool.median_ms(network, 2, device="cpu", runs=2) > 0
    assert shapes == [[3, 3, 2, 224, 224]] * 3  # the first is not counted
