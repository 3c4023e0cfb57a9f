"""Packing videos into archives: what is in them, going on where it was cut, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from mmcondense.datasets.shards import index_path, read_member

CONTENT = {f"class {i % 2}/v{i}.mp4".replace(" ", "_"): bytes([i]) * 1000 for i in range(5)}
CONTENT["large.mp4"] = bytes(range(250)) * 40  # 10 kB
LISTS = {
    "train.txt": ["class_0/v0.mp4", "class_1/v1.mp4", "large.mp4", "class_0/v2.mp4"],
    "val.txt": ["class_1/v3.mp4", "class_0/v4.mp4", "class_1/v1.mp4"],  # v1 is in both
}


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("data/make_shards.py")


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, content in CONTENT.items():
        path = tmp_path / "set" / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name, videos in LISTS.items():
        lines = [f"{video} {i} 7\n" for i, video in enumerate(videos)]  # labels of two classes
        (tmp_path / "set" / name).write_text("".join(lines))
    return tmp_path / "set"


def run(tool: ModuleType, folder: Path, *options: str, lists=tuple(LISTS)) -> int:
    """Archives of 2,500 bytes: two videos each, the large one alone."""
    arguments = ["--out", str(folder.parent / "out"), "--shard-size", "0.0025"]
    arguments += ["--video-root", str(folder / "videos"), *options]
    return tool.main([*(str(folder / name) for name in lists), *arguments])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_lists_name_members_that_are_the_videos(tool, folder, capsys):
    assert run(tool, folder) == 0
    out = folder.parent / "out"
    assert "6 videos in 4 archives, of which 0 were there" in capsys.readouterr().out
    archives = [f"set-{i:06d}.tar" for i in range(4)]
    names = [*archives, *(f"{a}.index" for a in archives), *LISTS, "set.jsonl", "set.shards.json"]
    assert sorted(contents(out)) == sorted(names)
    for name, videos in LISTS.items():
        lines = (out / name).read_text().splitlines()
        assert len(lines) == len(videos)
        for i, (line, video) in enumerate(zip(lines, videos, strict=True)):
            archive, rest = line.split("/", 1)
            assert rest == f"{video} {i} 7"
            assert read_member(str(out / archive), video) == CONTENT[video]
    first = (out / "train.txt").read_text().splitlines()
    assert [line[:14] for line in first] == [archives[i] for i in (0, 0, 1, 2)]


def test_called_again_it_changes_nothing(tool, folder, capsys):
    run(tool, folder)
    before = contents(folder.parent / "out")
    index_path(folder.parent / "out" / "set-000001.tar").unlink()
    assert run(tool, folder) == 0
    assert "of which 4 were there" in capsys.readouterr().out
    assert contents(folder.parent / "out") == before


@pytest.mark.parametrize("calls", [1, 2, 4])
def test_cut_off_and_called_again_it_goes_on(tool, folder, monkeypatch, calls):
    run(tool, folder, "--out", str(folder.parent / "whole"))
    scan, count = tool.scan_archive, 0

    def stop(path):
        nonlocal count
        count += 1
        if count == calls:
            raise KeyboardInterrupt
        return scan(path)

    monkeypatch.setattr(tool, "scan_archive", stop)
    with pytest.raises(KeyboardInterrupt):
        run(tool, folder)
    out = folder.parent / "out"
    assert len(list(out.glob("*.tar"))) == calls
    assert not list(out.glob("*.txt"))
    monkeypatch.undo()
    assert run(tool, folder) == 0
    assert contents(out) == contents(folder.parent / "whole")


def test_another_plan_in_the_same_folder_is_refused(tool, folder, capsys):
    run(tool, folder)
    before = contents(folder.parent / "out")
    assert run(tool, folder, "--shard-size", "1") == 1
    assert "was begun with {'archives': 4, 'videos': 6, " in capsys.readouterr().err
    assert run(tool, folder, lists=["val.txt"]) == 1
    (folder / "videos/large.mp4").write_bytes(b"of another size")
    assert run(tool, folder) == 1
    assert contents(folder.parent / "out") == before


@pytest.mark.parametrize("forgotten", [False, True])
def test_archives_that_are_cut_or_of_a_plan_without_a_record_are_made_anew(tool, folder, forgotten):
    run(tool, folder)
    out = folder.parent / "out"
    before = contents(out)
    if forgotten:  # by an earlier version, which kept no records
        for name in ("set.shards.json", "set.jsonl"):
            (out / name).unlink()
    cut, other = out / "set-000003.tar", out / "set-000002.tar"
    cut.write_bytes(cut.read_bytes()[:700])
    (out / "set-000003.tar.index").unlink()
    for ending in ("", ".index"):
        other.with_name(f"{other.name}{ending}").write_bytes(before[f"set-000000.tar{ending}"])
    assert run(tool, folder) == 0
    assert contents(out) == before


def test_from_and_to_addresses(tool, folder, capsys):
    """``file://`` stands for ``s3://``: all of it goes by fsspec."""
    assert run(tool, folder) == 0
    local = contents(folder.parent / "out")
    state, out = folder.parent / "state", folder.parent / "store"
    options = ("--out", f"file://{out}", "--video-root", f"file://{folder}/videos")
    options += ("--state", str(state))
    assert run(tool, folder, *options, "--part", "1/2") == 0
    assert not list(out.glob("*.txt"))
    assert len(list(out.glob("*.tar"))) == 2
    for made in (2, 4):
        assert run(tool, folder, *options) == 0
        assert f"4 archives, of which {made} were there" in capsys.readouterr().out
    assert contents(state)["set.jsonl"] == local.pop("set.jsonl")
    assert sorted(contents(state)) == ["set.jsonl", "set.shards.json"]
    assert contents(out) == local
    assert (
        read_member(f"file://{out}/set-000000.tar", "class_1/v1.mp4") == CONTENT["class_1/v1.mp4"]
    )
    with (folder / "train.txt").open("a") as file:
        file.write("none.mp4 0\n")
    assert run(tool, folder, *options) == 1
    assert "1 of 7 videos are not below file://" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("none.mp4 0", "1 of 5 videos are not below .*videos: none.mp4"),
        ("/abs.mp4 0", "'/abs.mp4' is no plain relative path"),
        ("../set/a.mp4 0", "is no plain relative path"),
        ("./large.mp4 0", "is no plain relative path"),
    ],
)
def test_bad_lists_are_refused_before_anything_is_written(tool, folder, capsys, line, message):
    with (folder / "train.txt").open("a") as file:
        file.write(f"{line}\n")
    assert run(tool, folder, lists=["train.txt"]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (folder.parent / "out").exists()


def test_wrong_arguments(tool, folder, capsys):
    (folder / "more").mkdir()
    (folder / "more" / "val.txt").write_text("")
    for options, lists, message in (
        (["--shard-size", "0"], ["val.txt"], "must be positive"),
        (["--out", str(folder)], ["val.txt"], "holds the lists themselves"),
        ([], ["none.txt"], "none.txt: no such file"),
        ([], ["val.txt", "more/val.txt"], "two lists of one name"),
    ):
        with pytest.raises(SystemExit):
            run(tool, folder, *options, lists=lists)
        assert message in capsys.readouterr().err
