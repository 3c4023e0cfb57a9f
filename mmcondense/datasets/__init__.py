"""Data sets and pipeline transforms for compressed video."""

from . import transforms
from .compressed_video_dataset import CompressedVideoDataset

__all__ = ["CompressedVideoDataset", "transforms"]
