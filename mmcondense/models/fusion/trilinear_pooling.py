"""Feature maps of several modalities in, one vector per sample out: factorized pooling.

X [N, c, K] ──► Uᵀ ─┐
Y [N, c, K] ──► Vᵀ ─⊙─ sum over d and over the K positions ─► signed √ ─► l2 ─► [N, D]
Z [N, c, K] ──► Wᵀ ─┘
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

NUM_CHUNKS = 16


def trilinear_pool(
    x: Tensor,
    y: Tensor,
    z: Tensor,
    *,
    u: Tensor,
    v: Tensor,
    w: Tensor,
    num_chunks: int = NUM_CHUNKS,
) -> Tensor:
    """Trilinear pooling of feature maps, before normalisation.

    Huo et al., "Lightweight Action Recognition in Compressed Videos", ECCV 2020 Workshops, eq. (4)
    to (6): ``f_i = sum_k sum_j (U_i^T x_k)_j (V_i^T y_k)_j (W_i^T z_k)_j``. Leading axes
    broadcast: several ``x`` share the projections of one ``y`` and one ``z``.

    Args:
        x, y, z: [..., c, K], K positions.
        u, v, w: [c, D, d], projections.
        num_chunks: parts in which the D outputs are computed, one after the other, and recomputed
            in the backward pass: of the [..., K, D, d] projections no more than that exists at a
            time.

    Returns:
        [..., D].
    """
    return _hadamard_pool((x, y, z), (u, v, w), num_chunks=num_chunks)


def factorized_bilinear_pool(
    x: Tensor, y: Tensor, *, u: Tensor, v: Tensor, num_chunks: int = NUM_CHUNKS
) -> Tensor:
    """Multi-modal factorized bilinear pooling (MFB), summed over positions: eq. (3).

    Yu et al., "Multi-modal Factorized Bilinear Pooling with Co-attention Learning for Visual
    Question Answering", ICCV 2017 (https://arxiv.org/abs/1708.01471). Trilinear pooling with
    ``W^T z = 1``. Arguments as :func:`trilinear_pool`'s.
    """
    return _hadamard_pool((x, y), (u, v), num_chunks=num_chunks)


def signed_sqrt(f: Tensor, *, eps: float = 1e-8) -> Tensor:
    """``sign(f) sqrt(|f|)``, with the slope at 0 limited to ``1 / (2 sqrt(eps))``.

    The same as ``sign(f) (sqrt(|f| + eps) - sqrt(eps))``: odd, monotonic, exact to ``sqrt(eps)``.
    """
    return f / ((f.abs() + eps).sqrt() + eps**0.5)


def l2_normalize(f: Tensor, *, eps: float = 1e-12) -> Tensor:
    """``f / |f|`` along the last axis; 0, with a finite gradient, where f is 0."""
    return f * (f.square().sum(dim=-1, keepdim=True) + eps).rsqrt()


def normalize_pooled(f: Tensor) -> Tensor:
    """Signed square root, then l2 norm, in single precision at least: small numbers matter."""
    if f.dtype in (torch.float16, torch.bfloat16):
        f = f.float()
    return l2_normalize(signed_sqrt(f))


def _hadamard_pool(
    features: Sequence[Tensor], projections: Sequence[Tensor], *, num_chunks: int
) -> Tensor:
    rows = [feature.transpose(-1, -2) for feature in features]  # [..., K, c]
    parts = zip(*(p.chunk(num_chunks, dim=1) for p in projections), strict=True)
    if torch.is_grad_enabled() and not torch.jit.is_tracing():
        pooled = [checkpoint(_pool_part, *rows, *part, use_reentrant=False) for part in parts]
    else:
        pooled = [_pool_part(*rows, *part) for part in parts]
    return torch.cat(pooled, dim=-1)


def _pool_part(*rows_and_projections: Tensor) -> Tensor:
    """Rows [..., K, c] and as many projections [c, D', d] to [..., D']."""
    half = len(rows_and_projections) // 2
    product: Tensor | None = None
    # From last to first: what is shared among several x is multiplied once.
    for rows, projection in reversed(
        list(zip(rows_and_projections[:half], rows_and_projections[half:], strict=True))
    ):
        projected = rows @ projection.flatten(1)  # [..., K, D' d]
        product = projected if product is None else product * projected
    assert product is not None
    factors = rows_and_projections[-1].shape[-1]
    return product.sum(dim=-2).unflatten(-1, (-1, factors)).sum(dim=-1)


class _FactorizedPooling(BaseModule):
    """Projections of ``num_maps`` modalities, each [c, D, d], without biases.

    ``in_channels`` is c, one for all or one for each.
    """

    num_maps: int

    def __init__(
        self,
        in_channels: int | Sequence[int],
        *,
        out_channels: int = 512,
        factors: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if isinstance(in_channels, int):
            in_channels = (in_channels,) * self.num_maps
        if len(in_channels) != self.num_maps:
            raise ValueError(f"in_channels={in_channels}, must be one number, or {self.num_maps}")
        self.out_channels = out_channels
        self.projections = nn.ParameterList(
            torch.empty(channels, out_channels, factors) for channels in in_channels
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal with variance 1 / c: projections as large as the features."""
        for projection in self.projections:
            nn.init.normal_(projection, std=len(projection) ** -0.5)


@MODELS.register_module()
class TrilinearPooling(_FactorizedPooling):
    """Trilinear pooling with its projections U, V and W (:func:`trilinear_pool`), normalised.

    The paper prints neither D nor d. With EfficientNet-B1's 1280 channels and 51 classes, 512 and 2
    give its 23.4 M parameters. Like the equations, the projections have no bias.

    Args:
        in_channels: c, channels of the feature maps: one number for all, or one for each.
        out_channels: D, projections and length of the result.
        factors: d, width of each projection.
        init_cfg: See MMEngine.
    """

    num_maps = 3

    def forward(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """[..., c, h, w] each to [..., D] of length 1. A map of 1 x 1 meets all positions."""
        u, v, w = self.projections
        x, y, z = x.flatten(-2), y.flatten(-2), z.flatten(-2)
        return normalize_pooled(trilinear_pool(x, y, z, u=u, v=v, w=w))


@MODELS.register_module()
class FactorizedBilinearPooling(_FactorizedPooling):
    """MFB of two feature maps (:func:`factorized_bilinear_pool`), normalised.

    Args:
        in_channels: c, channels of the feature maps: one number for both, or one for each.
        out_channels: D, length of the result.
        factors: d, width of each projection.
        init_cfg: See MMEngine.
    """

    num_maps = 2

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[..., c, h, w] each to [..., D] of length 1."""
        u, v = self.projections
        return normalize_pooled(factorized_bilinear_pool(x.flatten(-2), y.flatten(-2), u=u, v=v))
