"""Hooks that the methods need."""

from .checkpoint_fit import CheckpointFitHook
from .exact_resume import ExactResumeHook
from .final_checkpoint import FinalCheckpointHook
from .report_skipped_videos import ReportSkippedVideosHook
from .training_list import TrainingListHook, check_test_videos

__all__ = [
    "CheckpointFitHook",
    "ExactResumeHook",
    "FinalCheckpointHook",
    "ReportSkippedVideosHook",
    "TrainingListHook",
    "check_test_videos",
]
