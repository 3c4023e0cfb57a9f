"""Knowledge distillation: a recognizer that also learns from a frozen one, in training only.

inputs ──────► student ─► features, logits ─► classification loss
                              │      │
                feature distance    soft labels
                              │      │
flow ────────► teacher ─► features, logits      (frozen, evaluation mode, no gradients)
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from mmaction.models.recognizers import BaseRecognizer, Recognizer2D, Recognizer3D
from mmaction.registry import MODELS
from mmaction.utils import ConfigType, OptConfigType, SampleList
from mmengine.model import merge_dict
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from .checkpoint_fit import check_fits


def pool_features(feats: Tensor | Sequence[Tensor]) -> Tensor:
    """Average over all positions: [N, C, *positions], or several of those, to [N, sum of C]."""
    if isinstance(feats, Tensor):
        return feats.flatten(2).mean(dim=2) if feats.ndim > 2 else feats
    return torch.cat([pool_features(feat) for feat in feats], dim=1)


def features_and_logits(
    recognizer: BaseRecognizer, inputs: Tensor, data_samples: SampleList | None = None
) -> tuple[Tensor, Tensor, dict]:
    """One pass through a recognizer that keeps what a loss may want.

    Returns:
        Pooled features [N, C] (one row per frame in a 2D recognizer, per clip in a 3D one),
        logits [N', num_classes], and the neck's auxiliary losses.
    """
    feats, head_kwargs = recognizer.extract_feat(inputs, stage="neck", data_samples=data_samples)
    logits = recognizer.cls_head(feats, **head_kwargs)
    return pool_features(feats), logits, head_kwargs.get("loss_aux", {})


class FrozenTeacher:
    """A trained recognizer that answers with features and logits, and never changes.

    No ``nn.Module`` on purpose: as a plain attribute of the student it is in none of the
    student's parameters, buffers, state dicts, optimizers, DDP buckets or moving averages, and
    ``student.train()`` leaves it in evaluation mode. It is built when training starts (or at the
    first call), so a student that is only tested neither builds it nor needs its checkpoint.
    Copies share one teacher.

    Args:
        recognizer: Config of any MMAction2 recognizer. Its inputs arrive normalised by the
            student's data preprocessor.
        checkpoint: Path or URL of its weights, which must fit exactly.
        made_by: The command that makes the checkpoint, for the error when it is missing.
    """

    def __init__(
        self, recognizer: ConfigType, *, checkpoint: str, made_by: str = "python tools/train.py"
    ) -> None:
        self.recognizer_cfg = recognizer
        self.checkpoint = checkpoint
        self.made_by = made_by
        self._recognizer: BaseRecognizer | None = None

    def __deepcopy__(self, memo: dict) -> FrozenTeacher:
        return self

    def build(self) -> BaseRecognizer:
        """The recognizer with its weights, frozen and in evaluation mode; built once.

        Raises:
            FileNotFoundError: if the checkpoint is missing; the message says how to make it.
            ValueError: if it is another model's.
        """
        if self._recognizer is None:
            recognizer = MODELS.build(copy.deepcopy(self.recognizer_cfg))
            try:
                weights = CheckpointLoader.load_checkpoint(self.checkpoint, map_location="cpu")
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"no teacher checkpoint at {self.checkpoint!r}. Make it with "
                    f"`{self.made_by}`, or name another one with --cfg-options (the key that ends "
                    "in teacher.checkpoint)"
                ) from error
            check_fits(recognizer, weights, path=self.checkpoint)
            self._recognizer = recognizer.requires_grad_(False).eval()
        return self._recognizer

    @torch.no_grad()
    def __call__(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features [N, C] and logits [N', num_classes] of a batch, on its device."""
        recognizer = self.build().to(inputs.device)
        features, logits, _ = features_and_logits(recognizer, inputs)
        return features, logits


class DistillationMixin(BaseRecognizer):
    """Adds a frozen teacher's terms to a recognizer's training loss; tested, it is that recognizer.

    Eq. (2) of Huang et al., "Flow-Distilled IP Two-Stream Networks for Compressed Video Action
    Recognition" (https://arxiv.org/abs/1912.04462): classification, distance of the
    average-pooled features, soft labels. Eq. (1), what the paper settles on, leaves out the last.
    Parameters, checkpoints and predictions are the student's alone and under its own names, so
    the checkpoint of a distilled recognizer loads wherever one of the plain recognizer does.

    Args:
        teacher: Arguments of :class:`FrozenTeacher`.
        feature_loss: Config of the loss between pooled features, or None.
        soft_label_loss: Config of the loss between logits, or None.
        teacher_input: Name under which a training batch brings the teacher's input, in the layout
            that its recognizer expects. None: the student's own input.

    Raises:
        ValueError: if there is neither loss.
    """

    def __init__(
        self,
        *args: Any,
        teacher: ConfigType,
        feature_loss: OptConfigType = None,
        soft_label_loss: OptConfigType = None,
        teacher_input: str | None = "flow",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if feature_loss is None and soft_label_loss is None:
            raise ValueError(
                "feature_loss and soft_label_loss are both None: nothing to distil. Without a "
                "teacher, use the plain recognizer"
            )
        self.teacher = FrozenTeacher(**teacher)
        self.feature_loss = MODELS.build(feature_loss) if feature_loss else None
        self.soft_label_loss = MODELS.build(soft_label_loss) if soft_label_loss else None
        self.teacher_input = teacher_input

    def init_weights(self) -> None:
        """Initialise the student, after making sure that there is a teacher to learn from."""
        self.teacher.build()
        super().init_weights()

    def loss(self, inputs: Tensor, data_samples: SampleList, **kwargs: Tensor) -> dict:
        """The student's losses with ``loss_feature`` and ``loss_soft_label`` added.

        Args:
            inputs: The student's input.
            data_samples: Labels.
            **kwargs: The other inputs of the batch by name, the teacher's among them.

        Raises:
            ValueError: if the batch brings no input for the teacher.
        """
        if self.teacher_input is not None and self.teacher_input not in kwargs:
            raise ValueError(
                f"the training batch brings no {self.teacher_input!r} for the teacher, only "
                f"{sorted(kwargs)} beside the student's input: load it in the training pipeline, "
                "and name it in collect_keys and in the data preprocessor"
            )
        features, logits, loss_aux = features_and_logits(self, inputs, data_samples)
        losses = merge_dict(self.cls_head.loss_by_feat(logits, data_samples), loss_aux)
        teacher_features, teacher_logits = self.teacher(
            inputs if self.teacher_input is None else kwargs[self.teacher_input]
        )
        if self.feature_loss is not None:
            losses["loss_feature"] = self.feature_loss(features, teacher_features)
        if self.soft_label_loss is not None:
            losses["loss_soft_label"] = self.soft_label_loss(logits, teacher_logits)
        return losses


@MODELS.register_module()
class DistilledRecognizer2D(DistillationMixin, Recognizer2D):
    """A Recognizer2D that a frozen teacher helps to train."""


@MODELS.register_module()
class DistilledRecognizer3D(DistillationMixin, Recognizer3D):
    """A Recognizer3D that a frozen teacher helps to train."""
