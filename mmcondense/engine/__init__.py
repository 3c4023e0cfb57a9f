"""What training needs beside models and data: hooks."""

from .hooks import ReportSkippedVideosHook

__all__ = ["ReportSkippedVideosHook"]
