"""Inputs as users name them, pipelines as configs have them, label maps."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmaction.datasets.transforms import DecordInit
from mmengine.config import Config

from mmcondense.apis.inference_inputs import (
    UsageError,
    check_class_names,
    class_names,
    expand_inputs,
    video_pipeline,
)


def test_folders_stand_for_the_videos_below_them(tmp_path):
    for name in ("b/2.MP4", "b/1.avi", "a.webm", "notes.txt", "half.part.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = expand_inputs([tmp_path, "missing.mp4", "s3://bucket/clip.mp4"])
    assert found == [
        *(str(tmp_path / name) for name in ("a.webm", "b/1.avi", "b/2.MP4")),
        *("missing.mp4", "s3://bucket/clip.mp4"),
    ]
    assert expand_inputs(tmp_path / "a.webm") == [str(tmp_path / "a.webm")]
    address = f"file://{tmp_path}"
    assert expand_inputs([f"{address}/b/", f"{address}/a.webm"]) == [
        f"{address}/{name}" for name in ("b/1.avi", "b/2.MP4", "a.webm")
    ]


def test_a_folder_without_videos_is_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=f"{tmp_path}: there is no video in this folder"):
        expand_inputs(tmp_path)
    with pytest.raises(UsageError, match=f"file://{tmp_path}/: there is no video"):
        expand_inputs(f"file://{tmp_path}/")
    with pytest.raises(UsageError, match="no inputs"):
        expand_inputs([])


def config_of(*pipeline: dict) -> Config:
    dataset = dict(type="RepeatDataset", times=1, dataset=dict(pipeline=list(pipeline)))
    return Config(dict(test_dataloader=dict(dataset=dataset)))


SAMPLE = dict(type="SampleFrames", clip_len=1)


@pytest.mark.parametrize(
    "pipeline",
    [
        [dict(type=DecordInit, num_threads=1), SAMPLE, dict(type="DecordDecode")],
        [dict(type="mmaction.PyAVInit"), SAMPLE, dict(type="PyAVDecode")],
        [SAMPLE, dict(type="RawFrameDecode")],
    ],
)
def test_stock_readers_are_exchanged(pipeline):
    adapted = video_pipeline(config_of(*pipeline, dict(type="FormatShape")))
    assert [transform["type"] for transform in adapted] == [
        *("OpenVideo", "SampleFrames", "ReadFrames", "FormatShape")
    ]


def test_pipelines_of_ours_stay_as_they_are():
    pipeline = [dict(type="SampleGOPs", num_gops=3), dict(type="LoadCompressedVideo")]
    assert video_pipeline(config_of(*pipeline)) == pipeline


def test_what_reads_no_video_is_refused():
    with pytest.raises(UsageError, match=r"pipeline \(PoseDecode\) reads no video"):
        video_pipeline(config_of(dict(type="PoseDecode")))
    with pytest.raises(UsageError, match="has no test_dataloader"):
        video_pipeline(Config(dict(model={})))


def test_names_come_from_the_first_place_that_has_them(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("walk\nrun\n\n")
    cfg = Config(dict(test_dataloader=dict(dataset=dict(data_root=str(tmp_path), ann_file="v.t"))))
    meta = dict(dataset_meta=dict(classes=("x", "y")))
    assert class_names(None, checkpoint_meta={}, cfg=cfg) == []
    Path(tmp_path / "classes.txt").write_text("left\nright\n")
    assert class_names(None, checkpoint_meta={}, cfg=cfg) == ["left", "right"]
    assert class_names(None, checkpoint_meta=meta, cfg=cfg) == ["x", "y"]
    assert class_names(str(own), checkpoint_meta=meta, cfg=cfg) == ["walk", "run"]
    with pytest.raises(FileNotFoundError, match=r"no label map at nowhere.txt"):
        class_names("nowhere.txt", checkpoint_meta={}, cfg=cfg)


def test_a_label_map_of_another_data_set_is_refused():
    check_class_names([], num_classes=3)
    check_class_names("abc", num_classes=3)
    with pytest.raises(UsageError, match="has 2 names, and the model 3 classes"):
        check_class_names("ab", num_classes=3)
