"""Which videos a data set lists, in a form that a checkpoint can carry: 8 bytes a video.

The names are those below the folder of videos, without their suffix, so that a re-encoded copy is
the same video, and the lists of two splits can be compared wherever they lie.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmaction.datasets import BaseActionDataset
from torch import Tensor


def listed_datasets(dataset: object) -> Iterator[BaseActionDataset]:
    """The data sets with an annotation file inside wrappers such as RepeatDataset."""
    if isinstance(dataset, BaseActionDataset):
        yield dataset
    for wrapped in getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]:
        if wrapped is not None:
            yield from listed_datasets(wrapped)


def video_names(dataset: BaseActionDataset) -> list[str]:
    """The videos of a data set, or its folders of frames, below its prefix, without suffix."""
    names = []
    prefix = _prefix(dataset) or "."
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        path = info.get("filename") or info.get("frame_dir")
        if path is not None:
            names.append(os.path.splitext(os.path.relpath(path, prefix))[0])
    return names


def describe_list(dataset: BaseActionDataset) -> dict[str, Any]:
    """A record for a checkpoint, of types that ``torch.load(weights_only=True)`` reads.

    Returns:
        ``ann_file``, its ``sha256`` (empty if it is no local file), ``prefix`` below the data
        root, and ``videos``: [N] int64, sorted hashes of :func:`video_names`.
    """
    path = Path(str(dataset.ann_file))
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    hashes = sorted({_hash(name) for name in video_names(dataset)})
    return dict(
        ann_file=str(dataset.ann_file),
        sha256=digest,
        prefix=os.path.relpath(_prefix(dataset) or ".", dataset.data_root or "."),
        videos=torch.tensor(hashes, dtype=torch.int64),
    )


def common_videos(record: dict[str, Any], dataset: BaseActionDataset) -> list[str]:
    """Videos of ``dataset`` that a record of another list has as well.

    Videos of different prefixes are different ones: ``train/a.mp4`` and ``val/a.mp4``.
    """
    own = describe_list(dataset)
    same_list = bool(own["sha256"]) and own["sha256"] == record["sha256"]
    if own["prefix"] != record["prefix"] and not same_list:
        return []
    known: Tensor = record["videos"]
    found = set(known.tolist())
    return [name for name in video_names(dataset) if _hash(name) in found]


def _prefix(dataset: BaseActionDataset) -> str:
    return next((str(p) for p in dataset.data_prefix.values() if p), "")


def _hash(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
