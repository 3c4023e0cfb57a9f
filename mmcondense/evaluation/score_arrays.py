"""Predictions as an npz file: arrays of numbers and names, which open without running code."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from .score_kind import SCORE_KINDS, kinds_of

_LABEL, _FILE = "gt_label", "filename"


@METRICS.register_module()
class DumpScoreArrays(BaseMetric):
    """What DumpScores writes, without pickle: scores, labels and files, and what the scores are.

    Args:
        out_file_path: A ``.npz`` file.
        collect_device: See MMEngine.
    """

    def __init__(self, out_file_path: str, collect_device: str = "cpu") -> None:
        super().__init__(collect_device=collect_device)
        if not out_file_path.endswith(".npz"):
            raise ValueError(f"out_file_path must end with .npz, got {out_file_path}")
        self.out_file_path = out_file_path

    def process(self, data_batch: Sequence[Any], data_samples: Sequence[dict]) -> None:
        """Collect one batch."""
        self.results.extend(_kept(sample) for sample in data_samples)

    def compute_metrics(self, results: list[dict]) -> dict:
        """Write the file; no metrics."""
        write_score_arrays(self.out_file_path, results)
        return {}


def write_score_arrays(path: str | Path, samples: Sequence[dict]) -> None:
    """Write predictions for N videos.

    The file holds ``pred_score`` and each ``<stream>_score``, [N, K] float32; ``gt_label``,
    [N, 1] int64, or [N, K] for several labels a video; ``filename``, [N], where it is known; and
    ``score_kinds``, JSON of what each kind of scores is. Scores of single views are left out.

    Args:
        path: Ends with ``.npz``.
        samples: Data samples as dicts.
    """
    kept = [_kept(sample) for sample in samples]
    arrays = {key: np.stack([sample[key] for sample in kept]) for key in kept[0]}
    arrays[SCORE_KINDS] = np.array(json.dumps(kinds_of(samples)))
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(file.getvalue())


def read_score_arrays(path: str | Path) -> list[dict]:
    """The samples of such a file, as :func:`write_score_arrays` takes them.

    Raises:
        ValueError: if it is none, or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        kinds = json.loads(str(arrays.pop(SCORE_KINDS)))
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, AttributeError) as error:
        raise ValueError(
            f"{path} is no dump of tools/test.py --dump, or damaged: {error}"
        ) from error
    names = arrays.pop(_FILE, None)
    return [
        {
            **{key: torch.from_numpy(array[i]) for key, array in arrays.items()},
            **({} if names is None else {_FILE: str(names[i])}),
            SCORE_KINDS: kinds,
        }
        for i in range(len(next(iter(arrays.values()))))
    ]


def _kept(sample: dict) -> dict[str, np.ndarray]:
    scores = {
        key: np.asarray(value, np.float32)
        for key, value in sample.items()
        if (key == "pred_score" or key.endswith("_score")) and np.ndim(value) == 1
    }
    others = {key: np.asarray(sample[key]) for key in (_LABEL, _FILE) if key in sample}
    return {**scores, **others}
