"""What scripts build on: arguments, pictures, dumps, and TSD split into client and cloud."""

from .tsd_split import TSDClient, TSDCloud

__all__ = ["TSDClient", "TSDCloud"]
