"""tools/train_ip_tsn.sh: which trainings it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["mr_2d", "flow_2d", "distill_2d", "mr_2d3d", "flow_2d3d", "ip_tsn"]


@pytest.fixture
def run(calls_of):
    """The trainings that one call starts."""
    return lambda *arguments, **options: [
        " ".join(call) for call in calls_of("train_ip_tsn.sh", *arguments, **options)
    ]


def names(calls: list[str]) -> list[str]:
    return [Path(call.split("--work-dir ")[1].split()[0]).name for call in calls]


def test_stages_run_in_order_and_are_skipped_once_done(run):
    calls = run("hmdb51", "1", "--seed", "3")
    assert names(calls) == STAGES
    for stage, call in zip(STAGES, calls, strict=True):
        assert f"--seed 3 --work-dir work_dirs/ip_tsn/hmdb51/{stage}" in call
        assert "--resume" not in call
        config = Path(call.split()[1])
        assert config.is_file()
    assert calls[2].split()[1].endswith("stages/distill_2d_hmdb51.py")
    assert calls[5].split()[1].endswith("ipts/ip_tsn_hmdb51.py")
    assert run("hmdb51", "1") == []


@pytest.mark.parametrize("stage", STAGES)
def test_killed_stage_is_resumed(run, stage):
    assert names(run("synthetic", "1", status=137, DIE_IN=stage))[-1] == stage
    calls = run("synthetic", "1")
    assert names(calls) == STAGES[STAGES.index(stage) :]
    assert calls[0].endswith("--resume")
    assert all("--resume" not in call for call in calls[1:])


def test_unfinished_checkpoint_is_not_resumed(run, tmp_path):
    """Killed before the first checkpoint was noted, or while it was."""
    work_dir = tmp_path / "work_dirs" / "ip_tsn" / "synthetic" / "mr_2d"
    work_dir.mkdir(parents=True)
    (work_dir / "epoch_1.pth").write_bytes(b"half a file")
    (work_dir / "last_checkpoint").touch()
    assert "--resume" not in run("synthetic", "1")[0]


def test_splits_have_their_own_lists_and_folders(run):
    options = [f"{part}_dataloader.dataset.ann_file=ucf101_{kind}_split_2_videos.txt"
               for part, kind in (("train", "train"), ("val", "val"), ("test", "val"))]  # fmt: skip
    for arguments in ((), ("--cfg-options", "train_cfg.max_epochs=1")):
        calls = run("ucf101", "1", *arguments, SPLIT="2", IP_TSN_STAGES=f"x{len(arguments)}")
        assert names(calls) == STAGES
        for call in calls:
            words = call.split()
            assert words.count("--cfg-options") == 1
            start = words.index("--cfg-options") + 1
            assert words[start : start + 3] == options
            assert words[start + 3 : start + 3 + len(arguments) // 2] == list(arguments[1:])
    assert "work_dirs/ip_tsn/ucf101_split3/mr_2d" in run("ucf101", "1", SPLIT="3")[0]


def test_several_gpus_go_through_dist_train(run):
    calls = run("kinetics-n50", "2")
    assert all("torch.distributed.run" in call and "--nproc_per_node=2" in call for call in calls)
    assert names(calls) == STAGES


@pytest.mark.parametrize(
    ("arguments", "split"),
    [(("kinetics",), "1"), (("imagenet", "1"), "1"), (("synthetic", "1"), "2")],
)
def test_wrong_arguments_start_nothing(run, arguments, split):
    with pytest.raises(AssertionError, match=r"usage: bash|has no split 2"):
        run(*arguments, SPLIT=split)


def test_every_stage_of_every_data_set_has_a_config():
    folder = ROOT / "configs" / "ipts" / "stages"
    for dataset in ("hmdb51", "ucf101", "kinetics_n50", "synthetic"):
        for stage in STAGES[:5]:
            assert (folder / f"{stage}_{dataset}.py").is_file()
