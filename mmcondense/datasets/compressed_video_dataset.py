"""MMAction2's video data set, and what it does about videos that cannot be read."""

from __future__ import annotations

import functools
import logging
import multiprocessing
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from multiprocessing import synchronize
from pathlib import Path

import numpy as np
import torch
from mmaction.datasets import VideoDataset
from mmaction.registry import DATASETS
from mmengine.fileio import exists
from mmengine.logging import print_log

from compressedvideo import ON_DAMAGE, ON_MISSING_MOTION, CodecError, Limits

from .annotations import Entry, check_labels, read_csv, read_folder, read_lines, read_text
from .seeding import STAND_IN, name_sample, seed_generators
from .transforms import check_compressed_pipeline


@DATASETS.register_module()
class CompressedVideoDataset(VideoDataset):
    """Videos and labels from MMAction2's annotation file, a CSV file, or a folder of classes.

    In training, a video that raises a CodecError is logged with its path, once across all workers
    of a process, and another one, drawn at random, takes its place; from then on it is passed
    over unopened. In testing the error is raised: a score over fewer videos is another score.

    Args:
        ann_file: ``path label`` a line; a ``.csv`` with Kinetics' official columns or
            ``path,label`` (:func:`~mmcondense.datasets.annotations.read_csv`); or a folder with a
            folder of videos for each class, which is then also where the videos are. Names of
            classes, where the list has them, are in ``metainfo["classes"]``.
        pipeline: transforms; refused if it would change motion vectors as if they were colours.
        backend_args: where videos lie, if not on a disk: arguments of one of MMEngine's file
            backends, such as ``dict(backend='lmdb', db_path=...)``, or ``dict(backend='shards')``
            for members of tar archives. None: the prefix of a video's address decides.
        limits: how large a video may be, and what is read of it at once: those of
            ``compressedvideo.Limits`` that differ from its defaults, as ``dict(pixels=...)``.
        on_damage: what becomes of videos with damaged pictures: ``'raise'``, an error like any
            other; ``'keep'``, they are used as the decoder makes them up; ``'warn'``, a warning
            says so. Both hold for every transform that opens the videos, samplers included.
        on_missing_motion: what becomes of videos whose codec gives no vectors (VP8, AV1, ...):
            ``'raise'``, an error like any other where a pipeline wants vectors; ``'transcode'``,
            they are re-encoded in memory, see CompressedVideo, and each worker keeps 256 MiB of
            them. Much slower than a data set that ``tools/data/reencode.py`` re-encoded once.
        max_refetch: unreadable videos in a row after which training gives up.
        **kwargs: of VideoDataset: ``data_prefix``, ``test_mode``, ``multi_class``, ...; with
            ``num_classes`` labels are checked against it.

    Raises:
        ValueError: for such a pipeline, an unknown limit, ``on_damage`` or ``on_missing_motion``.
        AnnotationError: for a missing or out-of-range label, and the like, with its line.
        CodecError: from ``dataset[i]``, in testing for an unreadable video; in training if no
            video is readable, or ``max_refetch + 1`` in a row are not.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[dict | Callable],
        *,
        backend_args: dict | None = None,
        limits: Mapping[str, int] | None = None,
        on_damage: str = "raise",
        on_missing_motion: str = "raise",
        max_refetch: int = 100,
        **kwargs,
    ) -> None:
        self.backend_args = backend_args
        self.limits, self.on_damage = _limits(limits or {}), on_damage
        if on_damage not in ON_DAMAGE:
            raise ValueError(f"on_damage={on_damage!r}, allowed is one of {ON_DAMAGE}")
        self.on_missing_motion = on_missing_motion
        if on_missing_motion not in ON_MISSING_MOTION:
            raise ValueError(
                f"on_missing_motion={on_missing_motion!r}, allowed is one of {ON_MISSING_MOTION}"
            )
        super().__init__(ann_file, pipeline, max_refetch=max_refetch, **kwargs)
        check_compressed_pipeline(self.pipeline.transforms)
        self._failures_in_a_row = 0
        self._last_error: CodecError | None = None
        self._stand_ins = np.random.default_rng(0)

    def full_init(self) -> None:
        if self._fully_initialized:
            return
        super().full_init()
        # In shared memory, so that workers tell each other, and the main process can report.
        self._skipped = torch.zeros(len(self), dtype=torch.bool).share_memory_()
        _claims()  # before there are workers

    def load_data_list(self) -> list[dict]:
        """The list in whichever form, see the class."""
        path = Path(self.ann_file)
        videos = self.data_prefix.get("video") or ""
        classes: list[str] = []
        if "://" not in str(self.ann_file) and path.is_dir():
            entries, classes = read_folder(path)
            videos = self.data_prefix["video"] = str(path)
        elif path.suffix == ".csv":
            entries, classes = read_csv(path, videos=Path(videos or "."))
        else:
            exists(self.ann_file)
            entries = read_lines(
                str(self.ann_file),
                read_text(self.ann_file),
                delimiter=self.delimiter,
                several=self.multi_class,
            )
        check_labels(entries, num_classes=self.num_classes)
        if classes:
            metainfo: dict = self._metainfo  # type: ignore[has-type]
            self._metainfo = {**metainfo, "classes": classes}
        return [
            dict(filename=osp.join(videos, entry.path), label=self._label(entry))
            for entry in entries
        ]

    def _label(self, entry: Entry) -> int | list[int]:
        if self.multi_class:
            return list(entry.labels)
        return entry.labels[0] if entry.labels else -1  # for inference

    def _join_prefix(self) -> None:
        # MMEngine would put data_root before any address but those of http, https and s3.
        addresses = {key: x for key, x in self.data_prefix.items() if "://" in str(x)}
        super()._join_prefix()
        self.data_prefix.update(addresses)

    def get_data_info(self, idx: int) -> dict:
        """A video's path, label and place, as the pipeline's first transform takes them."""
        return {
            **super().get_data_info(idx),
            "backend_args": self.backend_args,
            "limits": self.limits,
            "on_damage": self.on_damage,
            "on_missing_motion": self.on_missing_motion,
        }

    def __getitem__(self, idx: int) -> dict:
        if not self.test_mode:
            # Who stands in follows from the state of the generators here, not from the order in
            # which videos were found to be unreadable.
            self._stand_ins = np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002
        return super().__getitem__(idx)

    def prepare_data(self, idx: int) -> dict | None:
        """The packed sample, or None if the video cannot be read and another must stand in."""
        if self.test_mode:
            return self._prepare(idx)
        if self._skipped[idx]:
            return None
        try:
            data = self._prepare(idx)
        except CodecError as error:
            self._last_error = error
            if self._is_first_to_skip(idx):
                print_log(f"Skipping a video: {error}", logger="current", level=logging.WARNING)
            return None
        self._failures_in_a_row = 0
        return data

    def _is_first_to_skip(self, idx: int) -> bool:
        """Whether no worker did before. Two may meet the same video at the same moment."""
        is_ours = _claims().acquire(timeout=1)  # whoever had it may have been killed
        try:
            is_first = not self._skipped[idx]
            self._skipped[idx] = True
        finally:
            if is_ours:
                _claims().release()
        return is_first

    def _prepare(self, idx: int) -> dict | None:
        try:
            data = super().prepare_data(idx)
            name_sample(data, self.get_data_info(idx))
            return data
        except CodecError:
            raise
        except Exception as error:  # a bug, of which the traceback does not say where to look
            name = self.get_data_info(idx).get("filename")
            reason = f"{type(error).__name__}: {error}"
            print_log(f"Failed at the video {name}: {reason}", "current", logging.ERROR)
            raise

    def _rand_another(self) -> int:
        self._failures_in_a_row += 1
        if self._skipped.all():
            self._give_up(f"none of its {len(self)} videos can be read")
        if self._failures_in_a_row > self.max_refetch:
            self._give_up(f"{self._failures_in_a_row} videos in a row cannot be read")
        while self._skipped[index := int(self._stand_ins.integers(len(self)))]:
            pass  # as if it had been tried now, and not before
        seed_generators(STAND_IN, int(self._stand_ins.integers(2**31)), index)
        return index

    def _give_up(self, reason: str) -> None:
        last = self._last_error or "skipped by another worker, see the log"
        prefix = self.data_prefix.get("video", "")
        raise CodecError(
            f"{reason}; check the annotation file and data_prefix (video={prefix!r}). "
            f"The last one: {last}",
            path=str(self.ann_file),
        ) from self._last_error

    def skipped_files(self) -> list[str]:
        """Paths of the videos skipped so far, by any worker, in the annotation file's order."""
        return [self.get_data_info(int(i))["filename"] for i in torch.nonzero(self._skipped)]

    @property
    def num_skipped(self) -> int:
        """How many videos were skipped so far, by any worker."""
        return int(self._skipped.sum())


@functools.cache
def _claims() -> synchronize.Lock:
    """One for all data sets: theirs could not be copied."""
    return multiprocessing.Lock()


def _limits(limits: Mapping[str, int]) -> Limits:
    allowed = [field.name for field in fields(Limits)]
    if not set(limits) <= set(allowed):
        raise ValueError(f"limits={dict(limits)}, allowed are some of {allowed}")
    return Limits(**limits)
