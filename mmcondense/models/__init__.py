"""Networks. Nothing in here opens a file other than a checkpoint."""

from . import (
    backbones,
    condensers,
    data_preprocessors,
    distill,
    fusion,
    heads,
    losses,
    recognizers,
)

__all__ = [
    "backbones",
    "condensers",
    "data_preprocessors",
    "distill",
    "fusion",
    "heads",
    "losses",
    "recognizers",
]
