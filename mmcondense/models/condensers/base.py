"""What every condenser has in common: a clip in, one frame or a few out.

clip ─► condenser ─► [N, 3, K, H, W] frames in [-1, 1] ─► any recognizer, or picture files
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from mmengine.model import BaseModule
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

Clip = Tensor | dict[str, Tensor]
"""N clips. RGB: [N, 3, T, H, W] in [-1, 1]. Compressed: by modality, ``iframe`` [N, 3, H, W] and
``rgb`` [N, 3, T, H, W] in [-1, 1], ``motion`` [N, 2, T, H, W], ``residual`` [N, 3, T, H, W], in the
units that the condenser asks for."""


class BaseCondenser(BaseModule, ABC):
    """Base of condensers: a subclass is one paper, and implements :meth:`forward`.

    Frames are RGB in [-1, 1] on both sides, so that every condenser can stand in front of every
    recognizer, and what it makes can be written as a picture.
    """

    @classmethod
    def config_for_use(cls, cfg: dict) -> dict:
        """A config without what only the condenser's own training needs; by default the same."""
        return cfg

    @abstractmethod
    def forward(self, clip: Clip) -> Tensor:
        """Condense.

        Args:
            clip: N clips of T frames, see :data:`Clip`.

        Returns:
            [N, 3, K, H, W], RGB in [-1, 1], K frames in place of T.
        """

    def loss(self, clip: Clip, labels: Tensor) -> dict[str, Tensor]:
        """Losses by which the condenser learns without a recognizer; none by default.

        Args:
            clip: N clips, see :data:`Clip`.
            labels: [N] int64.

        Returns:
            ``loss_*`` are summed and minimised, anything else is logged.
        """
        return {}

    def predict(self, clip: Clip, labels: Tensor | None) -> tuple[dict[str, Tensor], Tensor | None]:
        """What a test without a recognizer can say about the condenser; nothing by default.

        Args:
            clip: N clips, see :data:`Clip`.
            labels: [N] int64, or None where they are unknown.

        Returns:
            Means over the N clips by name, and class probabilities [N, num_classes] or None.
        """
        return {}, None


def as_rgb(clip: Clip) -> Tensor:
    """The RGB frames of a clip, [N, 3, T, H, W]: of a compressed one its ``rgb``.

    Where there is an ``iframe`` too, it comes first: P-frames alone lack their GOP's first frame.

    Raises:
        ValueError: if it brings no RGB frames.
    """
    if isinstance(clip, Tensor):
        frames = clip
    elif "rgb" in clip:
        frames = clip["rgb"]
        if "iframe" in clip:
            frames = nn.functional.pad(frames, (0, 0, 0, 0, 1, 0))
            frames[:, :, 0] = clip["iframe"]
    else:
        raise ValueError(f"the clip brings {sorted(clip)}, and this condenser needs 'rgb'")
    if frames.ndim != 5 or frames.shape[1] != 3:
        raise ValueError(f"frames are {list(frames.shape)}, but must be [N, 3, T, H, W]")
    return frames


def spread(maps: Tensor) -> Tensor:
    """Squared error of the best prediction that is the same for all positions and clips.

    Args:
        maps: [N, C, ...]; each channel has a constant of its own.

    Returns:
        Scalar: the mean over the channels of their variances.
    """
    dims = [dim for dim in range(maps.ndim) if dim != 1]
    return (maps - maps.mean(dim=dims, keepdim=True)).square().mean()


def load_condenser(condenser: BaseCondenser, checkpoint: str) -> None:
    """Load a condenser's weights, all of them, from a checkpoint that may hold more.

    Args:
        condenser: To be filled. What only its own training needs may be left out of it: the
            checkpoint's other parameters are passed over.
        checkpoint: Path or URL: of a ``CondenserModel`` or a ``CondenseRecognizer`` (parameters
            under ``condenser.``), or of a bare condenser.

    Raises:
        ValueError: if a parameter of the condenser is missing or has another shape.
    """
    weights = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
    weights = weights.get("state_dict", weights)
    prefix = "condenser." if any(name.startswith("condenser.") for name in weights) else ""
    weights = {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}
    own = condenser.state_dict()
    missing = sorted(own.keys() - weights.keys())
    misfits = [
        f"{name} {list(weights[name].shape)} for {list(own[name].shape)}"
        for name in sorted(own.keys() & weights.keys())
        if weights[name].shape != own[name].shape
    ]
    if missing or misfits:
        raise ValueError(
            f"{checkpoint} is no checkpoint of this {type(condenser).__name__}: missing {missing}, "
            f"of another shape {misfits}"
        )
    condenser.load_state_dict({name: weights[name] for name in own})
