"""Write a condenser and the recognizer behind it as two ONNX files, and compare them with PyTorch.

client.onnx: frames [N, 3, T, H, W] in [-1, 1] to distilled [N, 3, T_s, H, W], in [-1, 1]
cloud.onnx:  frames [N, 3, T_s, H, W] in [-1, 1] to logits [N, num_classes]
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.models.recognizers import Recognizer3D
from torch import Tensor, nn

from mmcondense.models.recognizers import CondenseRecognizer

from .tsd_split import open_session


class ClientHalf(nn.Module):
    """The condenser."""

    def __init__(self, model: CondenseRecognizer) -> None:
        super().__init__()
        self.condenser = model.condenser

    def forward(self, frames: Tensor) -> Tensor:
        """[N, 3, T, H, W] to [N, 3, T_s, H, W]."""
        return self.condenser(frames)


class CloudHalf(nn.Module):
    """Normalisation and recognizer."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: CondenseRecognizer) -> None:
        super().__init__()
        self.recognizer = model.recognizer
        self.register_buffer("mean", model.frame_mean)
        self.register_buffer("std", model.frame_std)

    def forward(self, frames: Tensor) -> Tensor:
        """[N, 3, T_s, H, W] to [N, num_classes]."""
        normalised = ((frames + 1) * 127.5 - self.mean) / self.std
        return self.recognizer.extract_feat(normalised.unsqueeze(1), stage="head")[0]


def export_halves(
    model: CondenseRecognizer,
    out_dir: str | os.PathLike[str],
    *,
    clip_shape: tuple[int, int, int],
    tolerance: float = 1e-4,
) -> dict[str, float]:
    """Write ``client.onnx`` and ``cloud.onnx``, and check both with batches of 1 and 3.

    Args:
        model: A condenser that takes RGB, in front of a Recognizer3D.
        out_dir: Folder; created if missing. Files appear in it when they have passed the check.
        clip_shape: (T, H, W) of the client's input.
        tolerance: Largest difference from PyTorch allowed in any output value.

    Returns:
        The largest differences found, by file name.

    Raises:
        TypeError: if the recognizer is no Recognizer3D.
        ValueError: if a difference exceeds the tolerance.
    """
    if not isinstance(model.recognizer, Recognizer3D):
        raise TypeError(f"{type(model.recognizer).__name__} is no Recognizer3D")
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand(3, 3, *clip_shape, generator=generator) * 2 - 1
    # eval, also of the halves themselves: the exporter puts everything back into their mode
    halves = {"client": ClientHalf(model).eval(), "cloud": CloudHalf(model).eval()}
    differences = {}
    for name, half in halves.items():
        part = out_dir / f"{name}.onnx.part"
        with torch.no_grad():
            expected = half(frames)
            _write(half, frames, part, average_clips=str(model.recognizer.cls_head.average_clips))
        session = open_session(part, num_threads=1)
        differences[f"{name}.onnx"] = max(
            float(np.abs(session.run(None, {"frames": x.numpy()})[0] - y.numpy()).max())
            for x, y in ((frames, expected), (frames[:1], expected[:1]))
        )
        if not differences[f"{name}.onnx"] <= tolerance:
            part.unlink()
            raise ValueError(
                f"{name}.onnx differs from PyTorch by {differences[f'{name}.onnx']:.1e}, allowed "
                f"is {tolerance:.1e}"
            )
        os.replace(part, out_dir / f"{name}.onnx")
        frames = expected
    return differences


def _write(half: nn.Module, frames: Tensor, path: Path, *, average_clips: str) -> None:
    import onnx

    # The exporter that traces: one file, no further package. torch.export's is the default since
    # torch 2.9, and the argument is unknown before 2.5.
    has_choice = "dynamo" in inspect.signature(torch.onnx.export).parameters
    exporter: dict[str, Any] = {"dynamo": False} if has_choice else {}
    torch.onnx.export(
        half,
        (frames,),
        str(path),
        input_names=["frames"],
        output_names=["output"],
        dynamic_axes={"frames": {0: "batch"}, "output": {0: "batch"}},
        opset_version=17,
        **exporter,
    )
    network = onnx.load(path)
    onnx.helper.set_model_props(network, {"average_clips": average_clips})
    onnx.save(network, path)
