from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from mmaction.registry import METRICS

from mmcondense.evaluation.score_kind import common_kind, score_kind


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_are_told_from_logits(dtype):
    logits = np.random.default_rng(0).normal(size=(50, 400)) * 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert score_kind(probabilities.astype(dtype)) == "probabilities"
    assert score_kind(logits.astype(dtype)) == "logits"
    assert score_kind(np.abs(logits)) == "logits"
    probabilities[7] = logits[7]  # one video is enough
    assert score_kind(probabilities) == "logits"


def test_a_dump_says_what_each_stream_holds(tmp_path):
    path = tmp_path / "dump.pkl"
    metric = METRICS.build(dict(type="mmaction.DumpScores", out_file_path=str(path)))
    samples = [
        dict(
            pred_score=torch.tensor([0.25, 0.75]),
            i_stream_score=torch.tensor([-1.0, 4.0]),
            view_score=torch.tensor([[0.5, 0.5], [1.0, 0.0]]),
            gt_label=torch.tensor([1]),
        )
    ] * 3
    metric.process({}, samples)
    assert metric.evaluate(3) == {}
    dumped = pickle.loads(path.read_bytes())
    assert len(dumped) == 3
    assert dumped[0]["score_kinds"] == dict(pred_score="probabilities", i_stream_score="logits")
    assert torch.equal(dumped[2]["pred_score"], samples[0]["pred_score"])


def test_both_kinds_at_once_are_an_error():
    assert common_kind(["logits", "logits"], ["a", "b"]) == "logits"
    with pytest.raises(ValueError, match="a: logits, b: probabilities"):
        common_kind(["logits", "probabilities"], ["a", "b"])
