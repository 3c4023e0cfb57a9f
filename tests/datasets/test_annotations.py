"""Lists of every form give the same samples; a bad label is named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmaction.registry import DATASETS
from mmengine.config import Config, ConfigDict

from mmcondense.apis.preflight import fill_in_num_classes
from mmcondense.datasets.annotations import AnnotationError

NAMES = ["air drumming/a_000000_000010.mp4", "yoga/b_000003_000013.mkv", "yoga/c_000000_000010.mp4"]
LABELS = [0, 1, 1]


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Files that nobody opens, a folder a class; and one that is no video."""
    folder = tmp_path / "videos"
    for name in [*NAMES, "yoga/readme.txt"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def build(ann_file: Path | str, **kwargs):
    return DATASETS.build(
        dict(type="CompressedVideoDataset", ann_file=str(ann_file), pipeline=[], **kwargs)
    )


def entries(dataset) -> dict[str, int]:
    infos = (dataset.get_data_info(index) for index in range(len(dataset)))
    return {info["filename"]: info["label"] for info in infos}


KINETICS = """label,youtube_id,time_start,time_end,split
yoga,c,0,10,train
air drumming,a,0,10,train
yoga,b,3.0,13.0,train
yoga,gone,0,10,train
"""


@pytest.mark.parametrize("form", ["folder", "kinetics.csv", "names.csv", "numbers.csv"])
def test_every_form_gives_the_same_samples(videos, tmp_path, form):
    paths = [str(videos / name) for name in NAMES]
    written = {
        "kinetics.csv": KINETICS,
        "names.csv": "path,label\n" + "".join(f"{n},{n.split('/')[0]}\n" for n in NAMES),
        "numbers.csv": "".join(f"{n},{x}\n" for n, x in zip(NAMES, LABELS, strict=True)),
    }
    ann_file = videos
    if form != "folder":
        ann_file = tmp_path / form
        ann_file.write_text(written[form])
    prefix = {} if form == "folder" else dict(data_prefix=dict(video=str(videos)))
    dataset = build(ann_file, num_classes=2, **prefix)
    assert entries(dataset) == dict(zip(paths, LABELS, strict=True))
    if form != "numbers.csv":
        assert list(dataset.metainfo["classes"]) == ["air drumming", "yoga"]


def test_mmactions_lists_stay_what_they_were(videos, tmp_path):
    for lines, kwargs, labels in (
        ("yoga/b.mkv 1\n\nyoga/c.mp4 0\n", {}, [1, 0]),
        ("yoga/b.mkv\nyoga/c.mp4\n", dict(test_mode=True), [-1, -1]),
        ("air drumming/a.mp4\t0\n", dict(delimiter="\t"), [0]),
    ):
        (tmp_path / "list.txt").write_text(lines)
        dataset = build(tmp_path / "list.txt", data_prefix=dict(video=str(videos)), **kwargs)
        assert [dataset.get_data_info(i)["label"] for i in range(len(dataset))] == labels
    (tmp_path / "list.txt").write_text("a.mp4 0 2\n")
    dataset = build(tmp_path / "list.txt", multi_class=True, num_classes=3)
    assert dataset.get_data_info(0)["label"].tolist() == [1, 0, 1]


@pytest.mark.parametrize(("name", "delimiter"), [("list.txt", " "), ("list.csv", ",")])
def test_a_mark_before_the_text_is_no_part_of_it(videos, tmp_path, name, delimiter):
    text = f"yoga/b.mkv{delimiter}1\nyoga/c.mp4{delimiter}0\n"
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    dataset = build(tmp_path / name, data_prefix=dict(video=str(videos)))
    assert entries(dataset) == {str(videos / "yoga/b.mkv"): 1, str(videos / "yoga/c.mp4"): 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.mp4 0\nb.mp4\n", r"list.txt, line 2: no label behind 'b.mp4'"),
        ("a.mp4 0\n\nb.mp4 2\n", r"list.txt, line 3: label 2 is out of range, allowed is 0 to 1"),
        ("a.mp4 -1\n", r"list.txt, line 1: label -1 is out of range"),
        ("a.mp4 0\nb.mp4 yoga\n", r"list.txt, line 2: label 'yoga' is no number"),
        ("a.mp4 0\nb.mp4 --1\n", r"list.txt, line 2: label '--1' is no number"),
        ("a.mp4 0\nb.mp4 ²\n", r"list.txt, line 2: label '²' is no number"),
        ("", r"list.txt lists no videos"),
        ("\n  \n", r"list.txt lists no videos"),
        ("a b.mp4 1\n", r"list.txt, line 1: .* has 2 labels or a space in its path"),
    ],
)
def test_bad_labels_are_named_with_file_and_line(tmp_path, text, message):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        build(tmp_path / "list.txt", num_classes=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.mp4,yoga\nb.mp4\n", r"list.csv, line 3: no label in 'b.mp4'"),
        ("a.mp4,0\nb.mp4,5\n", r"list.csv, line 2: label 5 is out of range"),
        ("", r"list.csv is empty"),
        ("a.mp4,0\nb.mp4,1O\n", r"list.csv, line 2: label '1O' is no number, as others"),
        (KINETICS.replace("3.0", "three"), r"list.csv, line 4: could not convert .*'three'"),
        (KINETICS.replace(",0,10,train", "", 1), r"list.csv, line 2: fewer columns than label,"),
        (
            KINETICS.replace(",a,", ",x,").replace(",b,", ",y,").replace(",c,", ",z,"),
            "none of the 4",
        ),
    ],
)
def test_bad_csv_is_named(videos, tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        build(tmp_path / "list.csv", num_classes=2, data_prefix=dict(video=str(videos)))


@pytest.mark.parametrize(
    ("name", "message"), [("list.txt", "no text in UTF-8"), ("list.csv", "no CSV file in UTF-8")]
)
def test_what_is_no_text_is_named(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"\xff\xfe a.mp4 1\n")
    with pytest.raises(AnnotationError, match=rf"{name} is {message}"):
        build(tmp_path / name)


def test_a_folder_without_classes_is_named(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(ValueError, match="has no videos in folders of classes"):
        build(tmp_path)


def test_the_heads_number_of_classes_checks_labels():
    dataset = dict(type="CompressedVideoDataset", ann_file="list.txt")
    loader = dict(dataset=dict(type="RepeatDataset", times=2, dataset=dataset))
    cfg = Config(dict(model=dict(cls_head=dict(num_classes=51)), train_dataloader=loader))
    fill_in_num_classes(cfg, loaders=["train_dataloader", "val_dataloader"])
    assert cfg.train_dataloader.dataset.dataset.num_classes == 51
    two = dict(a=dict(num_classes=2), b=dict(num_classes=3))
    other = Config(dict(model=two, train_dataloader=dict(dataset=ConfigDict(dataset))))
    fill_in_num_classes(other, loaders=["train_dataloader"])
    assert "num_classes" not in other.train_dataloader.dataset
