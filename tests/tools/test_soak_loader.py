"""Reads over and over: the same ones for a seed, and whether the tool would see a leak."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from compressedvideo import encode_frames
from tests.compressedvideo.slow_reference import translating_frames

TOOLS = str(Path(__file__).resolve().parents[2] / "tools" / "benchmarks")
sys.path.insert(0, TOOLS)
soak_loader = importlib.import_module("soak_loader")
sys.path.remove(TOOLS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two videos, a broken one, and a text."""
    folder = tmp_path_factory.mktemp("clips")
    frames = translating_frames(14, step=(2, 1), height=48, width=64)
    encode_frames(folder / "mpeg4.avi", frames, codec="mpeg4", gop_size=12)
    (folder / "inside").mkdir()
    encode_frames(folder / "inside" / "h264.mp4", frames, codec="h264", gop_size=6)
    data = (folder / "inside" / "h264.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(data[: len(data) // 2])
    (folder / "README.md").write_text("no video")
    return folder


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(soak_loader, "WARM_UP", 40)
    monkeypatch.setattr(sys, "argv", ["soak_loader.py", *map(str, arguments)])
    return soak_loader.main()


def test_folders_and_files(folder) -> None:
    videos = soak_loader.videos_of([folder, folder / "cut.mp4"])
    assert [path.name for path in videos] == ["cut.mp4", "h264.mp4", "mpeg4.avi", "cut.mp4"]
    with pytest.raises(FileNotFoundError, match="no videos in"):
        soak_loader.videos_of([folder / "missing"])


def test_reads_are_those_of_the_seed(folder) -> None:
    def outcomes(seed: int) -> list[Counter]:
        counts, videos = Counter(), soak_loader.videos_of([folder])
        return [
            Counter(counts) for _ in soak_loader.soak(videos, reads=40, seed=seed, outcomes=counts)
        ]

    assert outcomes(0) == outcomes(0) != outcomes(1)
    assert outcomes(0)[-1]["read"] > 10
    assert outcomes(0)[-1].total() == 40
    assert len(outcomes(0)[-1]) > 1  # the broken one


def test_what_is_no_codec_error_ends_the_run(folder, monkeypatch) -> None:
    monkeypatch.setattr(soak_loader.CompressedVideo, "read", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(monkeypatch, folder / "mpeg4.avi", "--reads", 41)


def test_nothing_grows(folder, monkeypatch, capsys) -> None:
    assert run(monkeypatch, folder, "--reads", 80) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 22
    assert lines[-3].startswith("after 80 reads: ")
    assert lines[-2].startswith("3 videos, ")


def test_leaks_are_seen(folder, monkeypatch) -> None:
    kept: list = []
    release = threading.Event()

    def thread() -> threading.Thread:
        one = threading.Thread(target=release.wait)
        one.start()
        return one

    leaks = {
        "file": lambda: open(folder / "README.md"),  # noqa: SIM115
        "thread": thread,
        # each above the 32 MB up to which malloc may give out what other tests have freed
        "memory": lambda: b"x" * 40_000_000,
    }
    gc.collect()  # what other tests have left behind is not to go in between
    for name, leak in leaks.items():
        reads = iter(range(100))

        def read(path, rng, leak=leak, reads=reads) -> str:
            if next(reads) >= 40:
                kept.append(leak())
            return "read"

        monkeypatch.setattr(soak_loader, "read", read)
        assert run(monkeypatch, folder, "--reads", 50) == 1, name
    release.set()
    for one in kept[:10]:
        one.close()


def test_too_few_reads_are_refused(folder, monkeypatch, capsys) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, folder, "--reads", 40)
    assert "more than 40" in capsys.readouterr().err
