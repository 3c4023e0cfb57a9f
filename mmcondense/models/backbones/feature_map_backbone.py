"""Frames in, their last feature map out, whatever library the network comes from."""

from __future__ import annotations

import copy
from typing import Any

from mmaction.models import Recognizer2D
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from mmengine.model import BaseDataPreprocessor, BaseModule
from torch import Tensor, nn

from .resnet2d3d import adapt_kernel

_FOREIGN = ("torchvision", "timm")


@MODELS.register_module()
class FeatureMapBackbone(BaseModule):
    """A 2D network of MMAction2, ``mmpretrain.``, ``timm.`` or ``torchvision.`` on any channels.

    MMAction2's Recognizer2D takes networks from all of these, but pools the foreign ones' features
    and expects RGB. This wraps them where the map itself is needed, as in ATTP, and where the input
    is motion. Weights of a network for RGB, given as the network's ``init_cfg`` or ``pretrained``,
    are adapted to other inputs as TSN does (:func:`adapt_kernel`).

    Args:
        backbone: Config of the network, its type with the library's prefix.
        in_channels: Of the input: 3 for pictures and residuals, 2 for motion and flow.
        init_cfg: See MMEngine; ``dict(type="Pretrained", prefix="backbone.", ...)`` loads the
            backbone of a Recognizer2D around this class.

    Raises:
        ValueError: if the network has no convolution for the input.
    """

    def __init__(
        self, backbone: ConfigType, *, in_channels: int = 3, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        # Recognizer2D knows all four libraries, and removes the classifiers.
        builder = Recognizer2D(
            backbone=copy.deepcopy(backbone), data_preprocessor=BaseDataPreprocessor()
        )
        self.net = builder.backbone
        self.library = builder.backbone_from
        fit_input(self.net, in_channels)

    def init_weights(self) -> None:
        """Foreign networks come initialised; everything else as MMEngine does."""
        if self.library in _FOREIGN:
            self.net.init_weights = _do_nothing
        super().init_weights()

    def forward(self, x: Tensor) -> Tensor:
        """[N, in_channels, H, W] to [N, C, H', W'].

        Raises:
            ValueError: if the network does not end in a feature map.
        """
        if self.library == "timm":
            x = self.net.forward_features(x)
        elif self.library == "torchvision" and hasattr(self.net, "features"):
            x = self.net.features(x)
        else:
            x = self.net(x)
        if isinstance(x, tuple) and len(x) == 1:  # one out_indices of mmpretrain
            (x,) = x
        if not isinstance(x, Tensor) or x.ndim != 4:
            found = list(x.shape) if isinstance(x, Tensor) else f"{len(x)} maps"
            raise ValueError(
                f"{type(self.net).__name__} returns {found} instead of one feature map "
                "[N, C, H, W]: choose a convolutional network and a single stage"
            )
        return x


def fit_input(net: nn.Module, in_channels: int) -> None:
    """Give the first convolution ``in_channels`` inputs; weights that it loads are adapted too."""
    stem = next((module for module in net.modules() if isinstance(module, nn.Conv2d)), None)
    if stem is None or stem.groups != 1:
        raise ValueError(
            f"{type(net).__name__} has no convolution to adapt to {in_channels} inputs"
        )
    if stem.in_channels != in_channels:
        stem.in_channels = in_channels
        shape = (stem.out_channels, in_channels, *stem.kernel_size)
        stem.weight = nn.Parameter(adapt_kernel(stem.weight.detach(), shape).clone())
    stem._register_load_state_dict_pre_hook(_adapt_loaded, with_module=True)


def _adapt_loaded(stem: nn.Conv2d, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    key = f"{prefix}weight"
    weight = state_dict.get(key)
    if weight is not None and weight.ndim == 4 and weight.shape[1] != stem.in_channels:
        state_dict[key] = adapt_kernel(weight, stem.weight.shape)


def _do_nothing() -> None:
    pass
