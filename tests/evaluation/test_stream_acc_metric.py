from __future__ import annotations

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope

import mmcondense.evaluation  # noqa: F401 - registers StreamAccMetric


def prediction(label: int, *, fused, i_stream, p_stream) -> dict:
    return dict(
        gt_label=torch.tensor([label]),
        pred_score=torch.tensor(fused),
        i_stream_score=torch.tensor(i_stream),
        p_stream_score=torch.tensor(p_stream),
    )


def test_fused_and_single_accuracies_side_by_side():
    samples = [
        prediction(0, fused=[0.6, 0.4], i_stream=[0.3, 0.7], p_stream=[0.9, 0.1]),
        prediction(1, fused=[0.4, 0.6], i_stream=[0.3, 0.7], p_stream=[0.5, 0.4]),
        prediction(1, fused=[0.1, 0.9], i_stream=[0.1, 0.9], p_stream=[0.1, 0.9]),
        prediction(1, fused=[0.1, 0.9], i_stream=[0.9, 0.1], p_stream=[0.0, 1.0]),
    ]
    with DefaultScope.overwrite_default_scope("mmaction"):
        evaluator = Evaluator([dict(type="AccMetric"), dict(type="StreamAccMetric")])
    evaluator.process(samples, samples)
    results = evaluator.evaluate(len(samples))
    assert results["acc/top1"] == 1.0
    assert results["acc/i_stream_top1"] == 0.5
    assert results["acc/p_stream_top1"] == 0.75
    assert results["acc/i_stream_mean1"] == pytest.approx((0 + 2 / 3) / 2)
    assert all(isinstance(sample["pred_score"], torch.Tensor) for sample in samples)


def test_predictions_without_streams_are_refused():
    with DefaultScope.overwrite_default_scope("mmaction"):
        evaluator = Evaluator(dict(type="StreamAccMetric"))
    sample = dict(gt_label=torch.tensor([0]), pred_score=torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"\['gt_label', 'pred_score'\] holds no stream's score"):
        evaluator.process([sample], [sample])
