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
from .kernels import BACKENDS, backend, set_backend
from .request import MODALITIES, PRECISIONS, REFERENCES
from .transcode import reencode
from .video import CompressedVideo

__all__ = [
    "BACKENDS",
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
    "backend",
    "encode_frames",
    "reencode",
    "set_backend",
]
