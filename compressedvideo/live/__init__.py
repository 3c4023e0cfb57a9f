"""Video that has no end: packets in, windows of it out, each a small CompressedVideo."""

from .live_video import LiveCompressedVideo
from .live_window import LiveWindow
from .window_maker import LiveCounts

__all__ = ["LiveCompressedVideo", "LiveCounts", "LiveWindow"]
