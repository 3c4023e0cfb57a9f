"""Reliability against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmcondense.evaluation.calibration import reliability


def test_bins_and_error_by_hand():
    confidences = np.array([0.95, 0.85, 0.85, 0.3, 0.7, 0.0, 1.0])
    hits = np.array([True, True, False, False, True, False, True])
    bins = reliability(confidences, hits)
    # a bin has its upper end: 0.3 and 0.7 are in the third and the seventh, 1.0 in the last
    assert bins.counts.tolist() == [1, 0, 1, 0, 0, 0, 1, 0, 2, 2]
    assert bins.accuracy.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0.5, 1]
    assert bins.confidence == pytest.approx([0, 0, 0.3, 0, 0, 0, 0.7, 0, 0.85, 0.975])
    assert bins.error == pytest.approx((0 + 0.3 + 0.3 + 2 * 0.35 + 2 * 0.025) / 7)


def test_calibrated_predictions_have_no_error():
    confidences = np.full(4, 0.75)
    assert reliability(confidences, np.array([True, True, True, False])).error == 0
    assert reliability(np.zeros(0), np.zeros(0, bool)).error == 0


@pytest.mark.parametrize("wrong", [[1.5], [-0.1], [np.nan]])
def test_what_is_no_confidence_is_refused(wrong):
    with pytest.raises(ValueError, match="allowed is 0 to 1"):
        reliability(np.array(wrong), np.array([True]))
