"""tools/benchmarks/compare_condensers.py on a few clips: lines, resuming, numbers."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text
from mmengine.config import Config

from compressedvideo import CompressedVideo
from mmcondense.datasets.synthetic import make_synthetic


@pytest.fixture(scope="module")
def tool(load_tool, forked_tools) -> ModuleType:
    return load_tool("benchmarks/compare_condensers.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of 24 frames: two GOPs."""
    folder = tmp_path_factory.mktemp("clips")
    make_synthetic(folder, num_train=8, num_val=6, size=64, num_frames=24, show_progress=False)
    return folder


def frames_as_jpegs(tool: ModuleType, folder: Path, *, frame: int) -> float:
    """Mean bytes of that frame of each of the four GOPs that are drawn from two."""
    sizes = []
    for name, _ in tool.read_list(folder / "val.txt"):
        with CompressedVideo(folder / name) as video:
            frames = video.read([frame, frame + 12], modalities=("rgb",)).rgb
        sizes.append(
            2 * sum(len(tool.encode_jpeg(f, quality=95, subsampling="444")) for f in frames)
        )
    return float(np.mean(sizes))


def test_rows_are_measured_once(tool, folder, tmp_path, capsys):
    arguments = ["--data", str(folder), "--seeds", "0", "--out", str(tmp_path), "--epochs", "1"]
    arguments += ["--num-workers", "0", "--batch-size", "4", "--rows"]
    tool.main([*arguments, "middle"])
    (log,) = tmp_path.glob("middle/seed0/classifier/train.log")
    (jpegs,) = tmp_path.glob("middle/frames/condense.log")
    log.unlink()
    jpegs.unlink()
    tool.main([*arguments, "mean", "middle"])
    assert not log.is_file()  # the line was there
    assert not jpegs.is_file()

    lines = {line["row"]: line for line in csv.DictReader((tmp_path / "results.csv").open())}
    assert list(lines) == ["middle", "mean"]
    for row, line in lines.items():
        (scalars,) = (tmp_path / row).glob("seed0/classifier/*/vis_data/scalars.json")
        logged = [json.loads(text) for text in scalars.read_text().splitlines()]
        assert float(line["top1"]) == pytest.approx(100 * logged[-1]["acc/top1"], abs=0.01)
        assert float(line["top1"]) * 6 / 100 == pytest.approx(
            round(float(line["top1"]) * 6 / 100), abs=0.01
        )
        assert (float(line["frames"]), float(line["videos"])) == (4, 6)
        # ResNet-18 of a quarter's width at 64x64: a 16th of 1.82 G * (64 / 224) ** 2, and conv1
        assert 4 * 0.0093 < float(line["gflops"]) < 4 * 0.0140
    size = frames_as_jpegs(tool, folder, frame=6)
    assert float(lines["middle"]["bytes"]) == pytest.approx(size, abs=0.1)
    assert float(lines["mean"]["bytes"]) < size  # it is blurred

    table = (tmp_path / "table.md").read_text()
    assert [text.split(" | ")[0] for text in table.splitlines()[2:]] == [
        *("| middle", "| mean", "| the video")
    ]
    videos = [(folder / n).stat().st_size for n, _ in tool.read_list(folder / "val.txt")]
    assert f"| {np.mean(videos):.0f} |" in table.splitlines()[-1]
    assert (tmp_path / "plot.png").stat().st_size > 5000
    assert "| middle |" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="another number of epochs"):
        tool.main([*arguments, "middle", "--epochs", "2"])


@pytest.mark.parametrize("row", ["attention", "tsd", "avd", "ifs_mot", "ifs_float", "cat"])
def test_learned_rows_have_multiply_adds_and_bytes(tool, folder, row, tmp_path, monkeypatch):
    """Nothing is trained: what would be trained is built, and saved as it is."""

    def save_untrained(cfg: Config, work_dir: Path, *, seed: int) -> Path:
        cfg.model.pop("condenser_checkpoint", None)
        work_dir.mkdir(parents=True)
        model = tool.MODELS.build(cfg.model.to_dict())
        torch.save(dict(state_dict=model.state_dict()), work_dir / "final.pth")
        epochs.append(cfg.train_cfg.max_epochs)
        return work_dir / "final.pth"

    epochs: list[int] = []
    monkeypatch.setattr(tool, "train", save_untrained)
    monkeypatch.setattr(tool, "last_scores", lambda work_dir: {"acc/top1": 50.0})
    args = tool.parse_args(
        ["--data", str(folder), "--out", str(tmp_path), "--epochs", "7", "--condenser-epochs", "2"]
    )
    line = tool.run(row, 1, folder, args)
    assert set(line) == set(sys.modules["condenser_results"].COLUMNS)
    assert epochs == ([7] if row in ("attention", "tsd") else [2, 7])
    per_gop = 4 if row in ("attention", "tsd") else 1
    assert line["frames"] == 4 * per_gop
    assert line["bytes"] > 1000 * per_gop
    assert line["gflops"] > 0.03 * per_gop


@pytest.mark.parametrize(("row", "gops"), [("ifs", [1, 2, 2]), ("tsd", [2, 2, 2])])
def test_of_brief_what_learns_alone_sees_one_gop_of_a_video(tool, folder, row, gops, tmp_path):
    args = tool.parse_args(["--data", "brief", "--out", str(tmp_path)])
    cfg = tool.on_clips(tool.condenser_config(row), folder, args)
    loaders = [cfg[f"{split}_dataloader"] for split in ("train", "val", "test")]
    assert [loader.dataset.pipeline[0].num_clips for loader in loaders] == gops


def test_the_plot_says_which_is_which_without_colour(tool):
    axes = Figure(figsize=(6, 4)).subplots()
    points = {f"row {i}": (0.1 + 0.01 * (i % 3), 50 + 0.5 * i) for i in range(9)}
    axes.set(xlim=(0, 1), ylim=(0, 100))
    tool.plot.__globals__["label_points"](axes, points)
    axes.figure.draw_without_rendering()
    assert sorted(text.get_text() for text in axes.texts) == sorted(points)
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without lines
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
