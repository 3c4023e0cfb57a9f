"""Videos in, what their streams' networks make of them out: a file of arrays for each window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch import Tensor

from mmcondense_preparation import Item, Made, Preparation
from mmcondense_preparation.manifest import Manifest
from mmcondense_preparation.places import Place
from mmcondense_preparation.settings import write_below

from .inference_inputs import UsageError, config_name, fingerprint
from .inferencer import CompressedActionInferencer

PER = ("clip", "segment")
INDEX = "index.jsonl"


class FeatureExtractor:
    """Features of the networks in a config, before their heads.

    Maps are averaged over their positions, as the heads do, and tokens over their number. What is
    left is a row for each of a video's segments (or GOPs, clips and crops; of 3D networks for each
    step in time that they keep).

    Args:
        inferencer: Of any config and checkpoint.
        per: ``'segment'``: all rows. ``'clip'``: their mean, one row for each video or window.

    Raises:
        ValueError: For another ``per``.
    """

    def __init__(self, inferencer: CompressedActionInferencer, *, per: str = "clip") -> None:
        if per not in PER:
            raise ValueError(f"per={per!r}, allowed is one of {PER}")
        self.inferencer = inferencer
        self.per = per

    @torch.no_grad()
    def features(self, sample: dict) -> dict[str, np.ndarray]:
        """Of one sample that the config's pipeline has packed.

        Returns:
            By stream (``features`` where there is one network), float32: [C], or with
            ``per='segment'`` [R, C].

        Raises:
            UsageError: If the model's networks return no features that a head could average.
        """
        inferencer = self.inferencer
        data = inferencer.model.data_preprocessor(inferencer.collate_fn([sample]), False)
        inferencer.model.eval()
        found: Any = inferencer.model(
            data["inputs"], data_samples=data["data_samples"], mode="tensor", **self._arguments()
        )
        streams = found if isinstance(found, dict) else dict(features=found)
        rows = {name: self._rows(name, feature) for name, feature in streams.items()}
        if self.per == "clip":
            return {name: feature.mean(axis=0) for name, feature in rows.items()}
        return rows

    def _arguments(self) -> dict[str, Any]:
        """Of the model's ``extract_feat``: where there are maps still, of all crops."""
        recognizer = getattr(self.inferencer.model, "recognizer", self.inferencer.model)
        has_streams = hasattr(recognizer, "stream_names") or hasattr(recognizer, "backbone")
        return dict(stage="backbone", test_mode=True) if has_streams else dict(stage="backbone")

    def _rows(self, name: str, feature: Any) -> np.ndarray:
        parts = feature if isinstance(feature, (list, tuple)) else [feature]
        try:
            rows = [average(part) for part in parts]
            joined = torch.cat(rows, dim=1)  # of networks with several ways, as SlowFast
        except (RuntimeError, TypeError, ValueError) as error:
            raise UsageError(
                f"{config_name(self.inferencer.cfg)}: {name} returns no features that can be "
                f"averaged ({error})"
            ) from error
        return joined.float().cpu().numpy()


class FeatureExtraction(Preparation):
    """A video becomes an ``.npz`` file, or one for each of its windows, and lines of the index.

    The data of an item is its files' name, without ending. Windows that cannot be read are in the
    index with what is wrong, unless none can.

    Args:
        cfg, checkpoint, device: Of the inferencer.
        out: Folder of results, or its address.
        per: Of :class:`FeatureExtractor`.
        window_seconds, stride_seconds: As of the inferencer's ``stream``.
        on_cluster: On a Ray cluster a process takes a GPU, if that is the device.
    """

    def __init__(
        self,
        cfg: Config,
        checkpoint: str,
        *,
        out: Place,
        per: str = "clip",
        device: str | None = None,
        window_seconds: float | None = None,
        stride_seconds: float | None = None,
        on_cluster: bool = False,
    ) -> None:
        self.cfg, self.checkpoint, self.device = cfg, checkpoint, device
        self.out, self.per = out, per
        self.windows = dict(window_seconds=window_seconds, stride_seconds=stride_seconds)
        self._extractor: FeatureExtractor | None = None
        if on_cluster:
            self.gpus = float((device or str(get_device())).startswith("cuda"))

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self), _extractor=None)  # built anew where it arrives

    def begin(self) -> None:
        """Build the model.

        Raises:
            UsageError: As the inferencer.
        """
        if self._extractor is None:
            inferencer = CompressedActionInferencer(self.cfg, self.checkpoint, device=self.device)
            self._extractor = FeatureExtractor(inferencer, per=self.per)

    @property
    def made_with(self) -> dict[str, Any]:
        """What decides the features."""
        return dict(
            config=config_name(self.cfg),
            **fingerprint(self.cfg, self.checkpoint),
            per=self.per,
            **self.windows,
        )

    def make(self, item: Item, path: Path | None, loaded: Any) -> Made:
        assert self._extractor is not None
        lines: list[dict[str, Any]] = []
        for line, sample in self._extractor.inferencer.samples([item.source], None, **self.windows):
            if sample is not None:
                name = item.data
                if line["num_windows"] > 1:
                    name += f"_{line['window']:05d}"
                features = self._extractor.features(sample)
                write_below(self.out, f"{name}.npz", _archive(features))
                shapes = {key: list(value.shape) for key, value in features.items()}
                line = {**line, "file": f"{name}.npz", "shapes": shapes}
            lines.append(line)
        files = sum("file" in line for line in lines)
        if not files:
            raise ValueError(lines[0]["error"])
        return Made(dict(windows=lines), dict(files=files))


def index_of(manifest: Manifest, items: Sequence[Item]) -> list[dict[str, Any]]:
    """A line for each window of each video.

    Returns:
        ``input``, ``window``, ``num_windows``, ``start_seconds``, ``end_seconds``, and ``file``
        with ``shapes`` (by stream), or ``error``; of videos without a window that can be read,
        ``input`` and ``error`` alone.
    """
    lines = [line for record in manifest.records(items) for line in record["windows"]]
    for failure in manifest.failures(items):
        lines.append(dict(input=failure["item"], error=failure["error"]))
    return lines


def average(feature: Tensor) -> Tensor:
    """Rows of features.

    Args:
        feature: [R, C]; maps [R, C, H, W]; maps over time [R, C, T, H, W]; tokens [R, L, C].

    Returns:
        [R, C], of maps over time [R * T, C].

    Raises:
        ValueError: For other shapes.
    """
    if feature.ndim == 5:
        return feature.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)
    if feature.ndim == 4:
        return feature.mean(dim=(2, 3))
    if feature.ndim == 3:
        return feature.mean(dim=1)
    if feature.ndim == 2:
        return feature
    raise ValueError(f"its shape is {list(feature.shape)}")


def file_names(videos: Sequence[str]) -> dict[str, str]:
    """A name for each video, without ending: what tells them apart of their paths.

    Raises:
        UsageError: If two differ in their endings alone.
    """
    stems = {video: os.path.splitext(video.split("://")[-1])[0] for video in videos}
    folders = {os.path.dirname(stem) for stem in stems.values()}
    common = os.path.commonpath([os.path.abspath(folder) for folder in folders])
    names = {video: os.path.relpath(os.path.abspath(stem), common) for video, stem in stems.items()}
    seen: dict[str, str] = {}
    for video, name in names.items():
        if name in seen:
            raise UsageError(f"{seen[name]} and {video} would have one file; name one of them")
        seen[name] = video
    return names


def _archive(arrays: dict[str, np.ndarray]) -> bytes:
    data = BytesIO()
    np.savez(data, **arrays)  # type: ignore[arg-type]  # of numpy's stub: names are free
    return data.getvalue()
