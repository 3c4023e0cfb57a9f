"""tools/benchmarks/gpu_throughput.py, in miniature."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def tool(load_tool):
    return load_tool("benchmarks/gpu_throughput.py")


def test_a_row_on_the_cpu(tool, tmp_path, capsys):
    out = tmp_path / "new" / "cpu.json"
    arguments = ["--device", "cpu", "--rows", "p_stream_cells", "--batch-size", "2"]
    tool.main([*arguments, "--seconds", "0.01", "--size", "32", "--out", str(out)])
    results = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert results == json.loads(out.read_text())
    row = results["rows"]["p_stream_cells"]
    assert row["train_fp32"] > 0
    assert row["test_fp32"] > 0
    assert row["train_fp32_batch"] == 2
    assert "train_amp" not in row  # float16 wants a GPU


def test_the_batch_is_halved_until_it_fits(tool, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(tool.time, "perf_counter", lambda: next(clock))
    steps = []

    def step(batch_size: int) -> None:
        if batch_size > 8:
            raise tool.torch.OutOfMemoryError
        steps.append(batch_size)

    rate, fitted = tool.videos_a_second(step, batch_size=32, seconds=3, device="cpu")
    # begin 0; looked at 1 and 2, a step each; 3 is the end, and 4 the last look
    assert (fitted, steps) == (8, [8, 8, 8])
    assert rate == 2 * 8 / 4


def test_rows_exist(tool):
    assert all((tool.CONFIGS / path).is_file() for path in tool.ROWS.values())


def test_without_a_gpu_it_says_so(tool, monkeypatch, capsys):
    monkeypatch.setattr(tool.torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        tool.main([])
    assert "there is no CUDA device" in capsys.readouterr().err
