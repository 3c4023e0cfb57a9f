"""The embedded data set: moving shapes, really encoded, with annotation files for MMAction2.

``make_synthetic(out_dir, task='motion')`` writes::

    out_dir/videos/train_00000.mp4 ... val_00000.mp4 ...
    out_dir/train.txt, val.txt     lines `videos/train_00012.mp4 4`
    out_dir/classes.txt            a class name per line, in label order
    out_dir/synthetic.json         what the clips were made with
"""

from __future__ import annotations

import json
import os
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from compressedvideo.writing.encode import check_encoder, encode_frames
from compressedvideo.writing.workers import worker_pool
from mmcondense_preparation.settings import write_aside

from .synthetic_scenes import TASK_CLASSES, Scene, SceneOptions, render, sample_scene

SPLITS = ("train", "val")
_GENERATOR_VERSION = 2  # counts up when the same parameters come to mean other clips
_NOT_IN_MP4 = ("h263", "h263p", "flv1")


@dataclass(frozen=True)
class SyntheticRecipe:
    """Everything that decides the bytes of sample ``i``; see :func:`make_synthetic`."""

    task: str
    seed: int
    codec: str
    gop_size: int
    b_frames: int
    quality: int | None
    scene: SceneOptions
    version: int = field(default=_GENERATOR_VERSION, init=False)

    def scene_of(self, split: str, index: int) -> Scene:
        """Sample ``index`` of a split; its label is ``index`` modulo the number of classes."""
        task_index = list(TASK_CLASSES).index(self.task)
        entropy = [self.seed, task_index, SPLITS.index(split), index]
        label = index % len(TASK_CLASSES[self.task])
        rng = np.random.default_rng(entropy)
        return sample_scene(self.task, label, rng=rng, options=self.scene)

    def file_name(self, split: str, index: int) -> str:
        suffix = ".avi" if self.codec in _NOT_IN_MP4 else ".mp4"
        return f"{split}_{index:05d}{suffix}"


def make_synthetic(
    out_dir: str | os.PathLike[str],
    *,
    task: str = "motion",
    num_train: int = 800,
    num_val: int = 200,
    seed: int = 0,
    size: int = 112,
    num_frames: int | None = None,
    speed: tuple[float, float] = (1.5, 4.0),
    smoothness: float = 2.5,
    noise: float = 2.0,
    window: int = 8,
    codec: str = "mpeg4",
    gop_size: int = 12,
    b_frames: int = 0,
    quality: int | None = None,
    workers: int = 1,
    overwrite: bool = False,
    show_progress: bool = True,
) -> Path:
    """Render and encode a data set, or finish one that was interrupted.

    Sample ``i`` of a split depends on the recipe only, neither on the number of samples nor on
    ``workers``: a data set can be extended by calling again with larger numbers.

    Args:
        out_dir: folder to write; created if missing.
        task: one of :data:`~mmcondense.datasets.synthetic_scenes.TASK_CLASSES`, which says what
            each of them asks.
        num_train, num_val: number of clips; classes take turns.
        seed: of everything random.
        size, num_frames, speed, smoothness, noise, window: see
            :class:`~mmcondense.datasets.synthetic_scenes.SceneOptions`. ``num_frames`` is 48 by
            default, and 80 for ``brief``.
        codec, gop_size, b_frames, quality: see :class:`~compressedvideo.VideoWriter`.
        workers: processes that render and encode.
        overwrite: delete a data set made with other parameters instead of refusing.
        show_progress: draw a progress bar.

    Returns:
        ``out_dir``. Use it as ``data_prefix=dict(video=out_dir)``.

    Raises:
        ValueError: for an argument outside its range, or if the folder holds a data set made with
            other parameters.
    """
    if task not in TASK_CLASSES:
        raise ValueError(f"task={task!r}, allowed are {sorted(TASK_CLASSES)}")
    if min(num_train, num_val, workers - 1, seed) < 0:
        raise ValueError(
            f"num_train={num_train}, num_val={num_val}, seed={seed}, workers={workers}, allowed "
            "are numbers from 0 up, workers from 1 up"
        )
    if num_frames is None:
        num_frames = 80 if task == "brief" else 48
    check_encoder(codec, gop_size=gop_size, b_frames=b_frames, quality=quality)
    scene = SceneOptions(
        size=size,
        num_frames=num_frames,
        speed=(speed[0], speed[1]),
        smoothness=smoothness,
        noise=noise,
        window=window,
    )
    recipe = SyntheticRecipe(task, seed, codec, gop_size, b_frames, quality, scene)

    out_dir = Path(out_dir)
    videos = out_dir / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    _claim_folder(out_dir, recipe, overwrite=overwrite)
    samples = {"train": range(num_train), "val": range(num_val)}
    jobs = [
        (split, index)
        for split in SPLITS
        for index in samples[split]
        if not (videos / recipe.file_name(split, index)).exists()
    ]
    _run(jobs, recipe, videos, workers=workers, show_progress=show_progress)

    classes = TASK_CLASSES[task]
    for split in SPLITS:
        lines = [
            f"videos/{recipe.file_name(split, index)} {index % len(classes)}\n"
            for index in samples[split]
        ]
        write_aside(out_dir / f"{split}.txt", "".join(lines).encode())
    write_aside(out_dir / "classes.txt", "".join(f"{name}\n" for name in classes).encode())
    return out_dir


def _claim_folder(out_dir: Path, recipe: SyntheticRecipe, *, overwrite: bool) -> None:
    """Record the recipe before the first clip; refuse a folder that was made with another."""
    record = out_dir / "synthetic.json"
    wanted = json.loads(json.dumps(asdict(recipe)))
    found = json.loads(record.read_text()) if record.exists() else None
    if found:  # an option that is newer than the record had its default value
        found["scene"] = {**asdict(SceneOptions()), **found.get("scene", {})}
    if found == wanted:
        return
    clips = [clip for split in SPLITS for clip in (out_dir / "videos").glob(f"{split}_*.*")]
    if clips and not overwrite:
        raise ValueError(
            f"{out_dir} holds clips made with other parameters ({_differences(found, wanted)}); "
            "choose another folder, or overwrite them with --overwrite (overwrite=True)"
        )
    for clip in clips:
        clip.unlink()
    write_aside(record, (json.dumps(wanted, indent=2) + "\n").encode())


def _differences(found: dict | None, wanted: dict) -> str:
    if found is None:
        return "no synthetic.json says which"
    found, wanted = ({**flat.pop("scene", {}), **flat} for flat in (dict(found), dict(wanted)))
    keys = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    return ", ".join(f"{key}={found.get(key)}, asked for {wanted.get(key)}" for key in keys)


def _run(
    jobs: list[tuple[str, int]],
    recipe: SyntheticRecipe,
    videos: Path,
    *,
    workers: int,
    show_progress: bool,
) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _ClipsPerMinute(),
        TimeRemainingColumn(),
    )
    # No refresh thread, since a fork copies the locks that threads hold.
    with Progress(*columns, auto_refresh=False, disable=not show_progress) as progress:
        bar = progress.add_task(f"{recipe.task} clips", total=len(jobs))
        if workers == 1 or len(jobs) < 2:
            for split, index in jobs:
                _make_clip(recipe, split, index, videos)
                progress.update(bar, advance=1, refresh=True)
            return
        with worker_pool(workers) as pool:
            futures = [
                pool.submit(_make_clip, recipe, split, index, videos) for split, index in jobs
            ]
            try:
                for future in as_completed(futures):
                    future.result()
                    progress.update(bar, advance=1, refresh=True)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _make_clip(recipe: SyntheticRecipe, split: str, index: int, videos: Path) -> None:
    # The processes are the parallelism. 0, not 1: a fork would wait for its parent's threads.
    cv2.setNumThreads(0)
    encode_frames(
        videos / recipe.file_name(split, index),
        render(recipe.scene_of(split, index)),
        codec=recipe.codec,
        gop_size=recipe.gop_size,
        b_frames=recipe.b_frames,
        quality=recipe.quality,
    )


class _ClipsPerMinute(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed * 60:.0f} clips/min")
