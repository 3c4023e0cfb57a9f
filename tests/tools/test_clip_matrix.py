"""The matrix's clips are what their names say."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "tools" / "benchmarks"


@pytest.fixture(scope="module")
def tools() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of tools/benchmarks."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module
    sys.path.remove(str(FOLDER))


@pytest.fixture
def written(tools, tmp_path) -> Callable[[str], Path]:
    """Writes the clip of a name."""
    cases = {case.name: case for case in tools("clip_matrix").all_cases()}

    def write(name: str) -> Path:
        cases[name].write(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def plain(tools) -> Callable:
    return lambda path: tools("plain_video").decode_plainly(str(path))


def packets_of(path: Path) -> list[av.Packet]:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def test_the_texture_pans(tools) -> None:
    recipes = tools("clip_recipes")
    frames = recipes.frames_of(width=64, height=48, count=20, seed=0, cut_at=10)
    (right, down), away = recipes.PAN, slice(18, None)  # below the square
    for before, after in ((0, 1), (5, 6), (10, 11), (18, 19)):
        np.testing.assert_array_equal(
            frames[after][away][down:, right:], frames[before][away][:-down, :-right]
        )
    assert np.abs(frames[10][away].astype(int) - frames[9][away]).mean() > 20


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("mpeg4.mp4", "IPPPPPPPIPPPPPPPIPPP"),
        ("mpeg4-b2.avi", "IBBPBBPIBBPBBPIBBPBP"),
        ("h264-b2.h264", "IBBPBBPPIBBPBBPPIBBP"),
        ("h264-b2-open.mp4", "IBBPBBPBIBBPBBPBIBBP"),
        ("mpeg2-b2-open.ts", "IBBPBBPBBIBBPBBPBBIP"),
        ("hevc-b2-open.mkv", "IBBPBBPBIBBPBBPBIBBP"),
        ("h264-scenecut.mp4", "IBBBPBBBPBPIBBBPBBBP"),
        ("h264-intra-refresh.ts", "IPPPPPPPPPPPPPPPPPPP"),
    ],
)
def test_types_and_order(written, plain, name, kinds) -> None:
    found = plain(written(name))
    if name.startswith("mpeg2"):  # where the encoder ends a GOP depends on its B-frames
        assert "BBI" in "".join(found.kinds)
    else:
        assert "".join(found.kinds) == kinds
    assert found.frames[0].is_key
    if name == "h264-scenecut.mp4":
        assert not found.frames[11].is_key


def test_b_frames_are_packed_and_the_last_one_is_never_shown(written, plain) -> None:
    for b_frames in (1, 2):
        path = written(f"mpeg4-b{b_frames}-packed.avi")
        counts = [bytes(packet).count(b"\0\0\1\xb6") for packet in packets_of(path)]
        assert counts.count(2) >= 6
        assert min(packet.size for packet in packets_of(path)) < 8  # placeholders
        assert len(plain(path)) == 20
    for b_frames in (1, 2):
        path = written(f"mpeg4-b{b_frames}-packed-open-end.avi")
        counts = [bytes(packet).count(b"\0\0\1\xb6") for packet in packets_of(path)]
        assert counts[-1] == 2
        coded = sum(counts) - sum(packet.size < 8 for packet in packets_of(path))
        assert len(plain(path)) == coded - 1


def test_pictures_are_hidden(written, plain) -> None:
    for name, packets, frames in (
        ("vp8-hidden.webm", 20, 17),
        ("vp8-hidden-last.ivf", 20, 19),
        ("vp9-hidden.mp4", 20, 20),
        ("vp9-hidden-apart.ivf", 22, 20),
    ):
        path = written(name)
        assert (len(packets_of(path)), len(plain(path))) == (packets, frames)
    joined = packets_of(written("vp9-hidden.webm"))[8]
    assert bytes(joined)[0] & 0b1110 == 0  # a key frame that is not shown
    assert bytes(joined)[-7] == 0x88  # show_existing_frame, then the index of the superframe


def test_tables_lie(written) -> None:
    def keys(name: str) -> list[int]:
        with av.open(str(written(name))) as container:
            entries = container.streams.video[0].index_entries
            return [i for i, entry in enumerate(entries) if entry.is_keyframe]

    assert keys("mpeg4.mp4") == [0, 8, 16]
    assert keys("mpeg4-b0-table-missing.mp4") == list(range(20))
    assert keys("mpeg4-b0-table-lying.mp4") == [0, 5, 12]
    assert keys("h264-b0-table-first-only.mp4") == [0]


def test_an_edit_list_hides_the_first_frames(written, plain) -> None:
    path = written("h264-b2-trimmed.mp4")
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 16
    assert len(plain(path)) == 20


def test_times(written, plain) -> None:
    steps = np.diff(plain(written("h264-b2-varying.mp4")).seconds)
    assert len(np.unique(steps.round(3))) == 2
    assert np.diff(plain(written("mpeg4-b2-gap.mkv")).seconds).max() > 9
    assert plain(written("h264-b2-equal-times.mkv")).seconds is None
    joined = plain(written("h264-b2-joined.ts"))
    assert len(joined) == 24
    assert joined.frames[12].pts < joined.frames[11].pts


def test_files_begin_anywhere(written, plain) -> None:
    between = plain(written("mpeg4-b0-cut-between.mkv"))
    assert between.frames[0].kind == "P"
    assert any("before the first key frame" in doubt for doubt in between.doubts)
    leading = written("mpeg2-b2-cut-at-key.ts")
    assert len(packets_of(leading)) > len(plain(leading))  # they cannot be decoded


def test_interlaced_and_turned(written, plain) -> None:
    for name in ("mpeg2-b2-interlaced.ts", "mpeg4-b2-interlaced.avi", "h264-mbaff.mp4"):
        assert any(frame.is_interlaced for frame in plain(written(name)).frames), name
    turned = plain(written("h264-turned-transpose.mp4"))
    upright = plain(written("h264-b2.mp4"))
    assert turned.frames[0].rgb.shape == (64, 48, 3)
    np.testing.assert_array_equal(turned.frames[5].rgb, upright.frames[5].rgb.transpose(1, 0, 2))
    assert plain(written("h264-turned-45.mp4")).orientation is None


def test_sizes_and_streams(written, plain) -> None:
    assert plain(written("mpeg4-b2-65x49.avi")).stored_size == (49, 65)
    assert plain(written("h264-b2-size-change.ts")).size_changes
    with av.open(str(written("h264-b2-two-videos.mkv"))) as container:
        assert len(container.streams.video) == 2
    with av.open(str(written("h264-sound-mp2.ts"))) as container:
        assert len(container.streams.audio) == 1


def test_it_writes_the_clips_of_a_name(run_tool, tmp_path) -> None:
    tool = FOLDER / "clip_matrix.py"
    output = run_tool("python", tool, tmp_path / "clips", "--only", "flv1*").stdout
    assert f"clips in {tmp_path / 'clips'}" in output
    assert (tmp_path / "clips" / "flv1.flv").stat().st_size > 500
    run_tool("python", tool, tmp_path / "clips", "--only", "betamax*", status=2)


def test_the_comparison_reads_the_matrix(run_tool) -> None:
    tool = FOLDER / "compare_with_plain.py"
    output = run_tool("python", tool, "--matrix", "flv1.*").stdout
    assert "2 files: 2 right, 0 refused, 0 wrong" in output
