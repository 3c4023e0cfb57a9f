"""Video that has no end: packets in, windows of it out, each a small CompressedVideo."""

from .live_video import LiveCompressedVideo
from .live_window import LiveWindow

__all__ = ["LiveCompressedVideo", "LiveWindow"]
