"""What scripts build on: arguments, prediction, pictures, dumps, TSD as client and cloud."""

from .inferencer import CompressedActionInferencer
from .tsd_split import TSDClient, TSDCloud

__all__ = ["CompressedActionInferencer", "TSDClient", "TSDCloud"]
