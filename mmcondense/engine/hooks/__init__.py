"""Hooks that the methods need."""

from .report_skipped_videos import ReportSkippedVideosHook

__all__ = ["ReportSkippedVideosHook"]
