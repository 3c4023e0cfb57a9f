from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("data/build_file_list.py")


@pytest.fixture
def run(tool, monkeypatch, capsys):
    def run(*arguments, status: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["build_file_list.py", *map(str, arguments)])
        assert tool.main() == status
        output = capsys.readouterr()
        return output.err if status else output.out

    return run


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_hmdb51(run, tmp_path):
    """1 is training, 2 is testing, 0 neither; labels are alphabetical."""
    lists = tmp_path / "lists" / "testTrainMulti_7030_splits"
    lists.mkdir(parents=True)
    uses = dict(wave="102", cartwheel="210")
    for name, digits in uses.items():
        for split in (1, 2, 3):
            rotated = digits[split - 1 :] + digits[: split - 1]
            lines = [f"{name}_{n}!.x.avi {use} \n" for n, use in enumerate(rotated)]
            (lists / f"{name}_test_split{split}.txt").write_text("".join(lines))
    videos = touch(
        tmp_path / "videos", *(f"{name}/{name}_{n}!.x.mp4" for name in uses for n in range(3))
    )
    run("hmdb51", tmp_path / "lists", videos, tmp_path / "out")
    read = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert read["classes.txt"] == "cartwheel\nwave\n"
    assert read["hmdb51_train_split_1_videos.txt"] == (
        "cartwheel/cartwheel_1!.x.mp4 0\nwave/wave_0!.x.mp4 1\n"
    )
    assert read["hmdb51_val_split_1_videos.txt"] == (
        "cartwheel/cartwheel_0!.x.mp4 0\nwave/wave_2!.x.mp4 1\n"
    )
    assert read["hmdb51_train_split_3_videos.txt"] == (
        "cartwheel/cartwheel_2!.x.mp4 0\nwave/wave_1!.x.mp4 1\n"
    )
    assert len(read) == 7


def write_ucf101_lists(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "classInd.txt").write_text("1 YoYo\r\n2 Archery\r\n")
    for split in ("01", "02", "03"):
        (folder / f"trainlist{split}.txt").write_text(
            f"YoYo/v_YoYo_g{split}.avi 1\r\nArchery/v_Archery_g{split}.avi 2\r\n"
        )
        (folder / f"testlist{split}.txt").write_text(f"Archery/v_Archery_g9{split}.avi\r\n")
    return folder


def test_ucf101(run, tmp_path):
    """Labels are those of classInd.txt, minus 1."""
    write_ucf101_lists(tmp_path / "lists" / "ucfTrainTestlist")
    splits = ("01", "02", "03")
    videos = touch(
        tmp_path / "videos",
        *(f"YoYo/v_YoYo_g{split}.mp4" for split in splits),
        *(f"Archery/v_Archery_g{nine}{split}.mp4" for split in splits for nine in ("", "9")),
    )
    out = run("ucf101", tmp_path / "lists", videos, tmp_path)
    assert "ucf101_train_split_2_videos.txt: 2 videos of 2 classes" in out
    assert (tmp_path / "classes.txt").read_text() == "YoYo\nArchery\n"
    assert (tmp_path / "ucf101_train_split_2_videos.txt").read_text() == (
        "YoYo/v_YoYo_g02.mp4 0\nArchery/v_Archery_g02.mp4 1\n"
    )
    val = tmp_path / "ucf101_val_split_3_videos.txt"
    assert val.read_text() == "Archery/v_Archery_g903.mp4 1\n"


def test_missing_videos_stop_it_unless_allowed(run, tmp_path):
    lists = write_ucf101_lists(tmp_path / "lists")
    videos = touch(tmp_path / "videos", "YoYo/v_YoYo_g01.mp4")
    error = run("ucf101", lists, videos, tmp_path / "out", status=1)
    assert "1 of 2 listed videos are not in" in error
    assert "such as Archery/v_Archery_g01.mp4" in error
    assert not (tmp_path / "out").exists()
    run("ucf101", lists, videos, tmp_path / "out", "--allow-missing")
    train = tmp_path / "out" / "ucf101_train_split_1_videos.txt"
    assert train.read_text() == "YoYo/v_YoYo_g01.mp4 0\n"


def test_missing_list_is_named(run, tmp_path):
    lists = write_ucf101_lists(tmp_path / "lists")
    (lists / "testlist02.txt").unlink()
    assert "no testlist02.txt in" in run("ucf101", lists, tmp_path, tmp_path, status=1)


def write_sthv2_lists(folder: Path, *, prefix: str = "something-something-v2-") -> Path:
    folder.mkdir(parents=True)
    pushing = "Pushing {} from left to right"
    labels = {pushing.format("something"): "1", "Folding something": "0"}
    items = dict(
        train=[
            dict(
                id="78687",
                label="pushing a cup from left to right",
                template=pushing.format("[something]"),
                placeholders=["a cup"],
            ),
            dict(
                id="9",
                label="folding paper",
                template="Folding [something]",
                placeholders=["paper"],
            ),
        ],
        validation=[
            dict(id="100", label="folding 布", template="Folding [something]", placeholders=["布"])
        ],
        labels=labels,
    )
    for name, content in items.items():
        text = json.dumps(content, ensure_ascii=False)
        (folder / f"{prefix}{name}.json").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("prefix", ["something-something-v2-", ""])
def test_sthv2(run, tmp_path, prefix):
    """Labels are the official ones, which are strings; the order is that of the files."""
    lists = write_sthv2_lists(tmp_path / "lists", prefix=prefix)
    videos = touch(tmp_path / "videos", "78687.webm", "9.webm", "100.webm")
    options = ("--suffix", ".webm", "--kind", "list_videos")
    out = run("sthv2", lists, videos, tmp_path / "out", *options)
    assert "sthv2_train_list_videos.txt: 2 videos of 2 classes" in out
    read = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert read == {
        "classes.txt": "Folding something\nPushing something from left to right\n",
        "sthv2_train_list_videos.txt": "78687.webm 1\n9.webm 0\n",
        "sthv2_val_list_videos.txt": "100.webm 0\n",
    }


def test_wrong_labels_of_sthv2_are_named(run, tmp_path):
    lists = write_sthv2_lists(tmp_path / "lists")
    path = lists / "something-something-v2-labels.json"
    path.write_text('{"Folding something": "0"}')
    error = run("sthv2", lists, tmp_path, tmp_path / "out", status=1)
    assert "video 78687 has class 'Pushing something from left to right', not a label" in error
    path.write_text('{"Folding something": "1", "Pushing something from left to right": "2"}')
    error = run("sthv2", lists, tmp_path, tmp_path / "out", status=1)
    assert "labels are not 0 to 1, each once" in error
    assert not (tmp_path / "out").exists()


KINETICS_CLASSES = ("yoga", "air drumming")


@pytest.fixture
def kinetics(tmp_path) -> tuple[Path, Path]:
    """Official lists of 2 classes, 60 training and 40 validation videos each, and the videos."""
    lists, videos = tmp_path / "lists", tmp_path / "kinetics400"
    lists.mkdir()
    for part, file, number in (("train", "train.csv", 60), ("val", "validate.csv", 40)):
        rows = ["label,youtube_id,time_start,time_end,split\n"]
        for name in KINETICS_CLASSES:
            for n in range(number):
                youtube_id = f"-{part}{name[0]}_{n:02d}"
                rows.append(f"{name},{youtube_id},{n},{n + 10},{part}\n")
                touch(videos / part / name, f"{youtube_id}_{n:06d}_{n + 10:06d}.mkv")
        (lists / file).write_text("".join(rows))
    return lists, videos


def test_kinetics_n50_is_linked_and_listed(run, tmp_path, kinetics):
    lists, videos = kinetics
    out = tmp_path / "n50"
    for _ in range(2):
        run("kinetics-n50", lists, videos, out)
    assert (out / "classes.txt").read_text() == "air drumming\nyoga\n"
    for part, number in (("train", 30), ("val", 20)):
        lines = (out / f"kinetics_n50_{part}_videos.txt").read_text().splitlines()
        assert len(set(lines)) == 2 * number
        entries = [line.split() for line in lines]
        for label, name in enumerate(("air_drumming", "yoga")):
            paths = [Path(path) for path, entry_label in entries if int(entry_label) == label]
            assert len(paths) == number
            assert {str(path.parent) for path in paths} == {f"{part}/{name}"}
            for path in paths:
                link = out / "videos" / path.with_suffix(".mkv")
                assert link.resolve().parent.name == name.replace("_", " ")
    assert len(list((out / "videos").rglob("*.mkv"))) == 2 * (30 + 20)


def test_kinetics_n50_depends_on_the_seed_and_hardly_on_what_is_missing(tool, kinetics):
    lists, videos = kinetics

    def choose(seed: int) -> set[Path]:
        _, chosen = tool.kinetics_n50(lists, videos=videos, seed=seed)
        return {path for path, _ in chosen["train"]}

    full = choose(0)
    assert choose(0) == full
    assert choose(1) != full
    lost = sorted(full)[:5]
    for path in lost:
        path.unlink()
    assert len(full & choose(0)) == len(full) - len(lost)


def test_too_few_kinetics_videos_are_an_error(run, tmp_path, kinetics):
    lists, videos = kinetics
    for path in sorted((videos / "val" / "yoga").iterdir())[:21]:
        path.unlink()
    error = run("kinetics-n50", lists, videos, tmp_path / "n50", status=1)
    assert "has 19 of the 40 val videos of class 'yoga', and 20 are needed" in error
