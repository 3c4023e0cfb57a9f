"""tools/data/reencode.py: trees, odd names, broken files, resuming, killing."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from compressedvideo import CompressedVideo, VideoWriter, encode_frames

MANIFESTS = {"manifest.jsonl", "manifest.failed.jsonl"}
ODD_NAME = "Golf Tips - Hit 300+ Yards!!! $HOME `id` 'x' \"y\" %d;&.avi"


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A tree with two sound videos, two broken ones and a text file."""
    folder = tmp_path / "videos"
    (folder / "golf" / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    frames = [
        cv2.resize(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8), (80, 64)) for _ in range(15)
    ]
    encode_frames(folder / "a.b.mkv", frames, codec="h264", gop_size=250, b_frames=2)
    encode_frames(folder / "golf" / "deep" / ODD_NAME, frames)
    (folder / "golf" / "empty.mp4").touch()
    (folder / "text.MP4").write_text("no video")
    (folder / "readme.txt").write_text("not looked at")
    return folder


@pytest.fixture
def reencode_tool(load_tool: Callable, monkeypatch, capsys) -> Callable:
    """``reencode_tool(*arguments)`` runs the tool: exit status, what it printed, its errors."""
    tool = load_tool("data/reencode.py")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["reencode.py", *map(str, arguments)])
        try:
            status = tool.main()
        except SystemExit as exit_:
            status = exit_.code
        return status, *capsys.readouterr()

    return run


def test_tree_odd_names_and_broken_files(
    reencode_tool: Callable, videos: Path, tmp_path: Path
) -> None:
    out, ann_file = tmp_path / "out", tmp_path / "train.txt"
    ann_file.write_text("a.b.mkv 3\ngolf/empty.mp4 1 2\n")
    arguments = (videos, out, "--size", "48x32", "--workers", "2", "--ann-file", ann_file)
    status, printed, _ = reencode_tool(*arguments, "--gop-size", "5")
    assert status == 1
    assert "2 re-encoded, 0 were there, 2 failed; not videos by their suffix: 1 .txt" in printed
    assert f"{videos / 'golf' / 'empty.mp4'}: is empty" in printed
    assert f"{videos / 'text.MP4'}: is no video" in printed
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    odd = f"golf/deep/{ODD_NAME[:-4]}.mp4"
    assert written == {"a.b.mp4", odd, "reencode.json", "train.txt", *MANIFESTS}
    assert (out / "train.txt").read_text() == "a.b.mp4 3\ngolf/empty.mp4 1 2\n"
    for name in ("a.b.mp4", odd):
        with CompressedVideo(out / name) as video:
            assert (video.codec, video.width, video.height) == ("mpeg4", 48, 32)
            assert "".join(video.frame_types) == "IPPPP" * 3

    (videos / "golf" / "empty.mp4").unlink()
    (videos / "text.MP4").unlink()
    before = (out / "a.b.mp4").stat().st_mtime_ns
    (out / odd).unlink()
    status, printed, _ = reencode_tool(*arguments, "--gop-size", "5")
    assert status == 0
    assert "1 re-encoded, 1 were there, 0 failed" in printed
    assert (out / odd).exists()
    assert (out / "a.b.mp4").stat().st_mtime_ns == before
    assert {path.name for path in out.glob("*.jsonl")} == {"manifest.jsonl"}

    status, _, errors = reencode_tool(*arguments, "--gop-size", "6")
    assert status == 1
    assert "was begun with" in errors


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_killed_and_called_again(
    reencode_tool: Callable,
    videos: Path,
    killed: Callable,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for path in videos.rglob("*.*4"):
        path.unlink()
    for index in range(8):
        shutil.copy(videos / "a.b.mkv", videos / f"c{index}.mkv")
    out = tmp_path / "out"
    arguments = (videos, out, "--codec", "h264", "--workers", "2")
    mux, flushed = VideoWriter._mux, itertools.count(1)

    def mux_two(writer: VideoWriter, frame: av.VideoFrame | None) -> None:
        mux(writer, frame)
        if frame is None and next(flushed) == 3:  # of a worker, without its index
            os.killpg(0, signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(VideoWriter, "_mux", mux_two)
        killed(lambda: reencode_tool(*arguments))
    assert list(out.rglob("*.part.mp4"))
    finished = [path for path in out.rglob("*.mp4") if not path.stem.endswith(".part")]
    assert 2 <= len(finished) < 10
    for path in finished:  # whatever has its final name is whole
        with CompressedVideo(path) as video:
            assert video.num_frames == 15
    assert reencode_tool(*arguments)[0] == 0
    assert not list(out.rglob("*.part.*"))
    assert len(list(out.rglob("*.mp4"))) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--size", "340"), "'340' is not WIDTHxHEIGHT"),
        (("--size", "341x256"), "size 341x256, allowed"),
        (("--b-frames", "12"), "b_frames=12, allowed are 0 to 11"),
        (("--quality", "40"), "quality=40, allowed are 1 to 31"),
        (("--workers", "0"), "--workers must be at least 1"),
    ],
)
def test_wrong_arguments(
    reencode_tool: Callable, tmp_path: Path, arguments: tuple, message: str
) -> None:
    status, _, errors = reencode_tool(tmp_path, tmp_path / "out", *arguments)
    assert status == 2
    assert message in errors


def test_folders(reencode_tool: Callable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "no folder or file" in reencode_tool(tmp_path / "missing", out)[2]
    assert "source and destination" in reencode_tool(tmp_path, tmp_path)[2]
    assert "no videos below" in reencode_tool(tmp_path, out)[2]
    (tmp_path / "a.avi").touch()
    (tmp_path / "a.mp4").touch()
    status, _, errors = reencode_tool(tmp_path, out)
    assert status == 1
    assert "would both become" in errors
    assert not out.exists()


SUFFIXES = (".ts", ".m4v", ".MTS", ".asf", ".ogv", ".gif", ".h264", ".mpg", ".flv", ".3gp", ".m2ts")


def test_no_suffix_and_no_linked_folder_is_passed_over(
    reencode_tool: Callable, videos: Path, tmp_path: Path
) -> None:
    for path in list(videos.rglob("*.*4")):
        path.unlink()
    clip = videos / "a.b.mkv"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for number, suffix in enumerate(SUFFIXES):  # FFmpeg looks into the file, not at its name
        shutil.copy(clip, elsewhere / f"clip{number}{suffix}")
    (videos / "class").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "loop").symlink_to(videos, target_is_directory=True)
    (videos / "notes").touch()
    out, ann_file = tmp_path / "out", tmp_path / "train.txt"
    ann_file.write_text("class/clip0.ts 1\nclass/clip2.MTS 0\nno.suffix.txt 2\n")
    status, printed, _ = reencode_tool(videos, out, "--ann-file", ann_file)
    assert status == 0
    assert f"{2 + len(SUFFIXES)} re-encoded" in printed
    assert printed.rstrip().endswith("not videos by their suffix: 1 .txt, 1 notes")
    written = {path.name for path in (out / "class").iterdir()}
    assert written == {f"clip{number}.mp4" for number in range(len(SUFFIXES))}
    expected = "class/clip0.mp4 1\nclass/clip2.mp4 0\nno.suffix.txt 2\n"
    assert (out / "train.txt").read_text() == expected


def test_one_video(reencode_tool: Callable, videos: Path, tmp_path: Path) -> None:
    src, out = videos / "a.b.mkv", tmp_path / "out"
    assert reencode_tool(src, out / "b.mp4", "--codec", "hevc", "--gop-size", "5")[0] == 0
    assert reencode_tool(src, out)[:1] == (0,)
    assert reencode_tool(src, tmp_path / "v1.5", "--ext", "avi")[0] == 0
    assert {path.name for path in out.iterdir()} == {"b.mp4", "a.b.mp4"}
    assert [path.name for path in (tmp_path / "v1.5").iterdir()] == ["a.b.avi"]
    with CompressedVideo(out / "b.mp4") as video:
        assert (video.codec, video.num_frames) == ("hevc", 15)
        assert video.keyframes.tolist() == [0, 5, 10]
    status, _, errors = reencode_tool(src, out / "b.mp4")
    assert status == 1
    assert f"{out / 'b.mp4'} exists" in errors
    assert "--ann-file goes with a folder" in reencode_tool(src, out, "--ann-file", src)[2]


def test_what_fails_is_named(reencode_tool: Callable, videos: Path, tmp_path: Path) -> None:
    for path in list(videos.rglob("*.*4")):
        path.unlink()
    status, printed, _ = reencode_tool(videos, tmp_path / "out", "--codec", "h263")
    assert status == 1
    failures = [line for line in printed.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1] for line in failures] == [
        str(videos / "a.b.mkv"),
        str(videos / "golf" / "deep" / ODD_NAME),
    ]
    assert "size 80x64, allowed for codec='h263' are" in failures[0]


def test_a_short_edge_keeps_proportions(load_tool):
    tool = load_tool("data/reencode.py")
    assert tool.in_proportion(320, 180, 256) == (456, 256)
    assert tool.in_proportion(480, 640, 256) == (256, 342)
    assert tool.in_proportion(100, 100, 64) == (64, 64)


def test_from_and_to_addresses(reencode_tool: Callable, videos: Path, tmp_path: Path) -> None:
    """``file://`` stands for ``s3://``: all of it goes by fsspec."""
    (videos / "golf" / "empty.mp4").unlink()
    state, out = tmp_path / "state", tmp_path / "out"
    arguments = (f"file://{videos}", f"file://{out}", "--state", state, "--workers", "2")
    for done in ("2 re-encoded, 0 were there", "0 re-encoded, 2 were there"):
        status, printed, _ = reencode_tool(*arguments)
        assert status == 1
        assert f"{done}, 1 failed" in printed
        assert f"failed: file://{videos}/text.MP4: is no video" in printed
    reencode_tool(videos, tmp_path / "local")
    names = {path.relative_to(out) for path in out.rglob("*") if path.is_file()}
    assert {path.name for path in names} == {"a.b.mp4", f"{ODD_NAME[:-4]}.mp4", "reencode.json"}
    for name in names:
        assert (out / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    lists = ("manifest.jsonl", "manifest.failed.jsonl")
    assert {path.name for path in state.iterdir()} == {"reencode.json", *lists}
    assert (state / lists[0]).read_bytes() == (tmp_path / "local" / lists[0]).read_bytes()
    status, _, errors = reencode_tool(videos, f"file://{out}")
    assert (status, "--state goes with DST such as s3://" in errors) == (2, True)
