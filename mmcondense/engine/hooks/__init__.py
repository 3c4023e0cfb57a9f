"""Hooks that the methods need."""

from .final_checkpoint import FinalCheckpointHook
from .report_skipped_videos import ReportSkippedVideosHook
from .training_list import TrainingListHook, check_test_videos

__all__ = [
    "FinalCheckpointHook",
    "ReportSkippedVideosHook",
    "TrainingListHook",
    "check_test_videos",
]
