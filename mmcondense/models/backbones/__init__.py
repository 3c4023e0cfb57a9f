"""Backbones that MMAction2 lacks."""

from .resnet2d3d import ResNet2D3D

__all__ = ["ResNet2D3D"]
