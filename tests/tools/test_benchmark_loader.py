"""The loader benchmark: what it compares, on clips small enough to read in no time."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from types import ModuleType

import numpy as np
import pytest
from av.video.frame import PictureType

from compressedvideo import CompressedVideo, encode_frames

TOOL = Path(__file__).resolve().parents[2] / "tools" / "benchmarks" / "benchmark_loader.py"
NUM_FRAMES = 30
KEYS = {"file", "variant", "cpu_ms", "wall_ms", "to_needed_decode", "to_full_decode"}


def noise(num_frames: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (64, 96, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return np.stack([np.roll(picture, 2 * t, axis=1)[:64, :96] for t in range(num_frames)])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """30 frames, GOP 12, as MPEG-4 without and H.264 with B-frames."""
    folder = tmp_path_factory.mktemp("clips")
    paths = {name: str(folder / f"{name}.mp4") for name in ("mpeg4", "h264")}
    encode_frames(paths["mpeg4"], noise(NUM_FRAMES))
    encode_frames(paths["h264"], noise(NUM_FRAMES), codec="h264", b_frames=2)
    return paths


@pytest.fixture(scope="module")
def tools() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of tools/benchmarks."""
    sys.path.insert(0, str(TOOL.parent))
    yield importlib.import_module
    sys.path.remove(str(TOOL.parent))


def test_last_line_is_a_list_of_one_object_per_file_and_variant(
    clips: dict[str, str], run_tool: Callable[..., CompletedProcess[str]]
) -> None:
    output = run_tool(
        "python", TOOL, clips["mpeg4"], clips["h264"], "--segments", "3", "--json"
    ).stdout
    rows = json.loads(output.splitlines()[-1])
    assert {row["file"] for row in rows} == set(clips.values())
    for path in clips.values():
        times = {row["variant"]: row for row in rows if row["file"] == path}
        assert len(times) == sum(row["file"] == path for row in rows)
        for reading in ("previous", "iframe", "pb", "vectors", "vectors-reused", "iframes-only"):
            assert f"numpy-{reading}" in times
        assert times["full-decode"]["to_full_decode"] == 1
        assert times["needed-decode"]["to_needed_decode"] == 1
        for row in times.values():
            assert set(row) == KEYS
            expected = row["cpu_ms"] / times["full-decode"]["cpu_ms"]
            assert row["to_full_decode"] == pytest.approx(expected, abs=0.02, rel=0.02)
        row = times["numpy-vectors"]  # every frame is needed
        assert row["to_needed_decode"] == row["to_full_decode"]


def test_needed_packets_end_at_the_last_wanted_frame_of_a_gop(
    clips: dict[str, str], tools: Callable[[str], ModuleType]
) -> None:
    bare = tools("bare_decode").BareDecode(clips["mpeg4"])
    assert bare.num_frames == bare.decode_all() == NUM_FRAMES
    runs = bare.plan([5, 16])
    assert [len(run.wanted) for run in runs] == [6, 5]
    assert [run.seek_to is None for run in runs] == [True, False]
    assert bare.decode(runs) == 6 + 5
    assert [run.seek_to for run in bare.plan([11, 12])] == [None, None]  # goes on without a seek


def test_unreferenced_pictures_are_not_needed(
    clips: dict[str, str], tools: Callable[[str], ModuleType]
) -> None:
    with CompressedVideo(clips["h264"]) as video:
        types = video.frame_types
    assert types[:7] == list("IBBPBBP")
    bare = tools("bare_decode").BareDecode(clips["h264"])
    assert bare.decode(bare.plan([6])) == 3  # I, P, P
    assert bare.decode(bare.plan([5])) == 4  # its B-frame beside them


def test_no_picture_is_lost_beside_packed_ones(
    shared_data: Path, tools: Callable[[str], ModuleType]
) -> None:
    path = str(shared_data / "clips" / "v_ApplyEyeMakeup_g01_c01.avi")
    with CompressedVideo(path) as video:
        types = video.frame_types
    last = max(i for i, kind in enumerate(types) if kind == "P")
    bare = tools("bare_decode").BareDecode(path)
    shown = [PictureType(frame.pict_type).name for frame in bare.frames(bare.plan([last]))]
    assert shown == [kind for kind in types[: last + 1] if kind != "B"]


def test_sampled_frames_are_p_frames_of_their_gops(
    clips: dict[str, str], tools: Callable[[str], ModuleType]
) -> None:
    frame_inds, iframe_inds = tools("benchmark_loader").sample_frames(clips["h264"], 4)
    with CompressedVideo(clips["h264"]) as video:
        assert [video.frame_types[i] for i in frame_inds] == ["P"] * 4
    assert iframe_inds.tolist() == [0, 12]


def test_clips_are_made_of_a_short_source_without_cuts(
    clips: dict[str, str],
    tools: Callable[[str], ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = tools("benchmark_clips")
    monkeypatch.setattr(module, "SECONDS", (2,))
    paths = module.make_clips(tmp_path / "made", source=clips["mpeg4"])
    assert [Path(path).name for path in paths] == [
        "mpeg4-gop12-2s.mp4",
        "h264-gop12-2s.mp4",
        "h264-gop250-crf28-2s.mp4",
        "hevc-gop250-2s.mp4",
        "vp9-gop250-2s.mp4",
        "h264-gop250-2s.mp4",
    ]
    for path in paths:
        keyframes = [0, 12, 24, 36, 48] if "gop12" in path else [0]
        with CompressedVideo(path) as video:
            assert (video.width, video.height, video.num_frames) == (340, 256, 50)
            assert video.keyframes.tolist() == keyframes
            assert video.has_b_frames == ("h264" in path or "hevc" in path)


def test_processes_are_timed_side_by_side(
    clips: dict[str, str], tools: Callable[[str], ModuleType]
) -> None:
    parallel = tools("parallel_loader")
    speed, cpu_ms = parallel.time_processes(
        clips["mpeg4"], np.array([5, 16]), num_processes=2, reads=3
    )
    assert speed > 0
    assert cpu_ms > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "3"], "at least 7"),
        (["missing.mp4"], "no such file"),
        (["--segments", "0"], "at least 1"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str],
    message: str,
    tools: Callable[[str], ModuleType],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        tools("benchmark_loader").parse_args(arguments)
    assert message in capsys.readouterr().err
