"""The config that ``mmcondense train`` writes."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmcondense.apis.small_config import Split, difference, small_config


def make(**changes) -> Config:
    arguments = dict(
        train=Split("/w/train.csv", "/data/train"),
        val=Split("/w/val.csv", "/data/val"),
        classes=["jump", "run", "sit"],
        sizes=[(320, 240)] * 3,
        num_frames=[50, 70, 300],
        epochs=20,
        batch_size=4,
        num_workers=0,
        flip=True,
        seed=3,
        work_dir="/w",
        scores="/w/scores.npz",
    )
    return small_config(**{**arguments, **changes})


def types(pipeline) -> list[str]:
    return [transform["type"] for transform in pipeline]


def test_data_classes_and_schedule():
    cfg = make()
    assert cfg.train_dataloader.dataset.ann_file == "/w/train.csv"
    assert cfg.train_dataloader.dataset.data_prefix.video == "/data/train"
    assert cfg.val_dataloader.dataset.data_prefix.video == "/data/val"
    assert cfg.test_dataloader == cfg.val_dataloader
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        assert (loader.batch_size, loader.num_workers, loader.persistent_workers) == (4, 0, False)
        assert loader.dataset.metainfo.classes == ["jump", "run", "sit"]
        assert loader.dataset.num_classes == 3
    assert [cfg.model[s].cls_head.num_classes for s in ("i_stream", "p_stream")] == [3, 3]
    assert (cfg.train_cfg.max_epochs, cfg.train_cfg.val_interval) == (20, 2)
    assert cfg.param_scheduler[0].total_steps == 20
    assert cfg.val_evaluator[0].metric_options.top_k_accuracy.topk == (1,)  # of three classes


def test_pictures_become_small_and_keep_their_shape():
    train, test = make().train_pipeline, make().test_pipeline
    assert types(train)[2:5] == ["Resize", "RandomCrop", "Flip"]
    assert types(test)[2] == "Resize"
    assert "Flip" not in types(test)
    assert train[2]["scale"] == test[2]["scale"] == (152, 112)  # 4:3
    assert make(sizes=[(240, 320)]).test_pipeline[2]["scale"] == (112, 152)
    assert make(sizes=[(1000, 100)]).test_pipeline[2]["scale"] == (224, 112)  # 2:1 at most
    assert train[0]["num_segments"] == 8
    assert make(num_frames=[50]).train_pipeline[0]["num_segments"] == 4


def test_small_pictures_of_one_size_stay_as_they_are():
    kept = make(sizes=[(128, 96)] * 2, flip=False)
    assert types(kept.train_pipeline) == [
        *("SampleCompressedFrames", "LoadCompressedVideo"),
        *("FormatCompressedShape", "PackActionInputs"),
    ]
    assert "Resize" in types(make(sizes=[(128, 96), (96, 128)]).train_pipeline)


def test_motion_only_is_a_p_stream_on_the_grid():
    cfg = make(motion_only=True)
    assert types(cfg.train_pipeline)[1:5] == [
        *("LoadCompressedVideo", "RandomResizedCrop", "Resize", "Flip"),
    ]
    assert cfg.test_pipeline[2]["scale"] == (40, 30)  # of 320x240
    assert cfg.train_pipeline[0]["num_segments"] == 16
    assert cfg.train_pipeline[-2]["motion_bound"] == 2.5
    assert make(motion_only=True, sizes=[(112, 112)]).test_pipeline[2]["scale"] == (14, 14)
    assert make(motion_only=True, sizes=[(1080, 1920)]).test_pipeline[2]["scale"] == (30, 53)
    assert [metric["type"] for metric in cfg.test_evaluator] == ["AccMetric", "DumpScoreArrays"]
    stock = Config.fromfile("configs/strokes/p_stream_cells.py").model
    assert cfg.model.cls_head.num_classes == 3
    assert cfg.model.backbone.base_channels == stock.backbone.base_channels
    assert cfg.model.backbone.in_channels == stock.backbone.in_channels == 4
    ours, theirs = (m.data_preprocessor.preprocessors for m in (cfg.model, stock))
    assert {name: dict(norm) for name, norm in ours.items()} == {
        name: dict(norm) for name, norm in theirs.items()
    }


def test_it_says_what_differs_but_not_what_a_run_adds():
    found = make()
    found.resume, found.load_from, found.launcher = True, "/w/epoch_1.pth", "none"
    assert difference(found, make()) == ""
    said = difference(found, make(epochs=4))
    assert said == "param_scheduler[0].total_steps is 20, and now 4"
    said = difference(found, make(flip=False))
    assert said == "train_dataloader.dataset.pipeline has 7 entries, and now 6"


def test_it_stands_alone(tmp_path):
    path = tmp_path / "config.py"
    path.write_text(make().pretty_text)
    assert "_base_" not in path.read_text()
    assert difference(Config.fromfile(path), make()) == ""


@pytest.mark.parametrize("classes", [["a", "b"], [f"class {i}" for i in range(9)]])
def test_top_5_is_measured_where_there_are_more(classes):
    topk = make(classes=classes).val_evaluator[0].metric_options.top_k_accuracy.topk
    assert topk == ((1,) if len(classes) == 2 else (1, 5))
