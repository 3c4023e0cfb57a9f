from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from compressedvideo import encode_frames


@pytest.fixture
def latency(load_tool):
    return load_tool("analysis_tools/benchmark_latency.py")


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("latency") / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (36, 48, 48, 3), dtype=np.uint8)
    encode_frames(path, frames)
    return str(path)


def run(latency, monkeypatch, capsys, *arguments: str) -> dict:
    monkeypatch.setattr(sys, "argv", ["benchmark_latency.py", *arguments, "--runs", "2", "--json"])
    latency.main()
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_times_of_attp(latency, monkeypatch, capsys, video):
    result = run(latency, monkeypatch, capsys, "configs/attp/attp_synthetic.py", "--video", video)
    assert set(result) == {"preprocess_ms", "network_ms", "preprocess_fps", "network_fps"}
    for part in ("preprocess", "network"):
        assert result[f"{part}_ms"] > 0
        assert result[f"{part}_fps"] == pytest.approx(1e3 / result[f"{part}_ms"])


def test_times_of_a_video_stream_by_stream(latency, monkeypatch, capsys, video):
    config = "configs/ipts/ip_tsn_synthetic.py"
    seen = []
    median = latency.median_ms

    def record(run, **settings):
        if hasattr(run, "args"):  # a network's inputs
            seen.append(list(run.args[0].shape))
        return median(run, **settings)

    monkeypatch.setattr(latency, "median_ms", record)
    result = run(latency, monkeypatch, capsys, config, "--video", video, "--per-video")
    parts = ("preprocess_ms", "i_stream_ms", "p_stream_ms")
    assert set(result) == {*parts, "total_ms", "vps"}
    assert result["total_ms"] == pytest.approx(sum(result[part] for part in parts))
    assert result["vps"] == pytest.approx(1e3 / result["total_ms"])
    assert seen == [[1, 4, 3, 48, 48], [1, 1, 5, 4, 48, 48]]  # all I-frames; one clip


def test_medians_without_the_warm_up(latency, monkeypatch):
    clock = iter([0, 10, 11, 20, 23, 30, 32])  # seconds: one run to warm up, then 1, 3 and 2
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(clock))
    calls = []
    median = latency.median_ms(lambda: calls.append(1), runs=3, warmup=1, device="cpu")
    assert median == 2000
    assert len(calls) == 4


def test_what_a_frame_is(latency):
    cut, frames = latency.one_frame(
        dict(iframe=torch.zeros(1, 5, 3, 8, 8), motion=torch.zeros(1, 5, 2, 8, 8))
    )
    assert ({name: list(x.shape) for name, x in cut.items()}, frames) == (
        dict(iframe=[1, 1, 3, 8, 8], motion=[1, 1, 2, 8, 8]),
        1,
    )
    clip = dict(iframe=torch.zeros(1, 5, 3, 8, 8), motion=torch.zeros(1, 1, 2, 5, 8, 8))
    assert latency.one_frame(clip) == (clip, 5)


def test_onnx_files_are_timed(latency, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra deploy")
    onnx = pytest.importorskip("onnx", reason="needs the extra deploy")
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, 3]) for n in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    opset = onnx.helper.make_opsetid("", 17)
    path = str(tmp_path / "relu.onnx")
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    assert latency.time_onnx(path, threads=1, runs=2, warmup=0) > 0


def test_arguments_are_checked(latency, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(latency, monkeypatch, capsys, "config.py", "--onnx", "a.onnx", "--device", "cuda")
    assert "CUDA" in capsys.readouterr().err
