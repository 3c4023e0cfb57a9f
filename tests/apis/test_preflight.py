from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmcondense.apis.preflight import check_gpus, describe_missing, missing_inputs

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
TRAINING = ("train_dataloader", "val_dataloader")


def missing_paths(name: str, **kwargs) -> dict[str, str]:
    cfg = Config.fromfile(CONFIGS / name)
    return {m.path: m.made_by for m in missing_inputs(cfg, **(dict(loaders=TRAINING) | kwargs))}


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        else:
            path.mkdir(parents=True, exist_ok=True)


def test_the_missions_config_names_data_and_stages_until_they_are_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = "ipts/ip_tsn_hmdb51.py"
    data = "bash tools/data/hmdb51/prepare.sh ARCHIVES data/hmdb51"
    stages = "bash tools/train_ip_tsn.sh hmdb51 1"
    root, work_dir = "data/hmdb51", "work_dirs/ip_tsn/hmdb51/split1"
    expected = {
        f"{root}/hmdb51_train_split_1_videos.txt": data,
        f"{root}/hmdb51_val_split_1_videos.txt": data,
        f"{root}/videos_mpeg4": data,
        f"{root}/flow": data,
        f"{work_dir}/flow_2d3d/final.pth": stages,
        f"{work_dir}/mr_2d3d/final.pth": stages,
    }
    assert missing_paths(config) == expected
    text = describe_missing(missing_inputs(Config.fromfile(CONFIGS / config), loaders=TRAINING))
    assert text.count(data) == text.count(stages) == 1
    # a test needs no teacher, no flow and nothing of the training
    tested = missing_paths(config, loaders=("test_dataloader",))
    assert set(tested) == {f"{root}/hmdb51_val_split_1_videos.txt", f"{root}/videos_mpeg4"}
    make(tmp_path, *list(expected)[:-1])
    assert missing_paths(config) == {list(expected)[-1]: stages}
    make(tmp_path, *expected)
    assert missing_paths(config) == {}
    monkeypatch.setenv("SPLIT", "2")
    assert f"{root}/hmdb51_train_split_2_videos.txt" in missing_paths(config)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ("attp/attp_ucf101.py", "data/ucf101/flow_originals"),
        ("attp/attp_ucf101.py", "work_dirs/attp/ucf101/split1/flow/final.pth"),
        ("ipts/stages/mr_2d3d_ucf101.py", "work_dirs/ip_tsn/ucf101/split1/distill_2d/final.pth"),
        ("ipts/stages/distill_2d_hmdb51.py", "work_dirs/ip_tsn/hmdb51/split1/mr_2d/final.pth"),
        ("ifs/classifiers/tsn_r101_hmdb51.py", "work_dirs/ifs/tsn_r101_kinetics400/final.pth"),
        ("ifs/classifiers/end_to_end_synthetic.py", "work_dirs/ifs_synthetic/final.pth"),
    ],
)
def test_weights_and_flow_of_other_recipes_are_found(tmp_path, monkeypatch, config, path):
    monkeypatch.chdir(tmp_path)
    assert path in missing_paths(config)


def test_flow_of_parts_that_lie_apart_is_asked_for_with_its_own_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = "bash tools/data/kinetics/prepare_400.sh KINETICS data/kinetics400"
    found = missing_paths("avd/avd_flow_kinetics400.py")
    for part in ("train", "val"):
        assert found[f"data/kinetics400/videos_{part}_mpeg4"] == data
        assert found[f"data/kinetics400/flow_{part}"] == f"FLOW=tvl1 {data}"
    assert not any("flow" in path for path in missing_paths("avd/avd_kinetics400.py"))


def test_every_shipped_config_can_be_asked(tmp_path, monkeypatch):
    """From an empty folder each misses its data, with no other data set's command; what lies
    elsewhere is not asked for."""
    monkeypatch.chdir(tmp_path)
    for data_set, other in (("hmdb51", "ucf101"), ("ucf101", "hmdb51")):
        for path in sorted(CONFIGS.rglob(f"*{data_set}*.py")):
            if "_base_" not in path.parts:
                found = missing_paths(str(path.relative_to(CONFIGS)))
                data = [name for name in found if name.startswith(f"data/{data_set}")]
                assert data
                assert not any("kinetics" in found[name] or other in found[name] for name in data)
                assert not any("://" in name for name in found)


@pytest.mark.parametrize(
    ("there", "wanted", "expected"),
    [(0, 2, "note: no GPU"), (2, 8, "error: 8 GPUs are asked for, and 2"), (8, 8, ""), (8, 2, "")],
)
def test_fewer_gpus_than_asked_for_are_said(monkeypatch, there, wanted, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    said = check_gpus(wanted)
    assert said.startswith(expected)
    assert bool(said) == bool(expected)
