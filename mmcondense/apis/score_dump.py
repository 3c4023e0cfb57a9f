"""Read the predictions that ``tools/test.py --dump`` writes, and measure them as MMAction2 does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmaction.evaluation import mean_class_accuracy, top_k_accuracy
from mmengine.fileio import load

from mmcondense.evaluation.score_arrays import read_score_arrays
from mmcondense.evaluation.score_kind import SCORE_KINDS, score_kind


@dataclass
class ScoreDump:
    """Predictions for N videos of K classes."""

    path: str
    """Where they come from, for messages."""

    scores: np.ndarray
    """[N, K] float32."""

    labels: np.ndarray
    """[N] int64."""

    samples: list[dict]
    """The N data samples of the dump, as dicts."""

    kind: str
    """``probabilities`` or ``logits``: as the dump says, else as the numbers do."""


def load_score_dump(path: str | Path, *, field: str = "pred_score") -> ScoreDump:
    """Read a dump: an npz file of ours, or MMAction2's pickled list of data samples as dicts.

    Args:
        path: The ``.npz`` file, or ``.pkl``. Of the latter only open what you trust: unpickling
            can run code.
        field: Which scores; a two-stream dump also holds ``i_stream_score`` and so on.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such dump, lacks the field, or is multi-label.
    """
    if str(path).endswith(".npz"):
        samples = read_score_arrays(path)
    else:
        samples = load(str(path), file_format="pkl")
    if not samples or not isinstance(samples, list) or not isinstance(samples[0], dict):
        raise ValueError(f"{path} is no dump of tools/test.py --dump (a list of data samples)")
    missing = [key for key in (field, "gt_label") if key not in samples[0]]
    if missing:
        raise ValueError(f"{path} holds no {missing}, only {sorted(samples[0])}")
    if any(len(sample["gt_label"]) != 1 for sample in samples):
        raise ValueError(f"{path} is multi-label; top-k accuracy needs one label per video")
    scores = np.stack([np.asarray(sample[field], np.float32) for sample in samples])
    kinds = samples[0].get(SCORE_KINDS, {})
    return ScoreDump(
        path=f"{path}:{field}" if field != "pred_score" else str(path),
        scores=scores,
        labels=np.array([int(sample["gt_label"][0]) for sample in samples]),
        samples=samples,
        kind=kinds.get(field) or score_kind(scores),
    )


def measure_accuracy(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Top-1, top-5 and mean class accuracy, under the names of MMAction2's AccMetric.

    Args:
        scores: [N, K].
        labels: [N].

    Returns:
        ``top1``, ``top5``, ``mean1``, each 0 to 1.
    """
    top1, top5 = top_k_accuracy(list(scores), labels.tolist(), (1, 5))
    mean1 = mean_class_accuracy(list(scores), labels.tolist())
    return dict(top1=float(top1), top5=float(top5), mean1=float(mean1))
