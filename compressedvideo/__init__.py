"""Reading and writing compressed video: frames, motion vectors and residuals, without torch."""

from .clip import CompressedClip
from .damage import ON_DAMAGE
from .errors import (
    CodecError,
    CorruptVideoError,
    FrameIndexError,
    LimitError,
    NoMotionVectorsError,
    UnsupportedVideoError,
    VideoNotFoundError,
    VideoOpenError,
)
from .limits import Limits
from .live import LiveCompressedVideo, LiveWindow
from .motion.cells import MotionCells
from .motion.kernels import BACKENDS, backend, set_backend
from .request import LAYOUTS, MACROBLOCK_MODALITIES, MODALITIES, PRECISIONS, REFERENCES
from .transcoding import ON_MISSING_MOTION
from .video import CompressedVideo
from .writing.encode import ENCODERS, VideoWriter, encode_frames
from .writing.reencode import reencode

__all__ = [
    "BACKENDS",
    "ENCODERS",
    "LAYOUTS",
    "MACROBLOCK_MODALITIES",
    "MODALITIES",
    "ON_DAMAGE",
    "ON_MISSING_MOTION",
    "PRECISIONS",
    "REFERENCES",
    "CodecError",
    "CompressedClip",
    "CompressedVideo",
    "CorruptVideoError",
    "FrameIndexError",
    "LimitError",
    "Limits",
    "LiveCompressedVideo",
    "LiveWindow",
    "MotionCells",
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
