"""tools/benchmarks/*_table.sh: what they start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DISTILLATION = "benchmarks/distillation_table.sh"
ROWS = ["p_stream", "p_stream_feature", "p_stream_soft_label"]


def test_rows_come_after_their_teacher_and_are_skipped_once_done(calls_of, tmp_path):
    arguments, options = [DISTILLATION, "hard"], dict(SEEDS="0 1", OUT="out")
    clips, teacher, *calls = calls_of(*arguments, **options)
    assert clips[0].endswith("make_synthetic.py")
    assert clips[clips.index("--num-train") + 1] == "240"
    assert teacher[1].endswith("flow_hard.py")
    assert teacher[2:] == ["--seed", "0", "--work-dir", "out/hard/flow"]
    trainings, averages = calls[:6], calls[6:]
    for (seed, row), call in zip([(s, r) for s in "01" for r in ROWS], trainings, strict=True):
        assert Path(call[1]).is_file()
        assert Path(call[1]).name == f"{row}_hard.py"
        assert call[2:] == ["--seed", seed, "--work-dir", f"out/hard/seed{seed}/{row}"]
        result = tmp_path / f"out/hard/seed{seed}/{row}/val.json"
        assert json.loads(result.read_text()) == {"acc/top1": 0.5}
    for row, call in zip(ROWS, averages, strict=True):
        assert call[1:3] == [f"out/hard/seed{seed}/{row}/val.json" for seed in "01"]
    assert len(calls_of(*arguments, **options)) == 1 + len(averages)


def test_fights_clips_are_made_small_and_cut_trainings_go_on(calls_of, tmp_path):
    fights = tmp_path / "fights"
    fights.mkdir()
    (tmp_path / "data" / "fights_160x120").mkdir(parents=True)
    for part in ("train", "val"):
        (fights / f"{part}.txt").write_text("a.mp4 0\n")
    cut = tmp_path / "work_dirs" / "distillation" / "fights" / "seed2" / "p_stream"
    cut.mkdir(parents=True)
    (cut / "last_checkpoint").write_text("epoch_10.pth")
    reencode, flow, *calls = calls_of(DISTILLATION, "fights", FIGHTS=str(fights), SEEDS="2")
    assert reencode[1:5] == [f"{fights}/videos", "data/fights_160x120/videos", "--size", "160x120"]
    assert flow[1:3] == ["data/fights_160x120/videos", "data/fights_160x120/flow"]
    assert (tmp_path / "data" / "fights_160x120" / "val.txt").read_text() == "a.mp4 0\n"
    assert [call[-1] == "--resume" for call in calls[:4]] == [False, True, False, False]


def test_unknown_set_starts_nothing(calls_of):
    assert calls_of(DISTILLATION, "ucf101", status=2) == []


def test_attp_rows_come_after_the_networks_they_need(calls_of, tmp_path):
    arguments, options = (
        ["benchmarks/attp_table.sh", "paired", "25"],
        dict(SEEDS="0 1", ROWS="tp attp"),
    )
    *clips, appearance, flow, row0, row1, row2, row3, mean0, mean1 = calls_of(*arguments, **options)
    sets = {call[call.index("--task") + 1]: call for call in clips}
    assert set(sets) == {"appearance", "both", "paired"}
    assert all(call[call.index("--noise") + 1] == "25" for call in clips)

    def data(task: str) -> list[str]:
        root = sets[task][sets[task].index("--out") + 1]
        splits = ("train", "val", "test")
        return [f"{split}_dataloader.dataset.data_root={root}" for split in splits]

    out = "work_dirs/attp_table/paired_25"
    seed0 = ["--seed", "0", "--work-dir"]
    assert appearance[2:] == [*seed0, f"{out}/appearance", "--cfg-options", *data("appearance")]
    assert flow[2:] == [*seed0, f"{out}/flow", "--cfg-options", *data("both")]
    expected = [(seed, row) for seed in "01" for row in ("tp", "attp")]
    for (seed, row), call in zip(expected, [row0, row1, row2, row3], strict=True):
        assert Path(call[1]).is_file()
        assert Path(call[1]).name == f"{row}_synthetic.py"
        assert call[2:6] == ["--seed", seed, "--work-dir", f"{out}/seed{seed}/{row}"]
        assert call[6:] == ["--cfg-options", *data("paired")]
    assert mean0[1:3] == [f"{out}/seed{seed}/tp/val.json" for seed in "01"]
    assert mean1[1:3] == [f"{out}/seed{seed}/attp/val.json" for seed in "01"]
    assert len(calls_of(*arguments, **options)) == len(clips) + 2


def test_attp_rows_train_longer_beside_the_short_ones(calls_of):
    options = dict(SEEDS="0", ROWS="tp", EPOCHS="4")
    *_, appearance, _, row, mean = calls_of("benchmarks/attp_table.sh", "both", "25", **options)
    longer = ["train_cfg.max_epochs=4", "param_scheduler.0.total_steps=4"]
    assert row[5] == "work_dirs/attp_table/both_25_4epochs/seed0/tp"
    assert row[6:9] == ["--cfg-options", *longer]
    assert "train_cfg.max_epochs=4" not in appearance
    assert mean[1] == "work_dirs/attp_table/both_25_4epochs/seed0/tp/val.json"


@pytest.mark.parametrize(("window", "out"), [("8", ""), ("24", "/window24")])
def test_tsd_and_its_rivals_start_from_one_main_network(calls_of, tmp_path, window, out):
    work = tmp_path / "work"
    script = "benchmarks/tsd_table.sh"
    options = dict(WINDOW=window, WORK_DIR=str(work))
    brief, motion, main, *rows, _ = calls_of(script, "1", **options)
    assert brief[brief.index("--task") + 1] == "brief"
    assert ("--window" in brief) == (window == "24")
    assert motion[motion.index("--task") + 1] == "motion"
    assert main[2:6] == ["--seed", "1", "--work-dir", f"{work}/main_1"]
    for method, call in zip(("tsd", "uniform", "random", "attention"), rows, strict=True):
        assert Path(call[1]).name == f"{method}_synthetic.py"
        assert call[5] == f"{work}{out}/{method}_1"
        data_root = brief[brief.index("--out") + 1]
        assert f"train_dataloader.dataset.data_root={data_root}" in call
        assert f"train_cfg.max_epochs={4 if window == '8' else 8}" in call
    assert len(calls_of(script, "1", **options)) == 3


def test_tsd_table_knows_two_windows(calls_of):
    assert calls_of("benchmarks/tsd_table.sh", WINDOW="12", status=2) == []
