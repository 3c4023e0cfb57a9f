"""What a run needs and does not find, before it starts: files by name, and how to make them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcondense.datasets.transforms.video_folder import exchange_folder


@dataclass(frozen=True)
class Missing:
    """A file or folder that is not there."""

    path: str
    use: str
    """What for, such as ``annotation file``."""

    made_by: str
    """The command that makes it; empty if nobody said."""


def missing_inputs(cfg: Config, *, loaders: Sequence[str]) -> list[Missing]:
    """The files that a config names and that are not there; what is fetched from afar is not asked.

    Args:
        cfg: Of the run, with all options applied. ``data_made_by``, ``flow_made_by`` (where that is
            another command) and ``weights_made_by`` in it say how its data and its weights are
            made, as does ``made_by`` beside a teacher.
        loaders: Which of its loaders take part: ``train_dataloader``, ...
    """
    wanted: list[Missing] = []
    data_made_by = cfg.get("data_made_by") or ""
    commands = {"optical flow": cfg.get("flow_made_by") or data_made_by}
    for name in loaders:
        loader = cfg.get(name)
        for dataset in _datasets(loader.dataset) if loader else ():
            for path, use in _data_files(dataset):
                wanted.append(Missing(path, use, commands.get(use, data_made_by)))
    if "train_dataloader" in loaders:
        made_by = cfg.get("weights_made_by") or next(_values(cfg.model, "made_by"), "")
        weights = list(_weights(cfg.model))
        if cfg.get("load_from"):
            weights.append((cfg.load_from, "weights to start from"))
        wanted += [Missing(path, use, made_by) for path, use in weights]
    found = {m for m in wanted if "://" in m.path or os.path.exists(m.path)}
    return [m for m in dict.fromkeys(wanted) if m not in found]


def fill_in_num_classes(cfg: Config, *, loaders: Sequence[str]) -> None:
    """Let data sets of ours check their labels against the number of classes of the heads.

    Nothing is done where heads differ, or where a data set has a number of its own.
    """
    numbers = set(_values({**cfg.model, "teacher": None}, "num_classes"))
    if len(numbers) != 1:
        return
    for name in loaders:
        loader = cfg.get(name)
        for dataset in _datasets(loader.dataset) if loader else ():
            if dataset.get("type") == "CompressedVideoDataset":
                dataset.setdefault("num_classes", *numbers)


def describe_missing(missing: Sequence[Missing]) -> str:
    """One message: each file, and each command once."""
    lines = [f"  {m.use}: {m.path}" for m in missing]
    commands = dict.fromkeys(m.made_by for m in missing if m.made_by)
    lines += [f"made by: {command}" for command in commands]
    return "\n".join(["error: this is needed, and is not there:", *lines])


def check_gpus(wanted: int) -> str:
    """What there is to say about so many processes on this machine, and whether it is an error.

    Returns:
        Empty, ``note: ...`` or ``error: ...``.
    """
    import torch

    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if there == 0:
        return f"note: no GPU is visible, so {wanted} processes run on the CPU"
    if there < wanted:
        return f"error: {wanted} GPUs are asked for, and {there} are visible (CUDA_VISIBLE_DEVICES)"
    return ""


def _datasets(dataset: Any) -> Iterator[Any]:
    """The configs of data sets inside wrappers."""
    if "ann_file" in dataset:
        yield dataset
    for inner in dataset.get("datasets", []) or [dataset.get("dataset")]:
        if inner:
            yield from _datasets(inner)


def _data_files(dataset: Any) -> Iterator[tuple[str, str]]:
    root = dataset.get("data_root") or ""
    if dataset.get("backend_args") or "://" in root:
        return
    yield os.path.join(root, dataset.ann_file), "annotation file"
    prefixes = [p for p in (dataset.get("data_prefix") or {}).values() if p]
    for prefix in prefixes:
        yield os.path.join(root, prefix), "videos"
    for transform in dataset.get("pipeline") or []:
        reads_flow = transform["type"] == "LoadFlow" and transform.get("method", "files") == "files"
        if reads_flow and prefixes:
            pair = {transform.get("video_folder", "videos"): transform.get("flow_folder", "flow")}
            video = Path(root, prefixes[0], "any")
            with contextlib.suppress(ValueError):  # the videos lie elsewhere
                flow = exchange_folder(video, folders=transform.get("folders") or pair)[2]
                yield str(flow.parent), "optical flow"


def _weights(model: Any) -> Iterator[tuple[str, str]]:
    """Checkpoints on this machine that a model's config names."""
    if isinstance(model, list | tuple):
        for item in model:
            yield from _weights(item)
    if not isinstance(model, dict):
        return
    for key, value in model.items():
        if key in ("checkpoint", "condenser_checkpoint", "pretrained") and isinstance(value, str):
            if value.endswith((".pth", ".pt")):
                yield value, "weights of a teacher" if "recognizer" in model else "weights"
        else:
            yield from _weights(value)


def _values(cfg: Any, wanted: str) -> Iterator[Any]:
    if isinstance(cfg, dict):
        for key, value in cfg.items():
            if key == wanted:
                yield value
            else:
                yield from _values(value, wanted)
