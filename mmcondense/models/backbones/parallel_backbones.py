"""Several inputs in, each through a network of its own; their feature maps by name out."""

from __future__ import annotations

from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class ParallelBackbones(BaseModule):
    """The backbone of an ``MMRecognizer3D`` that hands each modality to a backbone of MMAction2.

    Args:
        networks: By the name of the input, the config of its backbone.
        init_cfg: See MMEngine.
    """

    def __init__(self, networks: dict[str, ConfigType], *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.names = tuple(networks)
        for name, cfg in networks.items():
            self.add_module(name, MODELS.build(cfg))

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """Each backbone's output by the name of its input.

        Raises:
            ValueError: if the inputs have other names.
        """
        if set(inputs) != set(self.names):
            raise ValueError(f"inputs are {sorted(inputs)}, but networks are {sorted(self.names)}")
        return {name: self.get_submodule(name)(inputs[name]) for name in self.names}
