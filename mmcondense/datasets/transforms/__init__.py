"""Pipeline transforms for compressed video."""

from .crop_to_multiple import CropToMultiple
from .find_audio_feature import FindAudioFeature
from .format_compressed_shape import FormatCompressedShape, encode_motion, encode_residual
from .fuse_clip import FuseClip
from .load_compressed_video import LoadCompressedVideo
from .load_flow import LoadFlow
from .mixed_encodings import MixedEncodings
from .pipeline_check import check_compressed_pipeline
from .read_frames import OpenVideo, ReadFrames
from .sample_compressed_frames import SampleCompressedFrames
from .sample_gop_clips import SampleGOPClips
from .sample_gops import SampleGOPs
from .transform_iframes import TransformIFrames

__all__ = [
    "CropToMultiple",
    "FindAudioFeature",
    "FormatCompressedShape",
    "FuseClip",
    "LoadCompressedVideo",
    "LoadFlow",
    "MixedEncodings",
    "OpenVideo",
    "ReadFrames",
    "SampleCompressedFrames",
    "SampleGOPClips",
    "SampleGOPs",
    "TransformIFrames",
    "check_compressed_pipeline",
    "encode_motion",
    "encode_residual",
]
