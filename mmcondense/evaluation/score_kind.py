"""Whether class scores are probabilities or logits: sums of the two mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import DumpResults

PROBABILITIES, LOGITS = "probabilities", "logits"
SCORE_KINDS = "score_kinds"
"""Key in a dumped sample: what each of its fields of scores holds."""

_TOLERANCE = 1e-3  # float16 sums of a thousand classes


def score_kind(scores: np.ndarray) -> str:
    """``probabilities`` if every row is none below 0 and sums to 1, else ``logits``.

    Args:
        scores: [N, K].
    """
    scores = np.asarray(scores, np.float64)
    sums_to_one = np.abs(scores.sum(axis=-1) - 1) < _TOLERANCE
    return PROBABILITIES if (scores >= 0).all() and sums_to_one.all() else LOGITS


@METRICS.register_module()
class DumpScores(DumpResults):
    """MMEngine's DumpResults; each sample also says what its scores are, for those who fuse them.

    It is a pickle, which MMAction2's tools read, and which may run code when it is opened;
    DumpScoreArrays writes none. Arguments are DumpResults'. ``score_kinds`` of a sample names
    ``probabilities`` or ``logits`` for ``pred_score`` and each ``<stream>_score``; scores of single
    views are left out.
    """

    def compute_metrics(self, results: list[dict]) -> dict:
        """Write the file; no metrics."""
        kinds = kinds_of(results)
        return super().compute_metrics([{**sample, SCORE_KINDS: kinds} for sample in results])


def kinds_of(samples: Sequence[dict]) -> dict[str, str]:
    """The kind of ``pred_score`` and each ``<stream>_score`` of data samples as dicts."""
    return {
        field: score_kind(np.stack([np.asarray(sample[field]) for sample in samples]))
        for field, first in samples[0].items()
        if (field == "pred_score" or field.endswith("_score")) and np.ndim(first) == 1
    }


def common_kind(kinds: Sequence[str], names: Sequence[str]) -> str:
    """The kind that all have.

    Raises:
        ValueError: if there are both.
    """
    if len(set(kinds)) > 1:
        listed = ", ".join(f"{name}: {kind}" for name, kind in zip(names, kinds, strict=True))
        raise ValueError(
            f"{LOGITS} and {PROBABILITIES} cannot be fused, their scales have nothing in common "
            f"({listed})"
        )
    return kinds[0]
