from __future__ import annotations

import weakref

import pytest
import torch
from mmaction.registry import MODELS
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mmcondense.models.fusion import FactorizedBilinearPooling, TrilinearPooling
from mmcondense.models.fusion.trilinear_pooling import (
    factorized_bilinear_pool,
    l2_normalize,
    normalize_pooled,
    signed_sqrt,
    trilinear_pool,
)

N, C, K, D, FACTORS = 2, 5, 3, 7, 2


def random(*shape: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def maps(count: int = 3) -> list[torch.Tensor]:
    return [random(N, C, K, seed=seed) for seed in range(count)]


def projections(count: int = 3) -> list[torch.Tensor]:
    return [random(C, D, FACTORS, seed=10 + seed) for seed in range(count)]


def naive_pool(features, projections) -> torch.Tensor:
    """Eq. (4) and (5), one product at a time: outputs, positions, factors."""
    pooled = torch.zeros(N, D, dtype=torch.float64)
    for n in range(N):
        for i in range(D):
            for k in range(K):
                for j in range(FACTORS):
                    product = 1.0
                    for x, u in zip(features, projections, strict=True):
                        product *= sum(u[c, i, j].item() * x[n, c, k].item() for c in range(C))
                    pooled[n, i] += product
    return pooled


@pytest.mark.parametrize("num_chunks", [1, 4, 7])
def test_trilinear_pool_is_the_triple_loop(num_chunks):
    (x, y, z), (u, v, w) = maps(), projections()
    expected = naive_pool((x, y, z), (u, v, w))
    pooled = trilinear_pool(x, y, z, u=u, v=v, w=w, num_chunks=num_chunks)
    torch.testing.assert_close(pooled, expected, rtol=0, atol=1e-10)
    with torch.no_grad():
        pooled = trilinear_pool(x, y, z, u=u, v=v, w=w, num_chunks=num_chunks)
    torch.testing.assert_close(pooled, expected, rtol=0, atol=1e-10)


def test_factorized_bilinear_pool_is_its_loop_and_the_form_of_eq_3():
    (x, y), (u, v) = maps(2), projections(2)
    pooled = factorized_bilinear_pool(x, y, u=u, v=v)
    torch.testing.assert_close(pooled, naive_pool((x, y), (u, v)), rtol=0, atol=1e-10)
    quadratic = torch.einsum("nck,cij,eij,nek->ni", x, u, v, y)  # x^T U_i V_i^T y
    torch.testing.assert_close(pooled, quadratic, rtol=0, atol=1e-10)


def test_it_is_bilinear_pooling_where_the_third_projection_is_one():
    (x, y), (u, v) = maps(2), projections(2)
    z, w = torch.ones_like(x), torch.full_like(u, 1 / C)
    torch.testing.assert_close(
        trilinear_pool(x, y, z, u=u, v=v, w=w), factorized_bilinear_pool(x, y, u=u, v=v)
    )


def test_leading_axes_broadcast():
    (x, y, z), (u, v, w) = maps(), projections()
    other = random(N, C, K, seed=20)
    both = trilinear_pool(torch.stack([x, other]), y, z, u=u, v=v, w=w)
    assert both.shape == (2, N, D)
    torch.testing.assert_close(both[0], trilinear_pool(x, y, z, u=u, v=v, w=w))
    torch.testing.assert_close(both[1], trilinear_pool(other, y, z, u=u, v=v, w=w))


def test_gradients():
    tensors = [tensor.requires_grad_() for tensor in (*maps(), *projections())]

    def pool(x, y, z, u, v, w):
        return trilinear_pool(x, y, z, u=u, v=v, w=w, num_chunks=2)

    assert torch.autograd.gradcheck(pool, tensors)
    f = random(3, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(normalize_pooled, (f,))


def test_normalisation_by_hand():
    f = torch.tensor([[4.0, -9.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(
        signed_sqrt(f), torch.tensor([[2.0, -3.0, 0.0]], dtype=torch.float64), rtol=0, atol=1e-4
    )
    expected = torch.tensor([[2.0, -3.0, 0.0]], dtype=torch.float64) / 13**0.5
    torch.testing.assert_close(normalize_pooled(f), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("function", [signed_sqrt, l2_normalize, normalize_pooled])
def test_gradient_at_zero_is_finite(function):
    f = torch.zeros(2, 3, requires_grad=True)
    result = function(f)
    result.sum().backward()
    assert not result.any()
    assert torch.isfinite(f.grad).all()


def test_half_precision_is_normalised_in_single():
    f = torch.tensor([[1e-6, -1e-6]], dtype=torch.float16)
    expected = torch.tensor([[1.0, -1.0]]) / 2**0.5
    torch.testing.assert_close(normalize_pooled(f), expected, rtol=0.1, atol=0)


class LargestMemory(TorchDispatchMode):
    """The most bytes that results of operations hold at one time, given tensors not counted."""

    def __init__(self, *given: torch.Tensor):
        super().__init__()
        self.given = {tensor.untyped_storage()._cdata for tensor in given}
        self.results: list[weakref.ref] = []
        self.most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        leaves = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.results += [weakref.ref(leaf) for leaf in leaves]
        self.results = [ref for ref in self.results if ref() is not None]
        storages = {ref().untyped_storage()._cdata: ref().untyped_storage() for ref in self.results}
        held = sum(s.nbytes() for key, s in storages.items() if key not in self.given)
        self.most = max(self.most, held)
        return result


@pytest.mark.parametrize("training", [True, False])
def test_memory_never_holds_all_projections(training):
    """Three times D x d x positions x batch would be the plain way; once is the bound."""
    n, c, k, d, factors = 8, 8, 49, 64, 2
    x, y, z = (torch.randn(n, c, k, requires_grad=training) for _ in range(3))
    u, v, w = (torch.randn(c, d, factors, requires_grad=training) for _ in range(3))
    everything = 4 * n * k * d * factors
    with torch.set_grad_enabled(training), LargestMemory(x, y, z, u, v, w) as memory:
        pooled = trilinear_pool(x, y, z, u=u, v=v, w=w)
        if training:
            pooled.sum().backward()
    assert everything / 16 < memory.most < everything


@pytest.mark.parametrize(("kind", "count"), [(TrilinearPooling, 3), (FactorizedBilinearPooling, 2)])
def test_modules(kind, count):
    torch.manual_seed(0)
    module = MODELS.build(dict(type=kind.__name__, in_channels=8, out_channels=6, factors=3))
    assert {n: list(p.shape) for n, p in module.named_parameters()} == {
        f"projections.{i}": [8, 6, 3] for i in range(count)
    }
    features = [torch.randn(2, 8, 4, 5) for _ in range(count)]
    pooled = module(*features)
    assert pooled.shape == (2, 6)
    torch.testing.assert_close(pooled.norm(dim=1), torch.ones(2))
    pooled[:, 0].sum().backward()
    assert all(p.grad.any() for p in module.parameters())
