"""Hooks that the methods need."""

from .final_checkpoint import FinalCheckpointHook
from .report_skipped_videos import ReportSkippedVideosHook

__all__ = ["FinalCheckpointHook", "ReportSkippedVideosHook"]
