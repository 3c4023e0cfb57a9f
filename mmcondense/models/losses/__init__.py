"""Losses, one per file."""

from .feature_distance_loss import FeatureDistanceLoss
from .soft_label_loss import SoftLabelLoss

__all__ = ["FeatureDistanceLoss", "SoftLabelLoss"]
