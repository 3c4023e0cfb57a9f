"""The data loading benchmark: what it reports, on clips small enough to read in no time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope

import mmcondense
from compressedvideo import CodecError, encode_frames

CONFIG = Path(mmcondense.__file__).resolve().parents[1] / "configs/ipts/ip_tsn_synthetic.py"


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("analysis_tools/benchmark_dataloader.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three clips and one broken file."""
    folder = tmp_path_factory.mktemp("videos")
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for name in "abc":
        encode_frames(folder / f"{name}.mp4", (np.roll(picture, t, 1) for t in range(14)))
    (folder / "broken.mp4").write_text("no video")
    (folder / "list.txt").write_text("broken.mp4 0\na.mp4 1\nb.mp4 2\nc.mp4 3\n")
    return folder


def options(folder: Path, ann_file: str = "list.txt") -> list[str]:
    dataset = "train_dataloader.dataset"
    return ["--cfg-options", f"{dataset}.data_root={folder}", f"{dataset}.ann_file={ann_file}"]


def test_transforms_and_workers_are_reported(tool, folder, capsys):
    arguments = ["--workers", "0", "1", "--clips", "6", "--batch-size", "2", "--json"]
    assert tool.main([str(CONFIG), *arguments, *options(folder)]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [row["transform"] for row in report["transforms"]] == [
        "SampleCompressedFrames",
        "LoadCompressedVideo",
        "FormatCompressedShape",
        "PackActionInputs",
    ]
    assert all(row["cpu_ms"] > 0 for row in report["transforms"])
    assert sum(row["share"] for row in report["transforms"]) == pytest.approx(1, abs=1e-3)
    assert [(r["workers"], r["batch_size"], r["clips"]) for r in report["loader"]] == [
        (0, 2, 6),
        (1, 2, 6),
    ]
    assert all(row["clips_per_second"] > 0 for row in report["loader"])
    assert all(row["cpu_ms_per_clip"] > 0 for row in report["loader"])
    pixels = 4 * 48 * 64  # four segments
    assert report["to_device"] == dict(
        iframe=dict(dtype="uint8", bytes=3 * pixels),
        motion=dict(dtype="uint8", bytes=2 * pixels),
        residual=dict(dtype="uint8", bytes=3 * pixels),
    )
    assert "LoadCompressedVideo" in captured.err  # the table


def test_the_time_of_a_transform_is_its_own(tool):
    class Steps:
        transforms = (lambda data: data, lambda data: sum(range(300_000)) and data)

    class Dataset:
        pipeline = Steps

        def __len__(self):
            return 2

        def get_data_info(self, _):
            return {}

    idle, busy = tool.time_transforms(Dataset(), num_clips=3)
    assert busy["share"] > 0.9 > 0.1 > idle["share"]


def test_only_broken_videos_end_with_an_error(tool, folder, tmp_path, capsys):
    shutil.copy(folder / "broken.mp4", tmp_path)
    (tmp_path / "list.txt").write_text("broken.mp4 0\n")
    init_default_scope("mmaction")
    pipeline = [dict(type="SampleCompressedFrames", num_segments=1)]
    dataset = DATASETS.build(
        dict(
            type="CompressedVideoDataset",
            ann_file="list.txt",
            data_root=str(tmp_path),
            pipeline=pipeline,
        )
    )
    with pytest.raises(CodecError, match=r"broken\.mp4"):
        tool.time_transforms(dataset, num_clips=1)
    assert tool.main([str(CONFIG), *options(tmp_path, "missing.txt")]) == 1
    message = capsys.readouterr().err
    assert "missing.txt" in message
    assert "train_dataloader.dataset.data_root=FOLDER" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "-1"], "at least 0"),
        (["--clips", "0"], "at least 1"),
    ],
)
def test_wrong_arguments(tool, arguments, message, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args([str(CONFIG), *arguments])
    assert message in capsys.readouterr().err
