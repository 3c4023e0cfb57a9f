"""A checkpoint of a ResNet in, its weights in our network out: nothing stays random unnoticed.

Read are torchvision's files, and those of MMAction2's backbones and whole recognizers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

# torchvision's parameter names -> MMAction2's, in which a convolution owns its BatchNorm
_NAMES = (
    (re.compile(r"^(.*\.)?conv(\d)\.weight$"), r"\1conv\2.conv.weight"),
    (re.compile(r"^(.*\.)?bn(\d)\."), r"\1conv\2.bn."),
    (re.compile(r"\.downsample\.0\."), ".downsample.conv."),
    (re.compile(r"\.downsample\.1\."), ".downsample.bn."),
)


def load_resnet_checkpoint(
    network: nn.Module,
    source: str,
    *,
    prefix: str | None,
    may_miss: Callable[[str], bool],
    adapt: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> None:
    """Load the weights of a ResNet, without its classifier.

    Args:
        network: Takes the weights, under MMAction2's names.
        source: Path or URL.
        prefix: Of the parameters to take; None: ``backbone.`` if there are such, else all.
        may_miss: Tells by its name whether a parameter need not be in the checkpoint. BatchNorm's
            counters, which old ones lack, never need be.
        adapt: Makes of a weight of the checkpoint and the network's own one of the latter's shape.

    Raises:
        ValueError: if parameters are missing, unknown or of another shape; names all of them.
    """
    checkpoint = CheckpointLoader.load_checkpoint(source, map_location="cpu")
    weights = checkpoint.get("state_dict", checkpoint)
    if prefix is None:
        prefix = "backbone." if any(name.startswith("backbone.") for name in weights) else ""
    own = network.state_dict()
    loaded = {}
    for name, weight in weights.items():
        if not name.startswith(prefix) or name.startswith("fc."):
            continue
        name = name[len(prefix) :]
        for pattern, replacement in _NAMES:
            name = pattern.sub(replacement, name)
        loaded[name] = adapt(weight, own[name]) if adapt and name in own else weight
    missing = sorted(
        name
        for name in own.keys() - loaded.keys()
        if not may_miss(name) and not name.endswith("num_batches_tracked")
    )
    unknown = sorted(loaded.keys() - own.keys())
    misfits = sorted(
        f"{name} {list(loaded[name].shape)} for {list(own[name].shape)}"
        for name in own.keys() & loaded.keys()
        if loaded[name].shape != own[name].shape
    )
    if missing or unknown or misfits:
        raise ValueError(
            f"{source} (parameters under {prefix!r}) is no checkpoint of this ResNet: "
            f"missing {missing}, unknown {unknown}, of another shape {misfits}"
        )
    network.load_state_dict(loaded, strict=False)
