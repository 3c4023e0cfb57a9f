"""Folders of classes: what is in them, what of it can be read, and its split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from compressedvideo import encode_frames
from mmcondense_cli.class_folders import (
    FolderError,
    Listed,
    Size,
    check_each_class,
    class_names,
    list_videos,
    readable,
    split_by_class,
)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_classes_are_numbered_in_the_order_of_their_names(tmp_path: Path):
    touch(tmp_path, "run/2.mp4", "run/deep/1.MKV", "jump/a b.mp4", "jump/notes.txt", ".cache/x.mp4")
    names = class_names(tmp_path)
    assert names == ["jump", "run"]
    listed = list_videos(tmp_path, names)
    assert listed == [
        Listed("jump/a b.mp4", 0),
        Listed("run/2.mp4", 1),
        Listed("run/deep/1.MKV", 1),
    ]
    check_each_class(listed, names, tmp_path)


def test_what_is_no_folder_of_classes(tmp_path: Path):
    with pytest.raises(FolderError, match="no folder /"):
        class_names(tmp_path / "nowhere")
    with pytest.raises(FolderError, match="holds no folder; two or more"):
        class_names(tmp_path)
    touch(tmp_path, "one/a.mp4")
    with pytest.raises(FolderError, match="holds one class alone, 'one'"):
        class_names(tmp_path)
    touch(tmp_path, "two/notes.txt")
    names = class_names(tmp_path)
    with pytest.raises(FolderError, match="no video in two"):
        check_each_class(list_videos(tmp_path, names), names, tmp_path)
    with pytest.raises(FolderError, match="classes that are not trained: two"):
        list_videos(tmp_path, ["one"])


def test_what_can_be_read(tmp_path: Path):
    touch(tmp_path, "broken.mp4")
    encode_frames(tmp_path / "a.mp4", np.zeros((5, 32, 48, 3), np.uint8), gop_size=4)
    steps: list[None] = []
    kept, sizes, broken = readable(
        tmp_path, [Listed("broken.mp4", 0), Listed("a.mp4", 1)], step=lambda: steps.append(None)
    )
    assert kept == [Listed("a.mp4", 1)]
    assert sizes == [Size(48, 32, 5)]
    assert len(broken) == 1
    assert broken[0].startswith(f"{tmp_path}/broken.mp4: ")
    assert len(steps) == 2


def test_a_split_has_its_share_of_each_class():
    videos = [Listed(f"{i}.mp4", int(i >= 20)) for i in range(22)]
    train, val = split_by_class(videos, ["many", "few"], share=0.2, seed=0)
    assert sorted((*train, *val), key=videos.index) == videos
    assert Counter(video.label for video in val) == {0: 4, 1: 1}
    assert split_by_class(videos, ["many", "few"], share=0.2, seed=0) == (train, val)
    assert split_by_class(videos, ["many", "few"], share=0.2, seed=1) != (train, val)
    with pytest.raises(FolderError, match="one readable video in few"):
        split_by_class(videos[:21], ["many", "few"], share=0.2, seed=0)
