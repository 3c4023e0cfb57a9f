"""Data preprocessors: from a collated batch to what a recognizer takes."""

from .stream_data_preprocessor import StreamDataPreprocessor

__all__ = ["StreamDataPreprocessor"]
