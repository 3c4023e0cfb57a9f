"""Random numbers that depend on what they are drawn for, not on what was drawn before it."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

SAMPLE, ITERATION, VALIDATION, STAND_IN = 1, 2, 3, 4
"""What a seed is for: the first number of its key."""


class Draw(NamedTuple):
    """A sample as a sampler asks for it."""

    epoch: int
    sample: int


def seed_generators(*key: int) -> None:
    """Seed the generators of Python, numpy and torch's CPU from numbers that name the occasion.

    Args:
        key: At least 0 each; equal keys give equal numbers, others unrelated ones.
    """
    words = np.random.SeedSequence(key).generate_state(3, np.uint32)
    random.seed(int(words[0]))
    np.random.seed(words[1])  # noqa: NPY002 - transforms draw from it
    torch.default_generator.manual_seed(int(words[2]))


class SeededDataset(Dataset):
    """A data set whose sample ``i`` in epoch ``e`` is the same in every run and every worker.

    Args:
        dataset: Draws from the global generators; addressed by :class:`Draw` instead of a number.
        seed: Of the run.
    """

    def __init__(self, dataset: Any, *, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "dataset":  # the latter while it is unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __getitem__(self, draw: Draw) -> Any:
        seed_generators(SAMPLE, self.seed, draw.epoch, draw.sample)
        data = self.dataset[draw.sample]
        if hasattr(self.dataset, "get_data_info"):
            name_sample(data, self.dataset.get_data_info(draw.sample))
        return data


def name_sample(data: Any, info: dict) -> None:
    """Let a packed sample know its file, if it does not yet: ``filename`` in its metainfo.

    Args:
        data: As PackActionInputs returns it; anything else is left alone.
        info: Of the data set.
    """
    sample: Any = data.get("data_samples") if isinstance(data, dict) else None
    path = info.get("filename") or info.get("frame_dir") or info.get("audio_path")
    if path is not None and hasattr(sample, "set_metainfo") and "filename" not in sample:
        sample.set_metainfo(dict(filename=str(path)))
