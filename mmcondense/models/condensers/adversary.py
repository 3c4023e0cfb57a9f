"""Both sides of an adversarial loss in one backward: each network is a constant to the other."""

from __future__ import annotations

from torch import Tensor, nn
from torch.func import functional_call


def judge(discriminator: nn.Module, frame: Tensor) -> Tensor:
    """The discriminator's output, through which a gradient reaches the frame and nothing else."""
    constants = {name: p.detach() for name, p in discriminator.named_parameters()}
    # a norm with running statistics would update them in place
    constants.update({name: b.clone() for name, b in discriminator.named_buffers()})
    return functional_call(discriminator, constants, (frame,))
