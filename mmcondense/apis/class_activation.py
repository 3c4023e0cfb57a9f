"""A recognizer and a sample in; where and when each of its streams sees a class, out.

sample → recognizer → score of a class → gradients at a layer → [S, H, W] for each stream

Maps are those of pytorch-grad-cam, but on one scale for all frames of a stream, so that they also
say *when*: each frame has its own, of 3D networks interpolated in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.models.recognizers import BaseRecognizer
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmcondense.models.recognizers.late_fusion import LateFusionRecognizer

from .inference_inputs import UsageError

METHODS = ("gradcam", "hirescam", "layercam")
"""Of pytorch-grad-cam, those that take the maps of 2D and 3D networks alike."""


@dataclass(frozen=True)
class StreamInput:
    """What one network of a recognizer gets for a batch of one."""

    recognizer: BaseRecognizer
    inputs: Tensor
    """Normalised: [1, V*S, C, H, W] of a Recognizer2D, [1, V, C, S, H, W] of a Recognizer3D."""
    modality: str
    """``iframe`` where its pictures are the I-frames, else ``rgb``: those of the frames."""

    @property
    def is_3d(self) -> bool:
        return self.inputs.ndim == 6


def streams_of(model: BaseModel, sample: Mapping[str, Any]) -> dict[str, StreamInput]:
    """The networks of a recognizer by name, each with its input; ``frames`` if there is one only.

    Args:
        model: A LateFusionRecognizer (IP-TSN, CoViAR), or a Recognizer2D or 3D.
        sample: A collated batch of one, of the config's pipeline.

    Raises:
        UsageError: For another model: one that condenses or fuses before it classifies.
    """
    data = model.data_preprocessor(dict(sample), False)
    inputs = data["inputs"]
    if isinstance(model, LateFusionRecognizer):
        found = model.stream_inputs(inputs)
        return {
            name: StreamInput(
                model.get_submodule(name), x, "iframe" if x is inputs["iframe"] else "rgb"
            )
            for name, x in found.items()
        }
    if not isinstance(model, BaseRecognizer) or not isinstance(inputs, Tensor):
        raise UsageError(
            f"{type(model).__name__} is no recognizer of frames, nor late fusion of such: "
            "class-activation maps are those of IP-TSN, CoViAR, and recognizers of one stream"
        )
    read = dict(sample["inputs"]) if isinstance(sample["inputs"], Mapping) else {}
    return dict(frames=StreamInput(model, inputs, "iframe" if set(read) == {"iframe"} else "rgb"))


def activation_maps(
    stream: StreamInput, label: int, *, layer: str | None = None, method: str = "gradcam"
) -> np.ndarray:
    """Where a stream's frames speak for a class, of the first view.

    Args:
        stream: Of :func:`streams_of`.
        label: The class.
        layer: Module of the backbone whose output is looked at, such as ``layer3``. None: the
            backbone's output, which is the coarsest.
        method: One of :data:`METHODS`.

    Returns:
        [S, H, W] float32, 0 to 1: 1 where it speaks most for the class in any of the frames; all 0
        where nothing does.

    Raises:
        UsageError: If there is no such layer, or its output is no feature map with a place.
        ValueError: For another method.
        ImportError: Without pytorch-grad-cam, with how to get it.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r}, allowed is one of {METHODS}")
    cam_class = _cam_class(method)
    scores = _Scores(stream.recognizer)
    target = _layer(stream.recognizer, layer)
    with torch.enable_grad(), cam_class(scores, [target]) as cam:
        try:
            maps = cam(stream.inputs.detach().requires_grad_(), [lambda score: score[label]])
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            name = layer or "the backbone"
            raise UsageError(
                f"{type(stream.recognizer).__name__}: {name} returns no feature map with a place "
                f"({error}); choose another layer"
            ) from error
    return _of_frames(torch.from_numpy(maps), stream)


class _Scores(nn.Module):
    """A recognizer's input in, the mean over its views of its class scores out, [1, K]."""

    def __init__(self, recognizer: BaseRecognizer) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, inputs: Tensor) -> Tensor:
        scores, _ = self.recognizer.extract_feat(inputs, stage="head")
        return scores.mean(dim=0, keepdim=True)


def _cam_class(method: str) -> type:
    """pytorch-grad-cam's class, without its scaling of each picture by itself."""
    try:
        import pytorch_grad_cam
    except ImportError as error:
        raise ImportError(
            "class-activation maps need pytorch-grad-cam: pip install 'mmcondense[cam]'"
        ) from error
    names = dict(gradcam="GradCAM", hirescam="HiResCAM", layercam="LayerCAM")

    class Unscaled(getattr(pytorch_grad_cam, names[method])):  # type: ignore[misc]
        def compute_cam_per_layer(self, input_tensor, targets, eigen_smooth):
            hooks = self.activations_and_grads
            activations, grads = hooks.activations[0].numpy(), hooks.gradients[0].numpy()
            maps = self.get_cam_image(
                input_tensor, self.target_layers[0], targets, activations, grads, eigen_smooth
            )
            return np.maximum(maps, 0)

        def aggregate_multi_layers(self, maps):
            return maps

        def __exit__(self, *exc_info):  # theirs swallows an IndexError
            self.activations_and_grads.release()

    return Unscaled


def _layer(recognizer: BaseRecognizer, name: str | None) -> nn.Module:
    backbone = recognizer.backbone
    if name is None:
        return backbone
    known = dict(backbone.named_modules())
    if name not in known:
        children = [child for child, _ in backbone.named_children()]
        raise UsageError(f"the backbone has no layer {name!r}; some of its layers: {children}")
    return known[name]


def _of_frames(maps: Tensor, stream: StreamInput) -> np.ndarray:
    """Maps of a layer as maps of the first view's frames.

    Args:
        maps: [V*S, h, w], or [V, t, h, w] of 3D networks.
    """
    size = tuple(stream.inputs.shape[-2:])
    if stream.is_3d and maps.ndim == 4:
        # [1, 1, t, h, w] -> [S, H, W]
        size = (stream.inputs.shape[3], *size)
        mode = "trilinear"
        fine = F.interpolate(maps[:1, None].float(), size=size, mode=mode)[0, 0]
    else:
        fine = F.interpolate(maps[:, None].float(), size=size, mode="bilinear")[:, 0]
    most = float(fine.max())
    return (fine / most if most > 0 else fine).numpy()
