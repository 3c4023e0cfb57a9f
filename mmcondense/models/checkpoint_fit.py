"""Checkpoints that do not fit are refused: stock loading warns, and goes on with random weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from torch import nn

_MAX_NAMED = 3


def misfits(model: nn.Module, state_dict: Mapping) -> str:
    """What of a state dict has no place in a model, or leaves one empty; empty if it fits.

    What fits is loaded into the model.

    Args:
        model: Bare, or wrapped for distributed training.
        state_dict: Of a checkpoint, its own ``module.`` prefix allowed.
    """
    model = getattr(model, "module", model)
    state_dict = OrderedDict((key.removeprefix("module."), x) for key, x in state_dict.items())
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []

    def load(module: nn.Module, prefix: str = "") -> None:
        module._load_from_state_dict(state_dict, prefix, {}, True, missing, unexpected, errors)
        for name, child in module.named_children():
            load(child, f"{prefix}{name}.")

    load(model)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    total = len(model.state_dict())
    parts = [
        f"{len(names)} {what} ({', '.join(names[:_MAX_NAMED])}{', …' * (len(names) > _MAX_NAMED)})"
        for names, what in (
            (missing, f"of the model's {total} parameters and buffers are not in it"),
            (unexpected, f"of its {len(state_dict)} have no place in the model"),
            ([" ".join(error.split()) for error in errors], "are of another size"),
        )
        if names
    ]
    return "; ".join(parts)


def check_fits(model: nn.Module, checkpoint: Mapping, *, path: str, loosely: bool = False) -> None:
    """Refuse a checkpoint that does not fill a model exactly.

    Args:
        model: To be filled.
        checkpoint: As loaded: a dict with ``state_dict``, or a bare one.
        path: Where it comes from, for the message.
        loosely: Only refuse it if nothing of it fits: for fine-tuning, where a head differs.

    Raises:
        ValueError: with what is missing, has no place or is of another size.
    """
    state_dict = checkpoint.get("state_dict", checkpoint)
    found = misfits(model, state_dict)
    if not found:
        return
    own = getattr(model, "module", model).state_dict().keys()
    fits = any(name.removeprefix("module.") in own for name in state_dict)
    fits = fits or any(f"recognizer.{name}" in own for name in state_dict)  # CondenseRecognizer
    if not (loosely and fits):
        raise ValueError(f"{path} is no checkpoint of this model: {found}")
