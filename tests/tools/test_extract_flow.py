from __future__ import annotations

import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from mmcondense.datasets.optical_flow import flow_paths, read_flow, write_flow

NUM_FRAMES = 5


def textured_frames(*, right: int, down: int, num_frames: int = NUM_FRAMES) -> list[np.ndarray]:
    """64x96 frames whose content moves by (right, down) pixels a frame."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    texture = coarse.repeat(4, axis=0).repeat(4, axis=1)
    return [
        texture[40 - t * down : 104 - t * down, 40 - t * right : 136 - t * right].copy()
        for t in range(num_frames)
    ]


@pytest.fixture
def videos(tmp_path) -> Path:
    """Two classes, one clip each; one moves right by 3, the other down by 2 pixels a frame."""
    root = tmp_path / "videos"
    for name, (right, down) in {"walk/a.mp4": (3, 0), "fall/b c.avi": (0, 2)}.items():
        (root / name).parent.mkdir(parents=True)
        encode_frames(root / name, textured_frames(right=right, down=down), codec="mpeg4")
    return root


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("data/extract_flow.py")


@pytest.fixture
def run(tool, monkeypatch, capsys):
    def run(*arguments, status: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["extract_flow.py", *map(str, arguments)])
        assert tool.main() == status
        return capsys.readouterr().out

    return run


def modification_times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_command_extracts_the_motion_and_redoes_only_what_is_incomplete(run, videos, tmp_path):
    flow = tmp_path / "flow"
    out = run(videos, flow, "--method", "dis", "--workers", "2")
    assert "2 videos extracted, 0 were complete, 0 failed" in out
    for folder, motion in ((flow / "walk" / "a", (3, 0)), (flow / "fall" / "b c", (0, 2))):
        names = sorted(path.name for path in folder.iterdir())
        assert names == [f"flow_{c}_{n:05d}.jpg" for c in "xy" for n in range(1, NUM_FRAMES)]
        for number in range(1, NUM_FRAMES):
            field = read_flow(flow_paths(folder, number))
            assert np.median(field, axis=(0, 1)) == pytest.approx(motion, abs=0.3)

    # one folder loses a file, as if a copy had been cut; what a crash left lies aside
    before = modification_times(flow / "fall" / "b c")
    (flow / "walk" / "a" / "flow_y_00003.jpg").unlink()
    (flow / ".preparation" / "aside" / "crashed" / "a").mkdir(parents=True)
    (flow / ".preparation" / "aside" / "crashed" / "lock").touch()
    (flow / ".preparation" / "aside" / "crashed" / "a" / "flow_x_00009.jpg").write_bytes(b"half")
    (videos / "walk" / "broken.mp4").write_bytes(b"no video")
    out = run(videos, flow, "--method", "dis", "--workers", "1", status=1)
    assert "1 videos extracted, 1 were complete, 1 failed" in out
    assert "broken.mp4" in out
    assert modification_times(flow / "fall" / "b c") == before
    assert len(list((flow / "walk" / "a").iterdir())) == 2 * (NUM_FRAMES - 1)
    assert sorted(path.name for path in (flow / "walk").iterdir()) == ["a"]
    assert not (flow / ".preparation").exists()


def test_tvl1_is_the_default_and_an_empty_file_is_incomplete(run, videos, tmp_path):
    folder = tmp_path / "flow" / "a"
    command = (videos / "walk", tmp_path / "flow", "--workers", "1")
    assert "1 videos extracted, 0 were complete" in run(*command)
    field = read_flow(flow_paths(folder, 2))
    assert np.median(field, axis=(0, 1)) == pytest.approx((3, 0), abs=0.3)
    assert "0 videos extracted, 1 were complete" in run(*command)
    (folder / "flow_x_00004.jpg").write_bytes(b"")
    assert "1 videos extracted, 0 were complete" in run(*command)
    assert (folder / "flow_x_00004.jpg").stat().st_size


def test_workers_do_not_wait_for_threads_of_their_parent(tool, videos, monkeypatch, tmp_path):
    def run_in_its_own_session() -> None:
        os.setsid()
        os._exit(tool.main())

    arguments = ["", str(videos), str(tmp_path), "--method", "dis", "--workers", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(4)
    try:
        image = np.random.default_rng(0).integers(0, 256, (720, 1280), np.uint8)
        cv2.DISOpticalFlow_create(0).calc(image, image, None)  # starts the threads
        process = get_context("fork").Process(target=run_in_its_own_session)
        process.start()
        process.join(60)
        status = process.exitcode
        if status is None:
            os.killpg(process.pid, signal.SIGKILL)
        assert status == 0
    finally:
        cv2.setNumThreads(threads)


def test_killed_run_leaves_no_folder_that_looks_complete(tool, run, killed, monkeypatch, tmp_path):
    root, flow = tmp_path / "videos", tmp_path / "flow"
    root.mkdir()
    encode_frames(root / "long.mp4", textured_frames(right=1, down=0), codec="mpeg4")
    arguments = (root, flow, "--method", "dis", "--workers", "1")

    def write_two(field, paths, **settings) -> None:
        if paths == flow_paths(paths[0].parent, 3):
            os.killpg(0, signal.SIGKILL)
        write_flow(field, paths, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(tool, "write_flow", write_two)
        killed(lambda: run(*arguments))
    assert not (flow / "long").exists()
    assert len(list(flow.glob(".preparation/aside/*/long/*.jpg"))) == 2 * 2

    assert "1 videos extracted" in run(*arguments)
    assert len(list((flow / "long").iterdir())) == 2 * (NUM_FRAMES - 1)
    assert not (flow / ".preparation").exists()


def test_frames_are_iterated_across_reads(tool, videos, monkeypatch):
    monkeypatch.setattr(tool, "_FRAMES_PER_READ", 2)
    with CompressedVideo(videos / "walk" / "a.mp4") as video:
        expected = video.read(range(NUM_FRAMES), modalities=("rgb",)).rgb
        np.testing.assert_array_equal(np.stack(list(tool.iterate_frames(video))), expected)


def test_videos_that_would_share_a_folder_are_refused(tool, tmp_path):
    for name in ("a.mp4", "a.avi", "a.part.mp4", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"a\.avi and .*a\.mp4 would both go to flow/a"):
        tool.find_videos(tmp_path, Path("flow"))


def test_from_and_to_addresses(run, videos, tmp_path):
    """``file://`` stands for ``s3://``: all of it goes by fsspec."""
    command = (f"file://{videos}", f"file://{tmp_path}/flow", "--state", tmp_path / "state")
    command = (*command, "--method", "dis", "--workers", "2")
    assert "2 videos extracted, 0 were complete" in run(*command)
    assert "0 videos extracted, 2 were complete" in run(*command)
    run(videos, tmp_path / "local", "--method", "dis", "--workers", "1")
    for folder in ("walk/a", "fall/b c"):
        names = sorted(path.name for path in (tmp_path / "local" / folder).iterdir())
        assert names == sorted(path.name for path in (tmp_path / "flow" / folder).iterdir())
        for name in names:
            data = (tmp_path / "flow" / folder / name).read_bytes()
            assert data == (tmp_path / "local" / folder / name).read_bytes()
