"""Losses, one per file."""

from .feature_distance_loss import FeatureDistanceLoss
from .flow_alignment_loss import FlowAlignmentLoss
from .soft_label_loss import SoftLabelLoss

__all__ = ["FeatureDistanceLoss", "FlowAlignmentLoss", "SoftLabelLoss"]
