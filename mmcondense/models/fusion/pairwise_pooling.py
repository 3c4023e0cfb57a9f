"""Three feature maps in; each pair pooled, the results side by side out."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmaction.utils import ConfigType
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class PairwisePooling(BaseModule):
    """A pooling of two feature maps, applied to the pairs (x, y), (x, z) and (y, z).

    Huo et al., "Lightweight Action Recognition in Compressed Videos", section 4.4: the scores of
    the three pairs are summed. A linear classifier on the concatenation is that sum.

    Args:
        pooling: Config of a pooling of two, such as ``CompactBilinearPooling`` ("BP" of Table 3) or
            ``FactorizedBilinearPooling``.
        init_cfg: See MMEngine.
    """

    def __init__(self, pooling: ConfigType, *, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        poolings = [MODELS.build(pooling) for _ in range(3)]
        self.poolings = nn.ModuleList(poolings)
        self.out_channels = sum(pool.out_channels for pool in poolings)

    def forward(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """[..., c, h, w] each, leading axes broadcast, to [..., 3 D]."""
        pairs = ((x, y), (x, z), (y, z))
        pooled = [pool(*pair) for pool, pair in zip(self.poolings, pairs, strict=True)]
        return torch.cat(torch.broadcast_tensors(*pooled), dim=-1)
