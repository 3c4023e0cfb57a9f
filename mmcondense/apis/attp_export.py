"""Write ATTP as an ONNX file that takes one GOP at a time, and compare it with PyTorch.

iframe [N, 3, H, W], motion [N, 2, H, W], residual [N, 3, H, W], normalised as in training;
neighbour [N, C, H', W']: what the step of the adjacent GOP returned as iframe_map
    ──► scores [N, num_classes], iframe_map [N, C, H', W']

So each I-frame passes its network once, as in testing: the neighbour of a GOP is the one before,
and the first GOP is computed again once the second one's I-frame has been seen.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmcondense.models.recognizers import ATTP

INPUTS = ("iframe", "neighbour", "motion", "residual")
OUTPUTS = ("scores", "iframe_map")


class ATTPStep(nn.Module):
    """One GOP of a video that is recognised as it comes in."""

    def __init__(self, model: ATTP) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, iframe: Tensor, neighbour: Tensor, motion: Tensor, residual: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores of the GOP, and the map of its I-frame for the next one; see the module."""
        iframe_map = self.model.iframe_backbone(iframe)
        maps = dict(
            iframe=iframe_map,
            neighbour=neighbour,
            motion=self.model.motion_backbone(motion),
            residual=self.model.residual_backbone(residual),
        )
        return self.model.cls_head(maps), iframe_map


def example_inputs(model: ATTP, *, height: int, width: int) -> tuple[Tensor, ...]:
    """Random inputs of one step, in the order of ``INPUTS``, batch 1."""
    generator = torch.Generator().manual_seed(0)
    iframe, motion, residual = (
        torch.randn(1, channels, height, width, generator=generator) for channels in (3, 2, 3)
    )
    with torch.no_grad():
        neighbour = model.iframe_backbone(torch.flip(iframe, dims=(3,)))
    return iframe, neighbour, motion, residual


def export_step(
    model: ATTP,
    path: str | os.PathLike[str],
    *,
    height: int = 224,
    width: int = 224,
    tolerance: float = 1e-4,
) -> float:
    """Write the file; it appears under its name when it has passed the comparison.

    Args:
        model: With a head of trilinear or factorized bilinear pooling (ONNX has no FFT of the
            kind that compact bilinear pooling needs).
        path: Of the ``.onnx`` file.
        height, width: Of the input, pixels; fixed in the file.
        tolerance: Largest difference from PyTorch allowed in any output value.

    Returns:
        The largest difference found.

    Raises:
        ValueError: if it exceeds the tolerance.
        ImportError: without onnx and onnxruntime.
    """
    import onnxruntime

    step = ATTPStep(model).eval()
    inputs = example_inputs(model, height=height, width=width)
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    # The exporter that traces: one file, no further package. torch.export's is the default since
    # torch 2.9, and the argument is unknown before 2.5.
    has_choice = "dynamo" in inspect.signature(torch.onnx.export).parameters
    choice: dict[str, Any] = dict(dynamo=False) if has_choice else {}
    with torch.no_grad():
        expected = step(*inputs)
        torch.onnx.export(
            step,
            inputs,
            str(part),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            opset_version=17,
            **choice,
        )
    session = onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"])
    found = session.run(None, {n: x.numpy() for n, x in zip(INPUTS, inputs, strict=True)})
    difference = max(
        float(np.abs(ours - theirs.numpy()).max())
        for ours, theirs in zip(found, expected, strict=True)
    )
    if not difference <= tolerance:
        part.unlink()
        raise ValueError(
            f"{path.name} differs from PyTorch by {difference:.1e}, allowed is {tolerance:.1e}"
        )
    os.replace(part, path)
    return difference
