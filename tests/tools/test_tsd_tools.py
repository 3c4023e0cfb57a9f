"""Export, benchmark and pictures of TSD, on a small model and four clips."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from compressedvideo import CompressedVideo
from mmcondense.apis.tsd_packet import pack
from mmcondense.datasets.synthetic import make_synthetic

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "configs" / "tsd" / "tsd_synthetic.py")
SIZE = 48


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("brief")
    make_synthetic(folder, task="brief", num_train=1, num_val=4, size=SIZE, show_progress=False)
    return ["--cfg-options", f"test_dataloader.dataset.data_root={folder}"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> str:
    init_default_scope("mmaction")
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    model.init_weights()
    path = tmp_path_factory.mktemp("checkpoint") / "epoch_1.pth"
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return str(path)


@pytest.fixture(scope="module")
def exported(load_tool, checkpoint, tmp_path_factory) -> Path:
    pytest.importorskip("onnx", reason="needs the extra deploy")
    pytest.importorskip("onnxruntime", reason="needs the extra deploy")
    folder = tmp_path_factory.mktemp("exported")
    arguments = [CONFIG, checkpoint, str(folder), "--split", "halves", "--size", str(SIZE)]
    assert load_tool("deployment/export.py").main(arguments) == 0
    return folder


def test_export_writes_both_halves(exported):
    assert sorted(path.name for path in exported.iterdir()) == ["client.onnx", "cloud.onnx"]


def test_benchmark_sends_a_quarter_at_most(load_tool, exported, options, capsys):
    tool = load_tool("benchmarks/benchmark_tsd.py")
    tool.main([CONFIG, str(exported), "--json", *options])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["num_videos"] == 4
    all_frames, tsd, uniform, equal = result["rows"]
    assert tsd["num_bytes"] <= all_frames["num_bytes"] / 4
    assert uniform["num_bytes"] == pytest.approx(all_frames["num_bytes"] * 5 / 80, rel=0.1)
    assert equal["num_bytes"] <= tsd["num_bytes"] * 1.01
    for row in (tsd, uniform, equal):
        assert 0 <= row["num_correct"] <= 4
        assert row["cloud_seconds"] > 0


def test_equal_quality_is_the_highest_that_fits(load_tool):
    tool = load_tool("benchmarks/benchmark_tsd.py")
    frames = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    allowed = len(pack(frames, quality=60))
    quality = tool.equal_quality([(frames, allowed)], codec="jpeg")
    assert len(pack(frames, quality=quality)) <= allowed < len(pack(frames, quality=quality + 1))
    assert tool.equal_quality([(frames, 1)], codec="jpeg") == 1


def test_uniform_frames_are_the_condensers(load_tool):
    tool = load_tool("benchmarks/benchmark_tsd.py")
    init_default_scope("mmaction")
    condenser = MODELS.build(dict(type="UniformFrames", num_frames=5))
    clip = np.arange(80).reshape(80, 1, 1, 1).repeat(3, axis=3)
    expected = condenser(torch.from_numpy(clip).permute(3, 0, 1, 2)[None])
    assert tool.uniform_frames(clip, 5)[:, 0, 0, 0].tolist() == expected[0, 0, :, 0, 0].tolist()


def test_the_deciding_window_is_where_the_second_shape_moves(load_tool, options):
    tool = load_tool("visualizations/draw_distillation.py")
    folder = Path(options[1].split("=")[1])
    for index in range(4):
        path = folder / "videos" / f"val_{index:05d}.mp4"
        first, last = tool.deciding_window(path)
        assert last - first == 7
        with CompressedVideo(path) as video:
            frames = video.read(range(80), modalities=("rgb",)).rgb.astype(int)
        changes = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))  # between t and t + 1
        inside = changes[first:last]
        outside = np.delete(changes, np.arange(max(first - 1, 0), last + 1))
        assert inside.min() > outside.max()
    assert tool.deciding_window(folder / "videos" / "other.mp4") is None


def test_pictures_of_p(load_tool, checkpoint, options, tmp_path, capsys):
    tool = load_tool("visualizations/draw_distillation.py")
    tool.main(
        [CONFIG, checkpoint, "--out", str(tmp_path), "--num", "2", "--device", "cpu", *options]
    )
    pictures = sorted(tmp_path.iterdir())
    assert [path.name for path in pictures] == ["000000_val_00000.png", "000003_val_00003.png"]
    assert cv2.imread(str(pictures[0])).std() > 20
    assert "highest entry in the deciding frames" in capsys.readouterr().out


def test_description_of_p(load_tool):
    tool = load_tool("visualizations/draw_distillation.py")
    matrices = np.zeros((2, 10, 2), dtype=np.float32)
    matrices[0, 3] = matrices[1, 0] = 1  # all of frame 3, all of frame 0
    text = tool.describe(matrices, [(2, 4), (5, 9)])
    assert "within 0.0e+00" in text
    assert "50.0% of the columns, 50.0% of the clips" in text
    assert "deciding frames: 50.0%, 40.0% if all were equal" in text
    assert "1.00 on average" in text
