"""Checkpoints know what they were trained on, so that nobody tests them on it by mistake."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcondense.datasets.video_list import common_videos, describe_list, listed_datasets

TRAINING_LISTS = "training_lists"
"""Key of the records in a checkpoint's ``meta``."""


@HOOKS.register_module()
class TrainingListHook(Hook):
    """Write the training's annotation files into its checkpoints: path, hash and videos.

    UCF101 and HMDB51 are tested on three splits, and most of one split's test videos are training
    videos of another: :func:`check_test_videos` tells.
    """

    priority = "LOW"

    def __init__(self) -> None:
        self._records: list[dict] | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if not is_main_process():  # no other process writes
            return
        if self._records is None:
            datasets = listed_datasets(runner.train_dataloader.dataset)
            self._records = [describe_list(dataset) for dataset in datasets]
        checkpoint["meta"][TRAINING_LISTS] = self._records


def check_test_videos(checkpoint: dict, test_dataset: object) -> None:
    """Refuse to test a checkpoint on what it was trained on.

    Args:
        checkpoint: As loaded. One without records, such as the model zoo's, passes.
        test_dataset: Of the test loader, wrapped or not.

    Raises:
        ValueError: if the two have a video in common.
    """
    for record in checkpoint.get("meta", {}).get(TRAINING_LISTS, []):
        for dataset in listed_datasets(test_dataset):
            common = common_videos(record, dataset)
            if common:
                raise ValueError(
                    f"{len(common)} of the {len(dataset)} videos in {dataset.ann_file} are among "
                    f"the {len(record['videos'])} that this checkpoint was trained on "
                    f"({record['ann_file']}), such as {common[0]}. For another split set SPLIT, "
                    "as in SPLIT=2 python tools/test.py ..., or the ann_file in --cfg-options; "
                    "to test on training videos all the same: --allow-training-videos"
                )
