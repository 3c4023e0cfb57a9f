"""Which scores hold when, and where annotated videos go."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmcondense.apis.annotated_video import annotated_paths, score_rows


def window(start: float, end: float, **scores: float) -> dict:
    best = [dict(name=name, score=score) for name, score in scores.items()]
    return dict(input="a.mp4", start_seconds=start, end_seconds=end, top_k=best)


def test_a_score_holds_around_the_middle_of_its_window():
    predictions = [
        window(0, 2, walk=0.9, run=0.1),
        window(1, 3, run=0.6, walk=0.4),
        dict(input="a.mp4", start_seconds=2, end_seconds=4, error="damaged"),
        window(3, 5, run=0.8),
    ]
    run, walk = score_rows(predictions, duration=5)
    assert run.name == "run"
    assert run.spans == [(0.0, 1.5, 0.1), (1.5, 2.5, 0.6), (3.5, 6, 0.8)]
    assert walk.spans == [(0.0, 1.5, 0.9), (1.5, 2.5, 0.4)]


def test_rows_are_the_classes_that_score_most():
    predictions = [window(0, 1, **{f"class {i}": i / 10 for i in range(8)})]
    names = [row.name for row in score_rows(predictions, duration=1)]
    assert names == [f"class {i}" for i in (7, 6, 5, 4, 3)]


def test_two_videos_of_one_name_are_two_files(tmp_path: Path):
    original = tmp_path / "clip.mp4"
    original.touch()
    videos = [str(original), "b/clip.avi", "b/other.mp4"]
    paths = annotated_paths(videos, out_dir=str(tmp_path))
    # and no video is overwritten by its own copy
    assert [path.name for path in paths.values()] == ["clip_2.mp4", "clip_3.mp4", "other.mp4"]


@pytest.mark.parametrize("videos", [["a/clip.mp4", "b/clip.mp4"]])
def test_names_do_not_depend_on_what_was_written_before(tmp_path: Path, videos):
    first = annotated_paths(videos, out_dir=str(tmp_path))
    for path in first.values():
        path.touch()
    assert annotated_paths(videos, out_dir=str(tmp_path)) == first
