"""tools/data/*/prepare*.sh on miniature copies of the official archives, from end to end.

The scripts start their tools with a ``python`` that hands the command to the test's own process,
which need not import everything again for each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames

ROOT = Path(__file__).resolve().parents[2]
NUM_FRAMES = 14

# Leaves its arguments in a file, waits for a status, prints what came with it.
PYTHON = """#!/usr/bin/env bash
cd "$(dirname "${BASH_SOURCE[0]}")"
printf '%s\\n' "$@" > request.part
mv request.part request
until [[ -f status ]]; do sleep 0.01; done
status=$(<status)
rm status
cat out
exit "$status"
"""


@pytest.fixture
def run(load_tool, tmp_path, monkeypatch, capsys) -> Callable[..., str]:
    """``run(script, *arguments, **env)`` runs a script and returns what it printed at last."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    out = ""

    def serve(tool: str, *arguments: str) -> None:
        nonlocal out
        monkeypatch.setattr(sys, "argv", [tool, *arguments])
        status = 1
        try:
            status = load_tool(os.path.relpath(ROOT / tool, ROOT / "tools")).main()
        finally:  # or the script would wait
            out = capsys.readouterr().out
            (folder / "out").write_text(out)
            (folder / "status.part").write_text(f"{status}")
            os.replace(folder / "status.part", folder / "status")

    def run(script: str, *arguments: Path, **env: str) -> str:
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", script, *map(str, arguments)]
        with subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PATH": path, "WORKERS": "1", **env}
        ) as process:
            while process.poll() is None:
                request = folder / "request"
                if request.exists():
                    words = request.read_text().splitlines()
                    request.unlink()
                    serve(*words)
                time.sleep(0.01)
        assert process.returncode == 0, out
        return out

    return run


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    """An .avi as the archives hold: MPEG-4 part 2 with B-frames, another size and GOP."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    noise = np.random.default_rng(0).integers(0, 256, (NUM_FRAMES, 48, 64, 3)).astype(np.uint8)
    encode_frames(path, noise, codec="mpeg4", gop_size=100, b_frames=2)
    return path.read_bytes()


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def check_video(path: Path, codec: str) -> None:
    with CompressedVideo(path) as video:
        assert (video.codec, video.width, video.height) == (codec, 340, 256)
        assert video.num_frames == NUM_FRAMES
        assert video.keyframes.tolist() == [0, 12]
        assert not video.has_b_frames


def test_hmdb51_with_flow(run, clip, tmp_path):
    """Archive of archives; second call finds everything done."""
    archives, root = tmp_path / "archives", tmp_path / "hmdb51"
    classes = ("wave", "cartwheel")
    inner = {}
    lists = {}
    for name in classes:
        write_zip(tmp_path / name, {f"{name}/{name}_{use}!.avi": clip for use in (1, 2)})
        inner[f"{name}.zip"] = (tmp_path / name).read_bytes()
        for split in (1, 2, 3):
            text = "".join(f"{name}_{use}!.avi {use} \n" for use in (1, 2))
            lists[f"testTrainMulti_7030_splits/{name}_test_split{split}.txt"] = text.encode()
    write_zip(archives / "hmdb51_org.zip", inner)
    write_zip(archives / "test_train_splits.zip", lists)

    out = run("tools/data/hmdb51/prepare.sh", archives, root, FLOW="dis")
    assert "4 videos extracted, 0 were complete, 0 failed" in out
    for name in classes:
        for use in (1, 2):
            check_video(root / "videos_mpeg4" / name / f"{name}_{use}!.mp4", "mpeg4")
            flow = root / "flow" / name / f"{name}_{use}!"
            assert len(list(flow.glob("flow_x_*.jpg"))) == NUM_FRAMES - 1
    expected = "cartwheel/cartwheel_1!.mp4 0\nwave/wave_1!.mp4 1\n"
    assert (root / "hmdb51_train_split_3_videos.txt").read_text() == expected
    videos = sorted((root / "videos_mpeg4").rglob("*.mp4"))
    times = [path.stat().st_mtime_ns for path in videos]
    out = run("tools/data/hmdb51/prepare.sh", archives, root, FLOW="dis")
    assert "0 videos extracted, 4 were complete, 0 failed" in out
    assert [path.stat().st_mtime_ns for path in videos] == times


def test_ucf101_in_h264(run, clip, tmp_path):
    archives, root = tmp_path / "archives", tmp_path / "ucf101"
    write_zip(archives / "UCF101.zip", {"UCF-101/YoYo/v_YoYo_g01_c01.avi": clip})
    lists = {"ucfTrainTestlist/classInd.txt": b"1 YoYo\r\n"}
    for split in ("01", "02", "03"):
        for name in ("trainlist", "testlist"):
            lists[f"ucfTrainTestlist/{name}{split}.txt"] = b"YoYo/v_YoYo_g01_c01.avi 1\r\n"
    write_zip(archives / "UCF101TrainTestSplits-RecognitionTask.zip", lists)
    run("tools/data/ucf101/prepare.sh", archives, root, FLOW="none", CODEC="h264")
    check_video(root / "videos_h264" / "YoYo" / "v_YoYo_g01_c01.mp4", "h264")
    assert (root / "ucf101_val_split_2_videos.txt").read_text() == "YoYo/v_YoYo_g01_c01.mp4 0\n"
    assert not (root / "flow").exists()


def test_kinetics_n50(run, clip, tmp_path):
    lists, kinetics, root = tmp_path / "lists", tmp_path / "k400", tmp_path / "n50"
    lists.mkdir()
    (kinetics / "air drumming").mkdir(parents=True)
    (tmp_path / "clip.mp4").write_bytes(clip)
    for part, file, number in (("train", "train.csv", 30), ("val", "validate.csv", 20)):
        rows = ["label,youtube_id,time_start,time_end,split\n"]
        for n in range(number):
            rows.append(f"air drumming,{part}_{n:02d},0,10,{part}\n")
            link = kinetics / "air drumming" / f"{part}_{n:02d}_000000_000010.mp4"
            link.symlink_to(tmp_path / "clip.mp4")
        (lists / file).write_text("".join(rows))
    run("tools/data/kinetics/prepare_n50.sh", kinetics, lists, root, FLOW="none")
    for part, number in (("train", 30), ("val", 20)):
        lines = (root / f"kinetics_n50_{part}_videos.txt").read_text().split()
        assert len(lines) == 2 * number
        check_video(root / "videos_mpeg4" / lines[0], "mpeg4")
