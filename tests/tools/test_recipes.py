"""tools/train_{ip_tsn,attp,avd,ifs}.sh: which trainings and tests they start, on which videos."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcondense.apis.cli import load_config

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["mr_2d", "flow_2d", "distill_2d", "mr_2d3d", "flow_2d3d", "ip_tsn"]


@pytest.fixture
def run(calls_of):
    """The trainings and tests that one call starts."""
    return lambda *arguments, **options: [
        " ".join(call) for call in calls_of("train_ip_tsn.sh", *arguments, **options)
    ]


def names(calls: list[str]) -> list[str]:
    """The stages' names, of trainings only."""
    trainings = [call for call in calls if "train.py" in call]
    return [Path(call.split("--work-dir ")[1].split()[0]).name for call in trainings]


def test_stages_run_in_order_and_are_skipped_once_done(run):
    calls = run("hmdb51", "1", "--seed", "3")
    assert names(calls) == STAGES
    root = "work_dirs/ip_tsn/hmdb51/split1"
    for stage, call in zip(STAGES, calls[:-1], strict=True):
        assert f"--seed 3 --work-dir {root}/{stage}" in call
        assert "--resume" not in call
        assert "--auto-scale-lr" in call  # the batch depends on the number of GPUs
        config = Path(call.split()[1])
        assert config.is_file()
    assert calls[2].split()[1].endswith("stages/distill_2d_hmdb51.py")
    assert calls[5].split()[1].endswith("ipts/ip_tsn_hmdb51.py")
    assert "tools/test.py" in calls[6]
    assert calls[6].split()[2] == f"{root}/ip_tsn/final.pth"
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


RECIPES = [
    ("train_ip_tsn.sh", "work_dirs/ip_tsn/ucf101", "ip_tsn", 7),
    ("train_attp.sh", "work_dirs/attp/ucf101", "attp", 3),
    ("train_avd.sh", "work_dirs/avd/ucf101", "resnet50", 5),
    ("train_ifs.sh", "work_dirs/ifs/ucf101", "tsn_r101", 4),
]


@pytest.mark.parametrize(("script", "root", "last", "per_split"), RECIPES)
def test_every_split_trains_and_tests_on_its_own_lists(
    calls_of, monkeypatch, script, root, last, per_split
):
    """Read as the script's commands would: with its environment, from the config that it names."""
    calls = calls_of(script, "ucf101", "1", SPLIT="all")
    environments = calls_of.environments
    average, calls = calls[-1], calls[:-1]
    dumps = [f"{root}/split{split}/{last}/test.pkl" for split in "123"]
    assert average[0].endswith("average_splits.py")
    assert average[1:4] == dumps
    seen = {"1": 0, "2": 0, "3": 0}
    for call, environment in zip(calls, environments, strict=False):
        if "kinetics400" in call[1]:
            continue
        split = environment["SPLIT"]
        seen[split] += 1
        for name, value in environment.items():
            if value:
                monkeypatch.setenv(name, value)
        cfg = Config.fromfile(call[1])
        for loader, part in (("train", "train"), ("val", "val"), ("test", "val")):
            listed = cfg[f"{loader}_dataloader"].dataset.ann_file
            assert listed in (
                f"ucf101_{part}_split_{split}_videos.txt",
                f"ucf101_{part}_split_{split}_originals.txt",  # ATTP
                f"{part}_split_{split}.txt",  # of condensed videos
            )
        if call[0].endswith(("/train.py", "/test.py")):
            assert f"{root}/split{split}/" in call[call.index("--work-dir") + 1]
        if call[0].endswith("/test.py"):
            assert call[2] == f"{root}/split{split}/{last}/final.pth"
            assert call[call.index("--dump") + 1].startswith(f"{root}/split{split}/{last}/")
        for value in _strings(cfg.to_dict()):  # weights and teachers
            if value.startswith(f"{root}/split") and value.endswith(".pth"):
                assert value.startswith(f"{root}/split{split}/")
    assert seen == {"1": per_split, "2": per_split, "3": per_split}


def test_no_config_shares_lists_or_folders_between_splits(monkeypatch):
    shared = {}
    for path in sorted((ROOT / "configs").rglob("*.py")):
        if "_base_" in path.parts or not path.stem.endswith(("_hmdb51", "_ucf101")):
            continue
        seen = []
        for split in ("1", "2"):
            monkeypatch.setenv("SPLIT", split)
            arguments = dict(config=str(path), work_dir=None, launcher="none", local_rank=0)
            cfg = load_config(argparse.Namespace(**arguments))
            listed = [x.ann_file for loader in ("train", "test") for x in listed_in(cfg, loader)]
            seen.append([cfg.work_dir, *listed])
        shared[path.stem] = [one for one, other in zip(*seen, strict=True) if one == other]
    assert len(shared) > 40
    assert not any(shared.values()), {k: v for k, v in shared.items() if v}


def listed_in(cfg: Config, loader: str) -> list:
    dataset = cfg[f"{loader}_dataloader"].dataset
    return [dataset if "ann_file" in dataset else dataset.dataset]


def _strings(value) -> list[str]:
    if isinstance(value, dict):
        return [s for v in value.values() for s in _strings(v)]
    if isinstance(value, list | tuple):
        return [s for v in value for s in _strings(v)]
    return [value] if isinstance(value, str) else []


def test_ifs_classifiers_start_from_their_method_and_read_its_frames(calls_of):
    calls = calls_of("train_ifs.sh", "hmdb51", "1", METHOD="ifs_mot")
    trainings = [call for call in calls if call[0].endswith("/train.py")]
    assert [Path(call[1]).name for call in trainings] == [
        "ifs_mot_kinetics400.py",
        "tsn_r101_kinetics400.py",
        "tsn_r101_hmdb51.py",
    ]
    last = calls_of.environments[-1]
    assert last["CONDENSED"] == "data/hmdb51/ifs_mot"
    assert last["PRETRAINED"] == "work_dirs/ifs_mot/tsn_r101_kinetics400/final.pth"


@pytest.mark.parametrize("classifier", ["tsn_r101", "end_to_end_r101"])
def test_some_terms_of_ifs_alone_in_folders_of_their_own(calls_of, monkeypatch, classifier):
    calls = calls_of("train_ifs.sh", "kinetics400", "1", IFS_TERMS="app_adv", CLASSIFIER=classifier)
    root = "work_dirs/ifs_app_adv"
    everything = dict.fromkeys(("app", "cat", "mot", "adv", "color"), 1.0)  # eq. (7)
    assert Config.fromfile(calls[0][1]).model.condenser.loss_weights == everything
    monkeypatch.setenv("IFS_TERMS", "app_adv")
    generator = Config.fromfile(calls[0][1])
    assert generator.model.condenser.loss_weights == dict(app=1.0, adv=1.0)
    assert calls[0][calls[0].index("--work-dir") + 1] == f"{root}/generator"
    condensed = [call for call in calls if call[0].endswith("/condense_dataset.py")]
    environment = calls_of.environments[-1]
    if classifier == "tsn_r101":
        assert [call[2] for call in condensed] == [f"{root}/generator/final.pth"] * 2
        assert condensed[0][-1] == environment["CONDENSED"] == "data/kinetics400/ifs_app_adv"
    else:
        assert condensed == []
        monkeypatch.setenv("IFS_CHECKPOINT", environment["IFS_CHECKPOINT"])
        cfg = Config.fromfile(calls[-1][1])
        assert cfg.model.condenser_checkpoint == f"{root}/generator/final.pth"
        assert cfg.work_dir == f"{root}/end_to_end_r101_kinetics400"
    with pytest.raises(AssertionError, match="IFS_TERMS is for METHOD=ifs"):
        calls_of("train_ifs.sh", "kinetics400", "1", IFS_TERMS="app", METHOD="ifs_mot")


def test_several_gpus_go_through_torchrun(run):
    calls = run("kinetics-n50", "2")
    checks, calls = calls[::2], calls[1::2]  # each looks for what is missing first
    assert all(call.endswith("--check 2") for call in checks)
    assert all("torch.distributed.run" in call and "--nproc_per_node=2" in call for call in calls)
    assert names(calls) == STAGES
    assert "test.py" in calls[-1]


@pytest.mark.parametrize(
    "script", ["train_ip_tsn.sh", "train_attp.sh", "train_avd.sh", "train_ifs.sh"]
)
@pytest.mark.parametrize(
    ("arguments", "split", "message"),
    [
        (("ucf101",), "1", "usage: bash tools/train"),
        (("imagenet", "1"), "1", "usage: bash tools/train"),
        (("ucf101", "1"), "4", "ucf101 has no split 4"),
    ],
)
def test_wrong_arguments_start_nothing(calls_of, script, arguments, split, message):
    with pytest.raises(AssertionError, match=message):
        calls_of(script, *arguments, SPLIT=split)
    assert calls_of.environments == []


def test_every_stage_of_every_data_set_has_a_config():
    folder = ROOT / "configs" / "ipts" / "stages"
    for dataset in ("hmdb51", "ucf101", "kinetics_n50", "synthetic"):
        for stage in STAGES[:5]:
            assert (folder / f"{stage}_{dataset}.py").is_file()


@pytest.mark.parametrize(
    ("config", "frames", "work_dir"),
    [
        ("ifs/classifiers/tsn_r101_ucf101.py", "", "work_dirs/ifs/tsn_r101_ucf101_split1"),
        (
            "ifs/classifiers/tsn_r101_ucf101.py",
            "ifs_mot",
            "work_dirs/ifs_mot/tsn_r101_ucf101_split1",
        ),
        (
            "ifs/classifiers/ifs_3d_r101_kinetics400.py",
            "x/ifs_mot/",
            "work_dirs/ifs_mot/ifs_3d_r101_kinetics400",
        ),
        (
            "avd/classifiers/resnet50_hmdb51.py",
            "avd_flow",
            "work_dirs/avd_flow/resnet50_hmdb51_split1",
        ),
        ("avd/classifiers/inception_v3_ucf101.py", "", "work_dirs/avd/inception_v3_ucf101_split1"),
    ],
)
def test_classifiers_of_other_frames_have_other_work_dirs(monkeypatch, config, frames, work_dir):
    """And are fine-tuned from the classifier of frames of the same kind."""
    if frames:
        monkeypatch.setenv("CONDENSED", frames)
    cfg = Config.fromfile(ROOT / "configs" / config)
    assert cfg.work_dir == work_dir
    if "tsn_r101_ucf101" in config:
        method = Path(work_dir).parent
        assert cfg.load_from == f"{method}/tsn_r101_kinetics400/final.pth"
        monkeypatch.setenv("PRETRAINED", "other.pth")
        assert Config.fromfile(ROOT / "configs" / config).load_from == "other.pth"
