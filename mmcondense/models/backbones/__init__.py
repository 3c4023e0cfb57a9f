"""Backbones that MMAction2 lacks."""

from .alexnet import AlexNet
from .difference_net import DifferenceNet
from .feature_map_backbone import FeatureMapBackbone
from .inception_i3d import InceptionI3D
from .parallel_backbones import ParallelBackbones
from .resnet2d3d import ResNet2D3D
from .resnet_temporal_conv import ResNetTemporalConv

__all__ = [
    "AlexNet",
    "DifferenceNet",
    "FeatureMapBackbone",
    "InceptionI3D",
    "ParallelBackbones",
    "ResNet2D3D",
    "ResNetTemporalConv",
]
