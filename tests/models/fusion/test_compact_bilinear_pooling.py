from __future__ import annotations

import torch
from mmaction.registry import MODELS

from mmcondense.models.fusion.compact_bilinear_pooling import compact_bilinear_pool, count_sketch

N, C, K, D = 2, 4, 3, 5


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64)


def sketch_parameters(num_buckets: int, seed: int) -> dict:
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(2, (2, C), generator=generator) * 2.0 - 1
    return dict(
        buckets=torch.randint(num_buckets, (2, C), generator=generator),
        signs=signs.double(),
        num_buckets=num_buckets,
    )


def test_count_sketch_by_hand():
    sketch = count_sketch(
        torch.tensor([[1.0, 2.0, 3.0]]),
        buckets=torch.tensor([2, 0, 2]),
        signs=torch.tensor([1.0, -1.0, -1.0]),
        num_buckets=4,
    )
    assert sketch.tolist() == [[-2.0, 0.0, -2.0, 0.0]]


def test_it_sketches_the_outer_product():
    """Entry (a, b) of x y^T lands in bucket h(a) + h'(b), with sign s(a) s'(b)."""
    torch.manual_seed(0)
    x, y, parameters = random(N, C, K), random(N, C, K), sketch_parameters(D, seed=0)
    expected = torch.zeros(N, D, dtype=torch.float64)
    outer = torch.einsum("nak,nbk->nab", x, y)
    (bucket_x, bucket_y), (sign_x, sign_y) = parameters["buckets"], parameters["signs"]
    for a in range(C):
        for b in range(C):
            bucket = (bucket_x[a] + bucket_y[b]) % D
            expected[:, bucket] += sign_x[a] * sign_y[b] * outer[:, a, b]
    pooled = compact_bilinear_pool(x, y, **parameters)
    torch.testing.assert_close(pooled, expected, rtol=0, atol=1e-10)


def test_inner_products_estimate_those_of_bilinear_pooling():
    torch.manual_seed(0)
    x, y, z, w = (random(1, C, 1) for _ in range(4))
    exact = ((x * z).sum() * (y * w).sum()).item()  # <x y^T, z w^T>
    estimates = [
        (compact_bilinear_pool(x, y, **sketch) * compact_bilinear_pool(z, w, **sketch)).sum()
        for sketch in (sketch_parameters(16, seed) for seed in range(400))
    ]
    estimates = torch.stack(estimates)
    standard_error = estimates.std() / len(estimates) ** 0.5
    assert abs(estimates.mean() - exact) < 3 * standard_error


def test_modules():
    torch.manual_seed(0)
    pooling = dict(type="CompactBilinearPooling", in_channels=8, out_channels=32)
    single = MODELS.build(pooling)
    assert not list(single.parameters())
    assert set(single.state_dict()) == {"buckets", "signs"}
    x, y, z = (torch.randn(2, 8, 3, 3) for _ in range(3))
    torch.testing.assert_close(single(x, y).norm(dim=1), torch.ones(2))

    pairs = MODELS.build(dict(type="PairwisePooling", pooling=pooling))
    assert pairs.out_channels == 96
    expected = torch.cat([single(x, y), single(x, z), single(y, z)], dim=1)
    torch.testing.assert_close(pairs(x, y, z), expected)
    both = pairs(torch.stack([x, z]), y, z)
    torch.testing.assert_close(both[0], expected)
