"""Two feature maps in, one vector out: bilinear pooling through random sketches."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from .trilinear_pooling import normalize_pooled


def count_sketch(x: Tensor, *, buckets: Tensor, signs: Tensor, num_buckets: int) -> Tensor:
    """Charikar et al.'s count sketch along the last axis: ``out[buckets[i]] += signs[i] x[i]``.

    Args:
        x: [..., c].
        buckets: [c] int64, 0 to ``num_buckets - 1``.
        signs: [c], 1 or -1.
        num_buckets: length of the result.

    Returns:
        [..., num_buckets].
    """
    sketch = x.new_zeros(*x.shape[:-1], num_buckets)
    return sketch.index_add(-1, buckets, x * signs)


def compact_bilinear_pool(
    x: Tensor, y: Tensor, *, buckets: Tensor, signs: Tensor, num_buckets: int
) -> Tensor:
    """Tensor Sketch of ``sum_k x_k y_k^T``, before normalisation.

    Gao et al., "Compact Bilinear Pooling", CVPR 2016 (https://arxiv.org/abs/1511.06062), Algorithm
    2: the circular convolution of two count sketches is a count sketch of the outer product.

    Args:
        x, y: [..., c, K]; leading axes broadcast.
        buckets: [2, c] int64, of x and of y.
        signs: [2, c].
        num_buckets: D.

    Returns:
        [..., D]. The inner product of two results estimates that of the outer products, unbiased.
    """
    spectra = [
        torch.fft.rfft(
            count_sketch(
                feature.transpose(-1, -2), buckets=bucket, signs=sign, num_buckets=num_buckets
            )
        )
        for feature, bucket, sign in zip((x, y), buckets, signs, strict=True)
    ]  # [..., K, D / 2 + 1] each
    return torch.fft.irfft((spectra[0] * spectra[1]).sum(dim=-2), n=num_buckets)


@MODELS.register_module()
class CompactBilinearPooling(BaseModule):
    """Compact bilinear pooling (:func:`compact_bilinear_pool`), normalised: no parameters.

    Args:
        in_channels: c, channels of both feature maps.
        out_channels: D, length of the result. Gao et al. recommend 8192 for 512 channels.
        seed: of the random sketch, which is part of checkpoints.
        init_cfg: See MMEngine.
    """

    buckets: Tensor
    signs: Tensor

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int = 8192,
        seed: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = out_channels
        generator = torch.Generator().manual_seed(seed)
        shape = 2, in_channels
        self.register_buffer("buckets", torch.randint(out_channels, shape, generator=generator))
        signs = torch.randint(2, shape, generator=generator) * 2 - 1
        self.register_buffer("signs", signs.float())

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[..., c, h, w] each to [..., D] of length 1."""
        pooled = compact_bilinear_pool(
            x.flatten(-2),
            y.flatten(-2),
            buckets=self.buckets,
            signs=self.signs.to(x.dtype),
            num_buckets=self.out_channels,
        )
        return normalize_pooled(pooled)
