"""Reading and writing compressed video: frames, motion vectors and residuals, without torch."""

from .clip import CompressedClip
from .errors import (
    CodecError,
    CorruptVideoError,
    FrameIndexError,
    NoMotionVectorsError,
    UnsupportedVideoError,
    VideoNotFoundError,
    VideoOpenError,
)
from .video import MODALITIES, PRECISIONS, REFERENCES, CompressedVideo

__all__ = [
    "MODALITIES",
    "PRECISIONS",
    "REFERENCES",
    "CodecError",
    "CompressedClip",
    "CompressedVideo",
    "CorruptVideoError",
    "FrameIndexError",
    "NoMotionVectorsError",
    "UnsupportedVideoError",
    "VideoNotFoundError",
    "VideoOpenError",
]
