"""Reading and writing compressed video: frames, motion vectors and residuals, without torch."""

from .clip import CompressedClip
from .encode import ENCODERS, VideoWriter, encode_frames
from .errors import (
    CodecError,
    CorruptVideoError,
    FrameIndexError,
    NoMotionVectorsError,
    UnsupportedVideoError,
    VideoNotFoundError,
    VideoOpenError,
)
from .transcode import reencode
from .video import MODALITIES, PRECISIONS, REFERENCES, CompressedVideo

__all__ = [
    "ENCODERS",
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
    "VideoWriter",
    "encode_frames",
    "reencode",
]
