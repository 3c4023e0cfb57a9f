"""Confidences and hits in, how far they agree out: reliability diagram and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reliability:
    """Predictions in M bins of equal width; empty bins have 0 everywhere."""

    counts: np.ndarray
    """[M] int: predictions in bin m, of confidence above m / M up to (m + 1) / M."""

    confidence: np.ndarray
    """[M] float: their mean confidence."""

    accuracy: np.ndarray
    """[M] float: the share of them that is right."""

    @property
    def error(self) -> float:
        """Expected calibration error (ECE): mean distance of accuracy and confidence."""
        distance = np.abs(self.accuracy - self.confidence)
        return float((distance * self.counts).sum() / max(self.counts.sum(), 1))


def reliability(confidences: np.ndarray, hits: np.ndarray, *, num_bins: int = 10) -> Reliability:
    """Bin predictions by their confidence.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.

    Args:
        confidences: [N], 0 to 1: of the predicted class.
        hits: [N] bool.
        num_bins: M.

    Raises:
        ValueError: if confidences lie outside.
    """
    if len(confidences) and not (confidences.min() >= 0 and confidences.max() <= 1 + 1e-6):
        raise ValueError(
            f"confidences from {confidences.min()} to {confidences.max()}, allowed is 0 to 1"
        )
    upper_ends = np.arange(1, num_bins) / num_bins
    bins = np.searchsorted(upper_ends, confidences, side="left")
    counts = np.bincount(bins, minlength=num_bins)
    at_least_one = np.maximum(counts, 1)
    return Reliability(
        counts=counts,
        confidence=np.bincount(bins, confidences, num_bins) / at_least_one,
        accuracy=np.bincount(bins, hits.astype(float), num_bins) / at_least_one,
    )
