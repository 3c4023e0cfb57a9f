"""A checkpoint knows the videos it was trained on, and a test on any of them is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import ConcatDataset, RepeatDataset

from mmcondense.datasets.video_list import describe_list, video_names
from mmcondense.engine.hooks import TrainingListHook, check_test_videos

UCF101 = {  # as the official lists: each split holds out other groups of the same classes
    "train_1": ["YoYo/v_g08", "YoYo/v_g15"],
    "val_1": ["YoYo/v_g01", "YoYo/v_g02"],
    "train_2": ["YoYo/v_g01", "YoYo/v_g15"],
    "val_2": ["YoYo/v_g08"],
}


@pytest.fixture
def dataset(tmp_path: Path):
    """``dataset("train_1")``: its list with videos that nobody opens."""

    def build(name: str, *, suffix: str = ".mp4", prefix: str = "videos", root: str = "ucf101"):
        folder = tmp_path / root
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}{suffix}.txt"
        path.write_text("".join(f"{video}{suffix} 0\n" for video in UCF101[name]))
        return DATASETS.build(
            dict(
                type="mmaction.VideoDataset",
                ann_file=path.name,
                data_root=str(folder),
                data_prefix=dict(video=prefix),
                pipeline=[],
            )
        )

    return build


def checkpoint_of(dataset: object, path: Path) -> dict:
    """As a training leaves it, read as every checkpoint is."""
    checkpoint = dict(meta=dict(epoch=1), state_dict={})
    runner = SimpleNamespace(train_dataloader=SimpleNamespace(dataset=dataset))
    TrainingListHook().before_save_checkpoint(runner, checkpoint)
    torch.save(checkpoint, path)
    return torch.load(path, weights_only=True)


def test_the_record_names_the_list_and_its_videos(dataset, tmp_path):
    train = dataset("train_1")
    assert video_names(train) == UCF101["train_1"]
    (record,) = checkpoint_of(train, tmp_path / "a.pth")["meta"]["training_lists"]
    assert record["ann_file"] == str(tmp_path / "ucf101" / "train_1.mp4.txt")
    assert len(record["sha256"]) == 64
    assert record["prefix"] == "videos"
    assert len(set(record["videos"].tolist())) == 2


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: RepeatDataset(x, times=2)])
def test_another_splits_test_videos_are_refused(dataset, tmp_path, wrap):
    """Split 2's network on split 1's list: one of its two videos was trained on."""
    checkpoint = checkpoint_of(wrap(dataset("train_2")), tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"1 of the 2 videos in .*val_1.*, such as YoYo/v_g01"):
        check_test_videos(checkpoint, wrap(dataset("val_1")))
    with pytest.raises(ValueError, match="2 of the 2 videos"):
        check_test_videos(checkpoint, dataset("train_2"))
    check_test_videos(checkpoint, dataset("val_2"))


def test_copies_are_the_same_videos_wherever_they_lie(dataset, tmp_path):
    checkpoint = checkpoint_of(dataset("train_2"), tmp_path / "a.pth")
    with pytest.raises(ValueError, match="YoYo/v_g01"):
        check_test_videos(checkpoint, dataset("val_1", suffix=".avi", root="elsewhere"))


def test_equal_names_in_other_folders_are_other_videos(dataset, tmp_path):
    checkpoint = checkpoint_of(dataset("train_2", prefix="train"), tmp_path / "a.pth")
    check_test_videos(checkpoint, dataset("val_1", prefix="val"))


def test_all_of_several_lists_count(dataset, tmp_path):
    both = ConcatDataset([dataset("train_1"), dataset("train_2")])
    checkpoint = checkpoint_of(both, tmp_path / "a.pth")
    assert len(checkpoint["meta"]["training_lists"]) == 2
    with pytest.raises(ValueError, match="YoYo/v_g08"):
        check_test_videos(checkpoint, dataset("val_2"))


def test_a_checkpoint_without_a_record_passes(dataset):
    check_test_videos(dict(state_dict={}), dataset("val_1"))
    check_test_videos(dict(meta={}, state_dict={}), dataset("val_1"))


def test_frames_of_condensed_videos_are_recorded(dataset, tmp_path):
    (tmp_path / "list.txt").write_text("YoYo/v_g01 3 0\n")
    frames = DATASETS.build(
        dict(
            type="mmaction.RawframeDataset",
            ann_file="list.txt",
            data_root=str(tmp_path),
            data_prefix=dict(img="frames"),
            pipeline=[],
        )
    )
    assert video_names(frames) == ["YoYo/v_g01"]
    assert describe_list(frames)["prefix"] == "frames"
