"""The log of predictions: what a second run finds in it."""

from __future__ import annotations

import json

import pytest

from mmcondense.apis.inference_inputs import UsageError
from mmcondense.apis.prediction_log import PredictionLog

MADE_WITH = dict(weights="a.pth", top_k=5)


def record(video: str, window: int, count: int, **more) -> dict:
    return dict(input=video, window=window, num_windows=count, **more)


def test_a_second_run_finds_what_the_first_wrote(tmp_path):
    path = tmp_path / "log.jsonl"
    with PredictionLog(path, made_with=MADE_WITH) as log:
        log.add(record("ä.mp4", 0, 2, pred_labels=[3]))
        assert log.windows_of("ä.mp4") is None
        log.add(dict(input="broken.mp4", error="no"))
        log.add(record("ä.mp4", 1, 2, pred_labels=[4]))
        log.add(record("b.mp4", 0, 2))
        log.add(record("b.mp4", 1, 2, error="half of it"))
    with PredictionLog(path, made_with=MADE_WITH) as log:
        assert log.windows_of("ä.mp4") == 2
        assert log.find("ä.mp4", 1) == record("ä.mp4", 1, 2, pred_labels=[4])
        assert log.windows_of("broken.mp4") is None
        assert log.windows_of("b.mp4") is None
        assert log.find("b.mp4", 0) == record("b.mp4", 0, 2)
        assert log.find("b.mp4", 1) is None
        log.add(record("b.mp4", 1, 2))
        assert log.windows_of("b.mp4") == 2
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 6
    assert all(line["made_with"] == MADE_WITH for line in lines)


def test_a_line_that_was_cut_short_is_removed(tmp_path):
    path = tmp_path / "log.jsonl"
    with PredictionLog(path, made_with=MADE_WITH) as log:
        log.add(record("a.mp4", 0, 1))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    with PredictionLog(path, made_with=MADE_WITH) as log:
        assert log.num_done == 1
        log.add(record("b.mp4", 0, 1))
        assert log.find("b.mp4", 0) == record("b.mp4", 0, 1)
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["input"] for line in path.read_text().splitlines()] == [
        *("a.mp4", "b.mp4")
    ]


def test_lines_are_there_at_once(tmp_path):
    with PredictionLog(tmp_path / "log.jsonl", made_with=MADE_WITH) as log:
        log.add(record("a.mp4", 0, 1))
        assert (tmp_path / "log.jsonl").read_bytes().endswith(b"\n")


def test_predictions_of_two_models_are_not_mixed(tmp_path):
    path = tmp_path / "log.jsonl"
    with PredictionLog(path, made_with=MADE_WITH) as log:
        log.add(record("a.mp4", 0, 1))
    with pytest.raises(
        UsageError,
        match=r"made with weights='a.pth', and these are made with weights='b.pth': remove",
    ):
        PredictionLog(path, made_with=dict(MADE_WITH, weights="b.pth"))
    path.write_text("hello\n")
    with pytest.raises(UsageError, match="line 1: this is no log of predictions"):
        PredictionLog(path, made_with=MADE_WITH)
