"""Models with weights, for scripts that only use them."""

from __future__ import annotations

from mmaction.apis import init_recognizer
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner.checkpoint import CheckpointLoader

from mmcondense.models.checkpoint_fit import check_fits


def load_recognizer(cfg: Config, checkpoint: str | None, *, device: str) -> BaseModel:
    """MMAction2's ``init_recognizer`` for a checkpoint that fits; None: random weights.

    Raises:
        SystemExit: if it does not fit.
    """
    model = init_recognizer(cfg, None, device=device)
    if checkpoint is not None:
        weights = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
        try:
            check_fits(model, weights, path=checkpoint)
        except ValueError as error:
            raise SystemExit(f"error: {error}") from error
    return model
