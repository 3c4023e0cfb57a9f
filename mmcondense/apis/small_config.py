"""Class names, lists and sizes of videos in; the config of a small IP-TSN for them out."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

BASE = "ipts/ip_tsn_synthetic.py"

_AS_THEY_ARE = 128  # pixels: pictures up to this size are not made smaller
_SHORT_SIDE, _CROP = 112, 96
_MODALITIES = ("iframe", "motion", "residual")
_LAYOUTS = dict(iframe="NCHW", motion="NCTHW", residual="NCTHW")


@dataclass(frozen=True)
class Split:
    """One list of videos."""

    ann_file: str
    """CSV of ``path,label``."""

    videos: str
    """Folder that paths are below."""


def small_config(
    *,
    train: Split,
    val: Split,
    classes: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    num_frames: Sequence[int],
    epochs: int,
    batch_size: int,
    num_workers: int,
    flip: bool,
    seed: int,
    work_dir: str,
    scores: str,
) -> Config:
    """``configs/ipts/ip_tsn_synthetic.py`` with these data, whole: it inherits from no file.

    Args:
        train, val: The lists; tests are of the latter.
        classes: Their names, by label.
        sizes: Width and height of the training videos. Where all have one, of at most 128 pixels,
            they stay as they are. Else they become 112 pixels high, or wide, whichever is less,
            in the middle one's shape, and are cropped in training.
        num_frames: Of the training videos: long ones give 8 segments, short ones 4.
        epochs, batch_size, num_workers, seed, work_dir: As in any config.
        flip: Mirror half the training clips.
        scores: File for the predictions of a test.
    """
    cfg = Config.fromfile(_configs() / BASE)
    cfg.pop("data_made_by", None)
    cfg.data_root = ""
    segments = 8 if statistics.median(num_frames) >= 64 else 4
    resize = _resize(sizes)
    crop = [dict(type="RandomCrop", size=_CROP)] if resize else []
    mirror = [dict(type="Flip", flip_ratio=0.5)] if flip else []
    cfg.train_pipeline = _pipeline([*resize, *crop, *mirror], num_segments=segments)
    cfg.test_pipeline = _pipeline(resize, num_segments=segments, test_mode=True)
    accuracy = dict(
        type="AccMetric",
        metric_options=dict(top_k_accuracy=dict(topk=(1, 5) if len(classes) > 5 else (1,))),
    )
    metrics = [accuracy, dict(type="StreamAccMetric")]
    loading: Mapping[str, Any] = dict(num_workers=num_workers, persistent_workers=num_workers > 0)
    for name, split, pipeline in (
        ("train_dataloader", train, cfg.train_pipeline),
        ("val_dataloader", val, cfg.test_pipeline),
    ):
        cfg[name].update(loading, batch_size=batch_size)
        cfg[name].dataset.update(
            data_root="",
            ann_file=split.ann_file,
            data_prefix=dict(video=split.videos),
            pipeline=pipeline,
            num_classes=len(classes),
            metainfo=dict(classes=list(classes)),
        )
    cfg.test_dataloader = cfg.val_dataloader
    cfg.val_evaluator = metrics
    cfg.test_evaluator = [*metrics, dict(type="DumpScoreArrays", out_file_path=scores)]
    for stream in ("i_stream", "p_stream"):
        cfg.model[stream].cls_head.num_classes = len(classes)
    cfg.train_cfg.update(max_epochs=epochs, val_interval=max(epochs // 10, 1))
    cfg.param_scheduler[0].total_steps = epochs
    cfg.randomness = dict(seed=seed)
    cfg.work_dir = work_dir
    return Config(cfg.to_dict())  # nothing in it is shared any more


def _pipeline(geometry: Sequence[dict], **sampling: Any) -> list[dict]:
    return [
        dict(type="SampleCompressedFrames", **sampling),
        dict(type="LoadCompressedVideo", modalities=_MODALITIES, reference="previous"),
        *geometry,
        dict(type="FormatCompressedShape", layouts=_LAYOUTS),
        dict(type="PackActionInputs", collect_keys=_MODALITIES),
    ]


def _resize(sizes: Sequence[tuple[int, int]]) -> list[dict]:
    if len(set(sizes)) == 1 and max(sizes[0]) <= _AS_THEY_ARE:
        return []
    shape = statistics.median(width / height for width, height in sizes)
    shape = min(max(shape, 0.5), 2)
    width = _SHORT_SIDE * max(shape, 1)
    height = _SHORT_SIDE / min(shape, 1)
    scale = (round(width / 8) * 8, round(height / 8) * 8)
    return [dict(type="Resize", scale=scale, keep_ratio=False)]


def _configs() -> Path:
    """The configs of the wheel, or of the clone."""
    package = Path(__file__).resolve().parents[1]
    folders = (package / ".mim" / "configs", package.parent / "configs")
    return next(folder for folder in folders if (folder / BASE).is_file())


def difference(found: Config, wanted: Config) -> str:
    """The first key in which a config is another than wanted, with both values; else empty.

    What a run adds of its own, and what it goes on from, make no difference.
    """
    return _difference(found.to_dict(), wanted.to_dict(), "")


def _difference(found: Any, wanted: Any, at: str) -> str:
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in wanted:
            if not at and key in ("resume", "load_from"):
                continue
            if said := _difference(found.get(key), wanted[key], f"{at}.{key}" if at else key):
                return said
        return ""
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        if len(found) != len(wanted):
            return f"{at} has {len(found)} entries, and now {len(wanted)}"
        pairs = enumerate(zip(found, wanted, strict=True))
        return next((d for i, (a, b) in pairs if (d := _difference(a, b, f"{at}[{i}]"))), "")
    return "" if found == wanted else f"{at} is {found!r}, and now {wanted!r}"
