"""A condenser in front of a recognizer: long clips in, class scores out.

inputs [B, V, 3, T, H, W] ─► condenser ─► [B*V, 3, K, H, W] ─► normalise ─► recognizer ─► scores
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from einops import rearrange
from mmaction.models.recognizers import BaseRecognizer, Recognizer2D
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from mmengine.model import BaseModel, merge_dict
from torch import Tensor

from mmcondense.models.condensers.base import BaseCondenser, Clip, load_condenser
from mmcondense.models.condensers.condenser_model import flatten_views, labels_of


@MODELS.register_module()
class CondenseRecognizer(BaseModel):
    """Any condenser with any MMAction2 Recognizer2D or Recognizer3D, end to end or frozen.

    What is condensed is normalised for the recognizer, so one with ImageNet's weights, or a whole
    checkpoint of the model zoo, finds what it was trained on. A Recognizer2D gets the K frames of
    each of V views as V*K images, a Recognizer3D gets V clips of K frames. Views are those of the
    pipeline (clips times crops), so MMAction2's multi-clip and multi-crop testing go on working.

    A plain recognizer's checkpoint, such as MMAction2's model zoo has, loads as it is, through
    ``load_from``: its parameters are looked up under ``recognizer.``. As ever, MMEngine lists what
    the checkpoint lacks, here the condenser's parameters among them.

    Args:
        condenser: Config of the condenser.
        recognizer: Config of the recognizer: a stock config's whole ``model``, whose data
            preprocessor then tells ``frame_mean`` and ``frame_std``, or one without.
        freeze_condenser: Leave the condenser as it is: no gradients, evaluation mode.
        freeze_recognizer: Likewise the recognizer, through which the condenser learns: TSD's
            first stage.
        condenser_checkpoint: Path or URL of its weights; all of them must be there.
        condenser_loss: Add the condenser's own losses to the recognizer's, as ``condenser_*``.
        clips_per_view: Consecutive clips whose condensed frames make one view: IFS-3D's 8, each of
            one frame. V must be a multiple of it.
        frame_mean: Of the recognizer's input, on the scale of 0 to 255, RGB.
        frame_std: Likewise.
        data_preprocessor: Brings inputs into the condenser's units, RGB into [-1, 1]. None: made
            from the recognizer's.
        init_cfg: See MMEngine.

    Inputs, for V views: RGB [B, V, 3, T, H, W] (``NCTHW``), or by modality, ``iframe``
    [B, V, 3, H, W] and others [B, V, C, T, H, W].

    Raises:
        ValueError: if the recognizer has a data preprocessor that would never be asked, or without
            mean and std, or if a frozen condenser should have losses.
    """

    def __init__(
        self,
        *,
        condenser: ConfigType,
        recognizer: ConfigType,
        freeze_condenser: bool = False,
        freeze_recognizer: bool = False,
        condenser_checkpoint: str | None = None,
        condenser_loss: bool = False,
        clips_per_view: int = 1,
        frame_mean: Sequence[float] = (123.675, 116.28, 103.53),
        frame_std: Sequence[float] = (58.395, 57.12, 57.375),
        data_preprocessor: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        recognizer = copy.deepcopy(recognizer)
        theirs = recognizer.pop("data_preprocessor", None)
        if theirs is not None:
            if data_preprocessor is not None or not {"mean", "std"} <= set(theirs):
                raise ValueError(
                    "the recognizer has a data_preprocessor of its own, which would never be "
                    "asked: give its mean and std as frame_mean and frame_std, or leave out the "
                    "whole's data_preprocessor to have both made from one with mean and std"
                )
            frame_mean, frame_std = theirs["mean"], theirs["std"]
            data_preprocessor = {
                **theirs,
                "mean": [127.5] * 3,
                "std": [127.5] * 3,
                "format_shape": "NCTHW",  # of clips, also before a 2D recognizer
            }
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if freeze_condenser and condenser_loss:
            raise ValueError("freeze_condenser and condenser_loss exclude each other")
        self.condenser: BaseCondenser = MODELS.build(condenser)
        self.recognizer: BaseRecognizer = MODELS.build(recognizer)
        self.freeze_condenser = freeze_condenser
        self.freeze_recognizer = freeze_recognizer
        self.condenser_checkpoint = condenser_checkpoint
        self.condenser_loss = condenser_loss
        self.clips_per_view = clips_per_view
        for name, values in (("frame_mean", frame_mean), ("frame_std", frame_std)):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1, 1), persistent=False)
        if freeze_condenser:
            self.condenser.requires_grad_(False)
        if freeze_recognizer:
            self.recognizer.requires_grad_(False)

    def init_weights(self) -> None:
        """Initialise both, then load the condenser's checkpoint."""
        super().init_weights()
        if self.condenser_checkpoint is not None:
            load_condenser(self.condenser, self.condenser_checkpoint)

    def train(self, mode: bool = True) -> CondenseRecognizer:
        """What is frozen stays in evaluation mode."""
        super().train(mode)
        if self.freeze_condenser:
            self.condenser.eval()
        if self.freeze_recognizer:
            self.recognizer.eval()
        return self

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Rename the parameters of a plain recognizer, of which none is under our own names.

        Raises:
            ValueError: if the recognizer knows none of them: it would stay as random as it was.
        """
        own = (f"{prefix}condenser.", f"{prefix}recognizer.")
        theirs = [name for name in state_dict if name.startswith(prefix)]
        if theirs and not any(name.startswith(own) for name in theirs):
            if not {name.removeprefix(prefix) for name in theirs} & {*self.recognizer.state_dict()}:
                raise ValueError(
                    f"the checkpoint has {theirs[:3]}, ..., but neither parameters under one of "
                    f"{own} nor those of a plain {type(self.recognizer).__name__} like this one"
                )
            for name in theirs:
                state_dict[own[1] + name.removeprefix(prefix)] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(
        self,
        inputs: Clip,
        data_samples: OptSampleList = None,
        mode: str = "tensor",
        **kwargs: Any,
    ) -> Any:
        """MMAction2's three modes: losses, predictions, or the recognizer's features.

        Raises:
            ValueError: if ``mode`` is none of ``loss``, ``predict`` and ``tensor``.
        """
        if mode == "loss":
            return self.loss(inputs, data_samples)
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode == "tensor":
            return self.extract_feat(inputs, **kwargs)[0]
        raise ValueError(f"mode is {mode!r}, but must be 'loss', 'predict' or 'tensor'")

    def condense(self, inputs: Clip) -> Tensor:
        """The recognizer's input: [B, V*K, 3, H, W] for a 2D one, [B, V, 3, K, H, W] for a 3D one.

        Raises:
            ValueError: if the number of clips is no multiple of ``clips_per_view``.
        """
        clip, num_clips = flatten_views(inputs)
        if num_clips % self.clips_per_view:
            raise ValueError(
                f"{num_clips} clips are no multiple of clips_per_view={self.clips_per_view}"
            )
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze_condenser):
            frames = self.condenser(clip)  # [B*V*G, 3, K, H, W] in [-1, 1]
        frames = ((frames + 1) * 127.5 - self.frame_mean) / self.frame_std
        counts = dict(g=self.clips_per_view, v=num_clips // self.clips_per_view)
        if isinstance(self.recognizer, Recognizer2D):
            layout = "(b v g) c k h w -> b (v g k) c h w"
        else:
            layout = "(b v g) c k h w -> b v c (g k) h w"
        return rearrange(frames, layout, **counts).contiguous()

    def extract_feat(
        self, inputs: Clip, stage: str = "backbone", **kwargs: Any
    ) -> tuple[Tensor, dict]:
        """The recognizer's ``extract_feat`` of the condensed frames."""
        return self.recognizer.extract_feat(self.condense(inputs), stage=stage, **kwargs)

    def loss(self, inputs: Clip, data_samples: SampleList) -> dict[str, Tensor]:
        """The recognizer's losses and, where asked for, the condenser's."""
        losses = self.recognizer.loss(self.condense(inputs), data_samples)
        if self.condenser_loss:
            clip, num_views = flatten_views(inputs)
            labels = labels_of(data_samples, num_views=num_views, device=self.frame_mean.device)
            own = self.condenser.loss(clip, labels)
            losses = merge_dict(losses, {f"condenser_{name}": v for name, v in own.items()})
        return losses

    def predict(self, inputs: Clip, data_samples: SampleList) -> SampleList:
        """The recognizer's predictions from the condensed frames."""
        return self.recognizer.predict(self.condense(inputs), data_samples)
