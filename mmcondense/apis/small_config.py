"""Class names, lists and sizes of videos in; the config of a small network for them out."""

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
_GRID_SIDE = 30  # cells: those of 240 pixels in MPEG-4
_PIXELS_A_CELL = 8
_LAYOUTS = dict(iframe="NCHW", motion="NCTHW", residual="NCTHW")
_GRID_LAYOUTS = dict(motion="NCTHW", bits="NCTHW")


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
    motion_only: bool = False,
) -> Config:
    """``configs/ipts/ip_tsn_synthetic.py`` with these data, whole: it inherits from no file.

    With ``motion_only`` it is the network of ``configs/strokes/p_stream_cells.py`` instead.

    Args:
        train, val: The lists; tests are of the latter.
        classes: Their names, by label.
        sizes: Width and height of the training videos. Where all have one, of at most 128 pixels,
            they stay as they are. Else they become 112 pixels high, or wide, whichever is less,
            in the middle one's shape, and are cropped in training.
        num_frames: Of the training videos: long ones give 8 segments, short ones 4; twice as many
            with ``motion_only``.
        epochs, batch_size, num_workers, seed, work_dir: As in any config.
        flip: Mirror half the training clips.
        scores: File for the predictions of a test.
        motion_only: A P-stream alone, of vectors, and bits and coefficients of macroblocks, on the
            codec's grid.
    """
    cfg = Config.fromfile(_configs() / BASE)
    cfg.pop("data_made_by", None)
    cfg.data_root = ""
    segments = 8 if statistics.median(num_frames) >= 64 else 4
    mirror = [dict(type="Flip", flip_ratio=0.5)] if flip else []
    for stream in ("i_stream", "p_stream"):
        cfg.model[stream].cls_head.num_classes = len(classes)
    if motion_only:
        segments *= 2
        cfg.model = _of_the_grid(cfg.model)
        seen = [_to_grid(sizes)]
        learned = [dict(type="RandomResizedCrop", area_range=(0.5, 1.0)), *seen]
    else:
        seen = _resize(sizes)
        learned = [*seen, dict(type="RandomCrop", size=_CROP)] if seen else []
    kind: dict[str, Any] = dict(num_segments=segments, motion_only=motion_only)
    cfg.train_pipeline = _pipeline([*learned, *mirror], **kind)
    cfg.test_pipeline = _pipeline(seen, **kind, test_mode=True)
    accuracy = dict(
        type="AccMetric",
        metric_options=dict(top_k_accuracy=dict(topk=(1, 5) if len(classes) > 5 else (1,))),
    )
    metrics = [accuracy] if motion_only else [accuracy, dict(type="StreamAccMetric")]
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
    cfg.train_cfg.update(max_epochs=epochs, val_interval=max(epochs // 10, 1))
    cfg.param_scheduler[0].total_steps = epochs
    cfg.randomness = dict(seed=seed)
    cfg.work_dir = work_dir
    return Config(cfg.to_dict())  # nothing in it is shared any more


def _of_the_grid(ip_tsn: Any) -> dict:
    """The P-stream of an IP-TSN, for vectors and bits."""
    norm = ip_tsn.data_preprocessor.preprocessors.motion
    return dict(
        ip_tsn.p_stream,
        backbone=dict(ip_tsn.p_stream.backbone, in_channels=4),
        data_preprocessor=dict(
            type="StreamDataPreprocessor",
            stream=tuple(_GRID_LAYOUTS),
            preprocessors=dict(motion=norm, bits=dict(norm, mean=[64, 64], std=[64, 64])),
        ),
    )


def _pipeline(geometry: Sequence[dict], *, motion_only: bool, **sampling: Any) -> list[dict]:
    layouts, load = _LAYOUTS, dict(reference="previous")
    bound: dict[str, float] = {}
    if motion_only:
        layouts, load = _GRID_LAYOUTS, dict(layout="cells")
        bound = dict(motion_bound=20 / _PIXELS_A_CELL)
    return [
        dict(type="SampleCompressedFrames", **sampling),
        dict(type="LoadCompressedVideo", modalities=tuple(layouts), **load),
        *geometry,
        dict(type="FormatCompressedShape", layouts=layouts, **bound),
        dict(type="PackActionInputs", collect_keys=tuple(layouts)),
    ]


def _resize(sizes: Sequence[tuple[int, int]]) -> list[dict]:
    if len(set(sizes)) == 1 and max(sizes[0]) <= _AS_THEY_ARE:
        return []
    return [_scaled(sizes, short_side=_SHORT_SIDE, multiple=8)]


def _to_grid(sizes: Sequence[tuple[int, int]]) -> dict:
    """To one grid, whatever the videos' codecs; of small videos to their own in MPEG-4."""
    short_side = statistics.median(min(size) for size in sizes) / _PIXELS_A_CELL
    return _scaled(sizes, short_side=min(_GRID_SIDE, max(1, round(short_side))), multiple=1)


def _scaled(sizes: Sequence[tuple[int, int]], *, short_side: int, multiple: int) -> dict:
    """In the middle one's shape."""
    shape = statistics.median(width / height for width, height in sizes)
    shape = min(max(shape, 0.5), 2)
    width, height = short_side * max(shape, 1), short_side / min(shape, 1)
    scale = (round(width / multiple) * multiple, round(height / multiple) * multiple)
    return dict(type="Resize", scale=scale, keep_ratio=False)


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
