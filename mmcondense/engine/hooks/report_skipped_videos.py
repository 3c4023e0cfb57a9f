"""At the end of training, say which videos the data set skipped."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcondense.datasets import CompressedVideoDataset


@HOOKS.register_module()
class ReportSkippedVideosHook(Hook):
    """Log how many training videos could not be read, over all ranks and workers, and which.

    Args:
        max_listed: paths to list at most.
    """

    priority = "LOW"

    def __init__(self, max_listed: int = 20) -> None:
        self.max_listed = max_listed

    def after_train(self, runner: Runner) -> None:
        datasets = list(_compressed_datasets(runner.train_dataloader.dataset))
        if not datasets:
            return
        own = {path for dataset in datasets for path in dataset.skipped_files()}
        skipped = sorted(set().union(*dist.all_gather_object(own)))
        num_videos = sum(len(dataset) for dataset in datasets)
        if not skipped:
            runner.logger.info(f"Skipped none of {num_videos} training videos.")
            return
        listed = "".join(f"\n  {path}" for path in skipped[: self.max_listed])
        rest = len(skipped) - self.max_listed
        runner.logger.log(
            logging.WARNING,
            f"Skipped {len(skipped)} of {num_videos} training videos that could not be read:"
            f"{listed}" + (f"\n  and {rest} more" if rest > 0 else ""),
        )


def _compressed_datasets(dataset: object) -> Iterator[CompressedVideoDataset]:
    """Look through wrappers such as RepeatDataset and ConcatDataset."""
    if isinstance(dataset, CompressedVideoDataset):
        yield dataset
    for wrapped in getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]:
        if wrapped is not None:
            yield from _compressed_datasets(wrapped)
