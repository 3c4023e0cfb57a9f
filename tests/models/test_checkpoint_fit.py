"""A checkpoint fits, or it is refused, wherever one is given."""

from __future__ import annotations

import pytest
from torch import nn

from mmcondense.models.checkpoint_fit import check_fits, misfits


def network(*, classes: int = 2, depth: int = 1) -> nn.Module:
    layers = [nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)) for _ in range(depth)]
    return nn.ModuleDict(dict(backbone=nn.Sequential(*layers), head=nn.Linear(3, classes)))


@pytest.mark.parametrize("prefix", ["", "module."])
def test_what_fits_passes(prefix):
    weights = {f"{prefix}{name}": x for name, x in network().state_dict().items()}
    assert misfits(network(), weights) == ""
    weights.pop(f"{prefix}backbone.0.1.num_batches_tracked")  # of torch before 0.4.1
    check_fits(network(), dict(state_dict=weights), path="a.pth")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (dict(depth=2), "7 of its 14 have no place|6 of its|have no place in the model"),
        (dict(classes=5), r"are of another size|size mismatch for head.weight"),
    ],
)
def test_what_does_not_fit_is_named(other, message):
    weights = network(**other).state_dict()
    with pytest.raises(ValueError, match=message):
        check_fits(network(), dict(state_dict=weights), path="a.pth")
    check_fits(network(), weights, path="a.pth", loosely=True)
    with pytest.raises(ValueError, match=r"of the model's .* parameters and buffers are not in it"):
        check_fits(network(depth=3), network().state_dict(), path="a.pth")


def test_what_fits_nowhere_is_always_refused():
    strange = {f"other.{name}": x for name, x in network().state_dict().items()}
    for loosely in (False, True):
        with pytest.raises(ValueError, match=r"a.pth is no checkpoint of this model"):
            check_fits(network(), strange, path="a.pth", loosely=loosely)
