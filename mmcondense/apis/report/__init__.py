"""The work dir of a training in, one self-contained HTML page about it out."""

from .page import ReportError, write_pictures, write_report

__all__ = ["ReportError", "write_pictures", "write_report"]
