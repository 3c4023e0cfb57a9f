"""Networks. Nothing in here opens a file other than a checkpoint."""

from . import backbones, data_preprocessors, distill, losses, recognizers

__all__ = ["backbones", "data_preprocessors", "distill", "losses", "recognizers"]
