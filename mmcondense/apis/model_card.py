"""A config in; the ``FLOPs`` and ``Parameters`` of its entry in a ``metafile.yml`` out.

Nothing is computed where PyTorch's meta device will do, so that all entries are counted in seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmcondense.models.condensers.condenser_model import CondenserModel

from .flops import Inputs, make_inputs, with_size, without_pretrained


def model_card(cfg: Config, *, resolution: str, video: Path | None = None) -> dict[str, str]:
    """Multiply-adds for one view, and parameters; of what trains a condenser, its condensing part.

    A view is one crop of a clip (of frames that a condenser has made, one frame); of IP-TSN, CoViAR
    and ATTP all segments of a video with one crop. Convolutions and matrix products count,
    a multiply-add as one: ``get_flops.py`` adds those of BatchNorm, 3 percent of EfficientNet's and
    below 1 of others'.

    Args:
        cfg: With a test pipeline that reads video, or frames.
        resolution: Of the entry, ``224x224``: width and height of what the network sees.
        video: For the pipeline. None: a made-up one.

    Returns:
        ``FLOPs`` such as ``43.1G`` and ``Parameters`` such as ``24.3M``, of three digits.
    """
    width, height = map(int, resolution.split("x"))
    preprocessor = MODELS.build(cfg.model.data_preprocessor.to_dict())
    model = _build(cfg)
    holder = nn.Module()
    holder.data_preprocessor = preprocessor
    inputs = with_size(make_inputs(cfg, holder, video=video), [height, width])
    if isinstance(inputs, Tensor):
        inputs = inputs[:, :1]
    called: dict[nn.Parameter, None] = {}

    def note(module: nn.Module, *_: Any) -> None:
        called.update(dict.fromkeys(module.parameters(recurse=False)))

    for module in model.modules():
        module.register_forward_hook(note)
    flops = _count(model, inputs)
    counted = called if isinstance(model, CondenserModel) else model.parameters()
    params = sum(parameter.numel() for parameter in counted)
    return {
        "FLOPs": f"{_three_digits(flops / 1e9)}G",
        "Parameters": f"{_three_digits(params / 1e6)}M",
    }


def _build(cfg: Config) -> nn.Module:
    """The model on the meta device, with random weights in name only."""
    settings = without_pretrained(cfg.model.to_dict())
    try:
        with torch.device("meta"):
            model = MODELS.build(settings)
    except RuntimeError:  # mmpretrain's EfficientNet reads numbers of a tensor that it makes
        model = MODELS.build(settings).to("meta")
    return model.eval()


@torch.no_grad()
def _count(model: nn.Module, inputs: Inputs) -> float:
    """Multiply-adds of a forward pass; of what looks at the numbers, as SVM pooling, a real one."""
    on_meta = (
        {name: x.to("meta") for name, x in inputs.items()}
        if isinstance(inputs, dict)
        else inputs.to("meta")
    )
    counter = FlopCounterMode(display=False)
    try:
        with counter:
            model.extract_feat(on_meta, stage="head")  # type: ignore[operator]
    except RuntimeError:
        counter = FlopCounterMode(display=False)
        with counter:
            model.to_empty(device="cpu").extract_feat(inputs, stage="head")  # type: ignore[operator]
    return counter.get_total_flops() / 2


def _three_digits(number: float) -> str:
    return f"{float(f'{number:.3g}'):g}"
