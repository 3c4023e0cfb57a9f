"""A dump of predictions in; accuracies, confusion, calibration and the extreme clips out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmaction.evaluation import ConfusionMatrix

from mmcondense.evaluation.calibration import Reliability, reliability
from mmcondense.evaluation.score_kind import LOGITS

from ..score_dump import ScoreDump, measure_accuracy


@dataclass(frozen=True)
class ClassResult:
    """How one class fares."""

    name: str

    num_videos: int
    """Of this class; without any there is no accuracy."""

    num_right: int

    taken_for: str
    """The class that its videos are most often mistaken for, and how often; else empty."""

    @property
    def accuracy(self) -> float | None:
        """0 to 1."""
        return self.num_right / self.num_videos if self.num_videos else None


@dataclass(frozen=True)
class ScoredClip:
    """One video, and what became of it."""

    file: str
    """As the dump has it; empty if it does not say."""

    true_class: str
    true_probability: float
    predicted_class: str
    predicted_probability: float


@dataclass(frozen=True)
class Scored:
    """What the page says of a test of N videos in K classes."""

    source: str
    """The dump."""

    num_videos: int

    metrics: dict[str, float]
    """``top1``, ``top5``, ``mean1``, each 0 to 1."""

    confusion: np.ndarray
    """[K, K] int: rows are true classes, columns predicted ones."""

    classes: list[ClassResult]
    """[K]."""

    calibration: Reliability

    from_logits: bool
    """Whether probabilities are the softmax of what the dump holds."""

    best: list[ScoredClip]
    """Those that are right, the most certain first."""

    worst: list[ScoredClip]
    """Those that are wrong, those first whose class the model held for least likely."""


def evaluate(dump: ScoreDump, names: Sequence[str], *, num_clips: int) -> Scored:
    """Measure a dump.

    Args:
        dump: Of N videos and K classes.
        names: Of the K classes, or empty: then they are numbered.
        num_clips: Best and worst clips, at most so many of each.

    Raises:
        ValueError: if there is another number of names, or labels beyond the scores.
    """
    num_classes = dump.scores.shape[1]
    if names and len(names) != num_classes:
        raise ValueError(f"{dump.path} has {num_classes} classes, and there are {len(names)} names")
    if dump.labels.max() >= num_classes or dump.labels.min() < 0:
        raise ValueError(f"{dump.path} has labels beyond its {num_classes} classes")
    named = list(names) or [f"class {label}" for label in range(num_classes)]
    scores = torch.from_numpy(dump.scores).double()
    scores = scores.softmax(dim=1) if dump.kind == LOGITS else scores
    probabilities = scores.clamp(0, 1).numpy()  # of float16, some are a little above
    predicted = dump.scores.argmax(axis=1)
    hits = predicted == dump.labels
    matrix = ConfusionMatrix.calculate(predicted, dump.labels, num_classes=num_classes).numpy()
    everyone = np.arange(len(predicted))
    of_true = probabilities[everyone, dump.labels]
    of_predicted = probabilities[everyone, predicted]
    order = np.argsort(of_true, kind="stable")

    def clip(index: int) -> ScoredClip:
        return ScoredClip(
            file=str(dump.samples[index].get("filename", "")),
            true_class=named[dump.labels[index]],
            true_probability=float(of_true[index]),
            predicted_class=named[predicted[index]],
            predicted_probability=float(of_predicted[index]),
        )

    return Scored(
        source=dump.path,
        num_videos=len(predicted),
        metrics=measure_accuracy(dump.scores, dump.labels),
        confusion=matrix,
        classes=_classes(matrix, named),
        calibration=reliability(of_predicted, hits),
        from_logits=dump.kind == LOGITS,
        best=[clip(index) for index in order[::-1] if hits[index]][:num_clips],
        worst=[clip(index) for index in order if not hits[index]][:num_clips],
    )


def _classes(matrix: np.ndarray, names: Sequence[str]) -> list[ClassResult]:
    results = []
    for label, name in enumerate(names):
        mistaken = matrix[label].copy()
        mistaken[label] = 0
        most = int(mistaken.argmax())
        results.append(
            ClassResult(
                name=name,
                num_videos=int(matrix[label].sum()),
                num_right=int(matrix[label, label]),
                taken_for=f"{names[most]} ({mistaken[most]})" if mistaken[most] else "",
            )
        )
    return results
