"""Hooks that the methods need."""

from .checkpoint_fit import CheckpointFitHook
from .exact_resume import ExactResumeHook
from .final_checkpoint import FinalCheckpointHook
from .finite_loss import FiniteLossHook
from .report_skipped_videos import ReportSkippedVideosHook
from .safe_checkpoint import SafeCheckpointHook
from .save_at_sigterm import SaveAtSigtermHook
from .training_list import TrainingListHook, check_test_videos

__all__ = [
    "CheckpointFitHook",
    "ExactResumeHook",
    "FinalCheckpointHook",
    "FiniteLossHook",
    "ReportSkippedVideosHook",
    "SafeCheckpointHook",
    "SaveAtSigtermHook",
    "TrainingListHook",
    "check_test_videos",
]
