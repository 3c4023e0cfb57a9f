"""A folder of classes to a model and a page, to the end and again; and wrong input."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

from compressedvideo import encode_frames
from mmcondense.apis.score_dump import load_score_dump
from mmcondense.engine.hooks import SafeCheckpointHook
from mmcondense_cli.predict import main as predict
from mmcondense_cli.train import main

CLASSES = ("fast", "still")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips a class, which nothing but motion tells apart, and one that is none."""
    folder = tmp_path_factory.mktemp("mine") / "clips of mine"
    rng = np.random.default_rng(0)
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for index in range(6):
            picture = rng.integers(0, 256, (6, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            lefts = [3 * t if name == "fast" else 0 for t in range(12)]
            frames = [picture[:, left : left + 48] for left in lefts]
            encode_frames(folder / name / f"{index}.mp4", frames, gop_size=12)
    (folder / "still" / "broken.mp4").write_bytes(b"no video" * 99)
    return folder


@pytest.fixture(autouse=True)
def plain_configs(monkeypatch: pytest.MonkeyPatch) -> None:
    """MMEngine formats a config for each file and checkpoint that it writes: half of all time."""
    monkeypatch.setattr("mmengine.config.config.FormatCode", lambda text, **_: (text, True))


def options(work_dir: Path) -> list[str]:
    return ["--work-dir", str(work_dir), "--workers", "0", "--batch-size", "5", "--epochs", "2"]


def test_from_clips_to_a_page_and_again(folder: Path, tmp_path: Path, capsys):
    work_dir = tmp_path / "work"
    arguments = [str(folder), *options(work_dir)]

    # stopped behind the first epoch
    original = SafeCheckpointHook.after_train_epoch

    def stop(self, runner):
        original(self, runner)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SafeCheckpointHook, "after_train_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            main(arguments)
    said = capsys.readouterr()
    assert "2 classes, 10 videos to train on, 2 to test on" in said.out
    assert f"left out: {folder}/still/broken.mp4: is no video" in said.err
    assert "1 of 13 videos cannot be read" in said.err
    first = torch.load(work_dir / "epoch_1.pth", weights_only=True)["state_dict"]

    assert main(arguments) == 0  # and on
    said = capsys.readouterr()
    assert "resumed epoch: 1" in said.out
    dump = load_score_dump(work_dir / "scores.npz")
    right = int((dump.scores.argmax(axis=1) == dump.labels).sum())
    assert f"top-1 {right / 2:.1%}" in said.out
    for name in ("report.html", "curves.png", "confusion_matrix.png", "epoch_2.pth"):
        assert (work_dir / name).stat().st_size > 1000
    assert not list(work_dir.glob("*.part"))
    page = (work_dir / "report.html").read_text()
    assert "epoch 2 of 2, the last" in page
    assert page.count("data:image/webp") == 2
    assert f"<b>Top-1 {50 * right:.1f} %</b>" in page
    checkpoint = torch.load(work_dir / "epoch_2.pth", weights_only=True)
    assert checkpoint["meta"]["dataset_meta"]["classes"] == list(CLASSES)
    changed = [not torch.equal(x, first[key]) for key, x in checkpoint["state_dict"].items()]
    assert any(changed)

    # the command that it names works, with the classes' names
    command = shlex.split(re.search(r"^next: (.*)$", said.out, re.MULTILINE)[1])
    assert command[:2] == ["mmcondense", "predict"]
    assert predict([*command[2:], "--device", "cpu"]) == 0
    assert re.search(r"\b(fast|still)\b", capsys.readouterr().out)

    # a third time there is nothing left to train, and the weights stay
    assert main(arguments) == 0
    again = torch.load(work_dir / "epoch_2.pth", weights_only=True)["state_dict"]
    assert all(torch.equal(x, again[key]) for key, x in checkpoint["state_dict"].items())
    capsys.readouterr()

    # other settings are another training
    assert main([*arguments, "--no-flip"]) == 1
    assert "is of another training: " in capsys.readouterr().err
    assert main([*arguments, "--seed", "1"]) == 1
    assert "lists other videos or classes" in capsys.readouterr().err


def test_motion_alone_to_a_page_and_a_prediction(folder: Path, tmp_path: Path, capsys):
    """A video whose bits this package does not read is left out, and said so."""
    mine, work_dir = tmp_path / "mine", tmp_path / "work"
    for name in CLASSES:
        (mine / name).mkdir(parents=True)
        for video in (folder / name).glob("[0-9].mp4"):
            (mine / name / video.name).symlink_to(video)
    frames = np.zeros((12, 48, 48, 3), np.uint8)
    encode_frames(mine / "still" / "old.mpg", frames, codec="mpeg1")
    arguments = [str(mine), *options(work_dir), "--motion-only"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert re.search(r"left out: \S+/still/old.mpg: .*bits", said.err)
    assert "2 classes, 10 videos to train on, 2 to test on" in said.out
    assert (work_dir / "report.html").read_text().count("data:image/webp") == 2
    command = shlex.split(re.search(r"^next: (.*)$", said.out, re.MULTILINE)[1])
    assert predict([*command[2:], "--device", "cpu"]) == 0
    assert re.search(r"\b(fast|still)\b", capsys.readouterr().out)
    assert main(arguments[:-1]) == 1
    assert f"{work_dir}/p_stream.py is of another training: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/nowhere"], "no folder {tmp}/nowhere"),
        (["{mine}/fast"], "holds no folder; two or more are needed"),
        (["{mine}", "--val", "{mine}"], "is what is trained on; leave it out for a split"),
        (["{mine}", "--val", "{tmp}/nowhere"], "no folder {tmp}/nowhere"),
        (["{mine}", "--val", "{tmp}"], "has no video of the classes fast, still"),
        (["{mine}", "--epochs", "0"], "--epochs 0 must be at least 1"),
    ],
)
def test_wrong_input_is_one_line(folder: Path, tmp_path: Path, capsys, arguments, message):
    names = dict(tmp=tmp_path, mine=folder)
    assert main([argument.format(**names) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message.format(**names) in error
    assert error.count("\n") == 1


def test_a_class_of_which_nothing_can_be_read(folder: Path, tmp_path: Path, capsys):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.mp4").write_bytes(b"no video" * 99)
    (tmp_path / "good").symlink_to(folder / "fast")
    assert main([str(tmp_path), *options(tmp_path / "work")]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: no video of bad can be read: see above"
    )
    assert not (tmp_path / "work").exists()
