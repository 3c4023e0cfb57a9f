"""Data sets and pipeline transforms for compressed video."""

from . import transforms
from .collate import compact_collate
from .compressed_video_dataset import CompressedVideoDataset

__all__ = ["CompressedVideoDataset", "compact_collate", "transforms"]
