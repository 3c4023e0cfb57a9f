"""Losses that are not finite end a training, with the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmcondense.engine.hooks import FiniteLossHook


def test_the_files_of_the_batch_are_named_and_nothing_is_saved(train_line, tmp_path: Path):
    with pytest.raises(FloatingPointError) as caught:
        train_line([dict(type="FiniteLossHook")], bad=(5,))
    message = str(caught.value)
    assert "loss=nan in iteration 3 of epoch 1, on\n  4.mp4\n  5.mp4\n" in message
    assert list(tmp_path.glob("*.pth")) == []


def test_a_run_of_them_may_be_allowed(train_line):
    with pytest.raises(FloatingPointError, match="iteration 4, the 2th in a row,") as caught:
        train_line([dict(type="FiniteLossHook", max_in_a_row=2)], bad=(5,))  # the weights are NaN
    assert [f"{i}.mp4" in str(caught.value) for i in range(8)] == [False] * 4 + [True] * 4


def test_finite_losses_in_between_start_the_count_anew(train_line):
    hook = FiniteLossHook(max_in_a_row=2)

    class Runner:
        iter, epoch = 0, 0

        class logger:
            @staticmethod
            def warning(message: str) -> None:
                assert message == "loss=inf in iteration 1"

    for value in (float("inf"), 1.0, float("inf"), 2.0):
        hook.after_train_iter(Runner, 0, None, dict(loss=value, grad_norm=float("inf")))


def test_finite_losses_train_to_the_end(train_line):
    assert train_line([dict(type="FiniteLossHook")]).iter == 12


def test_there_is_no_training_without_a_limit():
    with pytest.raises(ValueError, match="max_in_a_row is 0, must be at least 1"):
        FiniteLossHook(max_in_a_row=0)
