"""What is left of checkpoints by kills, full disks, damage and NaN."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcondense.engine.aside_backend import AsideBackend, LateRemoval
from mmcondense.engine.hooks.safe_checkpoint import SafeCheckpointHook, not_finite
from mmcondense.engine.sound_checkpoint import damage_of, newest_sound_checkpoint


class FailAtPut(Hook):
    """The disk is full when this many checkpoints are written."""

    def __init__(self, monkeypatch, after: int) -> None:
        put, written = AsideBackend.put, []

        def fail(backend, obj, filepath):
            written.append(filepath)
            if len(written) > after:
                raise OSError(28, "No space left on device")
            put(backend, obj, filepath)

        monkeypatch.setattr(AsideBackend, "put", fail)


class SpoilAfter(Hook):
    """Weights become NaN without a loss that tells."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.epoch == self.epoch:
            runner.model.slope.weight.data.fill_(float("nan"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.pth*"))


def test_the_last_one_is_kept_until_the_next_is_written(train_line, tmp_path, monkeypatch):
    checkpoint = dict(type="SafeCheckpointHook", interval=1, max_keep_ckpts=1)
    with pytest.raises(OSError, match="No space left"):
        train_line([FailAtPut(monkeypatch, after=2)], checkpoint=checkpoint)
    assert names(tmp_path) == ["epoch_2.pth"]
    assert damage_of(tmp_path / "epoch_2.pth") == ""
    monkeypatch.undo()
    train_line([], checkpoint=checkpoint, resume=True)
    assert names(tmp_path) == ["epoch_3.pth"]


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    AsideBackend().put(b"old", tmp_path / "a.pth")

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        AsideBackend().put(b"new", tmp_path / "a.pth")
    assert names(tmp_path) == ["a.pth"]
    assert (tmp_path / "a.pth").read_bytes() == b"old"


def test_what_is_written_in_the_place_of_a_condemned_file_stays(tmp_path):
    backend = LateRemoval()
    for name in ("a.pth", "b.pth"):
        AsideBackend().put(b"old", tmp_path / name)
        backend.remove(tmp_path / name)
    AsideBackend().put(b"new", tmp_path / "a.pth")
    backend.remove_now()
    assert names(tmp_path) == ["a.pth"]


def test_weights_that_are_not_finite_are_not_saved(train_line, tmp_path):
    train_line([SpoilAfter(1)])
    assert names(tmp_path) == ["epoch_1.pth"]
    assert newest_sound_checkpoint(tmp_path) == str(tmp_path / "epoch_1.pth")


@pytest.mark.parametrize(
    ("spoilt", "metrics", "saved"),
    [
        (False, [0.25, float("nan"), float("inf"), 0.5], [0.25, 0.5]),
        (True, [0.25, 0.5], []),
    ],
)
def test_the_best_is_finite(train_line, tmp_path, spoilt, metrics, saved):
    runner: Runner = train_line([SpoilAfter(2 if spoilt else 9)])
    hook = SafeCheckpointHook(interval=1, save_best="acc/top1")
    hook.before_train(runner)
    best = []
    for metric in metrics:
        hook._save_best_checkpoint(runner, {"acc/top1": metric})
        if (found := runner.message_hub.runtime_info.get("best_score")) not in [None, *best]:
            best.append(found)
    assert best == saved
    assert len(list(tmp_path.glob("best_*"))) == bool(saved)


def test_not_finite_names_parameters_and_buffers():
    model = torch.nn.BatchNorm1d(2)
    assert not_finite(model) == ""
    model.running_var[1] = float("nan")
    model.weight.data[0] = float("inf")
    assert not_finite(model) == "weight, running_var"


@pytest.fixture
def trained(train_line, tmp_path) -> Path:
    """A work dir with the checkpoints of three epochs."""
    train_line([])
    assert names(tmp_path) == [f"epoch_{n}.pth" for n in (1, 2, 3)]
    return tmp_path


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """What is logged."""
    messages: list[str] = []
    monkeypatch.setattr(
        "mmcondense.engine.sound_checkpoint.print_log", lambda message, *_: messages.append(message)
    )
    return messages


def test_without_checkpoints_there_is_nothing_to_resume(tmp_path):
    assert newest_sound_checkpoint(tmp_path) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "text"])
def test_damaged_ones_are_passed_over_and_named(trained, said, damage):
    last = trained / "epoch_3.pth"
    data = bytearray(last.read_bytes())
    if damage == "flipped":
        at = data.index(torch.load(last)["state_dict"]["slope.weight"].numpy().tobytes())
        data[at] ^= 1
    last.write_bytes(
        dict(cut=data[: len(data) // 2], empty=b"", flipped=bytes(data), text=b"oops")[damage]
    )
    assert newest_sound_checkpoint(trained) == str(trained / "epoch_2.pth")
    reason = "the checksum of its part" if damage == "flipped" else "it cannot be read"
    assert len(said) == 1
    assert said[0].startswith(f"{last} is damaged: {reason}")
    assert said[0].endswith(f"resuming from {trained / 'epoch_2.pth'}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "is empty"), ("nowhere.pth", "names nowhere.pth, which is not there")],
)
def test_a_note_that_leads_nowhere_is_passed_over(trained, said, content, reason):
    (trained / "last_checkpoint").write_text(content)
    assert newest_sound_checkpoint(trained) == str(trained / "epoch_3.pth")
    assert reason in "".join(said)


def test_the_note_decides_and_may_have_moved_with_its_folder(trained, tmp_path):
    (trained / "last_checkpoint").write_text("/elsewhere/work/epoch_1.pth")
    assert newest_sound_checkpoint(trained) == str(trained / "epoch_1.pth")


def test_beginning_anew_is_not_done_in_silence(trained, train_line):
    for path in trained.glob("*.pth"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="To begin anew, leave out --resume"):
        newest_sound_checkpoint(trained)
    with pytest.raises(SystemExit, match="nothing to resume from"):
        train_line([], resume=True)


def test_each_flipped_bit_is_noticed_or_changes_nothing(trained):
    path = trained / "epoch_3.pth"
    whole = path.read_bytes()
    weights = torch.load(path)["state_dict"]
    draws = random.Random(0)
    noticed = 0
    for _ in range(100):
        data = bytearray(whole)
        data[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
        path.write_bytes(data)
        if damage_of(path):
            noticed += 1
        else:
            assert torch.equal(
                torch.load(path)["state_dict"]["slope.weight"], weights["slope.weight"]
            )
    assert noticed > 50
