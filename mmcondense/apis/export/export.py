"""A trained model in, files out that gave the same numbers as PyTorch before they got their names.

model, sample ─► graph ─► file in a folder of its own ─► compared ─► moved to where it belongs
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmcondense.models.recognizers import ATTP, CondenseRecognizer
from mmcondense_runtime.metadata import FILE_FORMAT

from ..inference_inputs import UsageError, check_class_names
from . import formats
from .example import Sample, graph_inputs, noise_like, predicted_scores, tensors_of
from .graphs import ClientHalf, CloudHalf, GOPStep, Graph, WholeVideo, check_is_split, normalisation
from .int8 import Calibration, quantise

Arrays = list[np.ndarray]
_NOISE_BATCH = 3
"""A second comparison, so that a batch of another size than that of the trace is tried."""


@dataclass(frozen=True)
class Exported:
    """A file that is in place."""

    path: Path
    num_bytes: int
    """With the weights beside it."""

    difference: float
    """Largest of any output value from PyTorch's, before quantisation."""

    int8: str = ""
    """What quantisation changed; empty without."""


def export(
    model: BaseModel,
    sample: Sample,
    out: str | os.PathLike[str],
    *,
    format: str = "onnx",
    tolerance: float = 1e-4,
    metadata: Mapping[str, Any] | None = None,
    calibration: Calibration | None = None,
) -> Exported:
    """Write a model from its test pipeline's tensors to the class scores of a video.

    Args:
        model: See :class:`~.graphs.WholeVideo`; on the CPU.
        sample: Of a video, as the test pipeline packs it; the file takes its shapes and types.
        out: ``.onnx``, ``.xml`` or ``.pt``, as ``format`` has it. Its folder is made.
        format: ``onnx``, ``openvino`` or ``torchscript``.
        tolerance: Largest difference from PyTorch's ``predict`` in any score, for the sample and
            for a batch of noise.
        metadata: To write along, beside what is known here.
        calibration: Samples to quantise to int8 with; None: single precision.

    Raises:
        UsageError: If the model cannot be exported so, the file differs, or ``out`` cannot be
            written. Nothing is left then.
    """
    model = model.eval()
    graph = WholeVideo(model, tensors_of(sample)).eval()
    batches = [[sample], [noise_like(sample, seed=seed) for seed in range(_NOISE_BATCH)]]
    try:
        expected = [[predicted_scores(model, batch).numpy()] for batch in batches]
    except ValueError as error:  # such as streams whose clips are not averaged
        raise UsageError(str(error)) from error
    inputs = [graph_inputs(graph.input_names, batch) for batch in batches]
    known: dict[str, Any] = dict(
        part="whole", modalities=list(graph.modalities), **_average_clips(model)
    )
    known["inputs"] = _describe(graph.input_names, inputs[0], normalisation(model))
    (exported,) = _write_all(
        [_Job(Path(out), graph, inputs, expected, {**known, **(metadata or {})})],
        format=format,
        tolerance=tolerance,
        calibration=calibration,
    )
    return exported


def export_halves(
    model: CondenseRecognizer,
    out_dir: str | os.PathLike[str],
    *,
    clip_shape: tuple[int, int, int],
    format: str = "onnx",
    tolerance: float = 1e-4,
    metadata: Mapping[str, Any] | None = None,
) -> list[Exported]:
    """Write ``client`` and ``cloud``, a condenser and the recognizer behind it, for two machines.

    Args:
        model: A condenser that takes RGB, in front of a Recognizer3D.
        out_dir: Folder; created if missing.
        clip_shape: (T, H, W) of the client's input.
        format, tolerance, metadata: See :func:`export`; the comparison is with batches of 1 and 3.

    Raises:
        UsageError: As :func:`export`; neither file is left then.
    """
    check_is_split(model, "halves")
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand(_NOISE_BATCH, 3, *clip_shape, generator=generator) * 2 - 1
    jobs = []
    halves = dict(client=ClientHalf(model), cloud=CloudHalf(model))
    for name, half in halves.items():
        # eval, also of the half itself: the exporter puts everything back into its mode
        with torch.no_grad():
            output = half.eval()(frames)
        known = dict(part=name, modalities=["rgb"], **_average_clips(model), **(metadata or {}))
        known["inputs"] = _describe(("frames",), (frames[:1],), {})
        path = Path(out_dir, f"{name}{formats.SUFFIXES.get(format, '')}")
        batches = [(frames[:1],), (frames,)]
        expected = [[output[:1].numpy()], [output.numpy()]]
        jobs.append(_Job(path, half, batches, expected, known))
        frames = output
    return _write_all(jobs, format=format, tolerance=tolerance)


def export_gops(
    model: ATTP,
    sample: Sample,
    out: str | os.PathLike[str],
    *,
    format: str = "onnx",
    tolerance: float = 1e-4,
    metadata: Mapping[str, Any] | None = None,
) -> Exported:
    """Write an ATTP that takes a video GOP by GOP, see :class:`~.graphs.GOPStep`.

    Args:
        model: With a head of trilinear or factorized bilinear pooling (ONNX has no FFT of the
            kind that compact bilinear pooling needs).
        sample, out, format, tolerance, metadata: See :func:`export`.

    Raises:
        UsageError: As :func:`export`.
    """
    check_is_split(model, "gops")
    step = GOPStep(model.eval()).eval()
    batches, expected = [], []
    for seed, count in enumerate((1, _NOISE_BATCH)):
        rows = [tensors_of(noise_like(sample, seed=10 * seed + n)) for n in range(count)]
        one = {name: torch.stack([x[name][0] for x in rows]) for name in step.normalisers}
        with torch.no_grad():
            seen = torch.flip(one["iframe"], dims=(3,))
            one["neighbour"] = model.iframe_backbone(step.normalisers["iframe"](seen))
            batches.append(tuple(one[name] for name in step.input_names))
            expected.append([output.numpy() for output in step(*batches[-1])])
    known: dict[str, Any] = dict(
        part="gop", modalities=list(step.normalisers), **_average_clips(model)
    )
    known["inputs"] = _describe(step.input_names, batches[0], normalisation(model))
    jobs = [_Job(Path(out), step, batches, expected, {**known, **(metadata or {})})]
    return _write_all(jobs, format=format, tolerance=tolerance)[0]


def check_target(path: Path, *, format: str) -> None:
    """Refuse a name or a place that no file of the format can get; the folder is made.

    Raises:
        UsageError: If the suffix is another format's, or the folder cannot be written to.
    """
    formats.check_format(format)
    suffix = formats.SUFFIXES[format]
    if path.suffix != suffix:
        raise UsageError(f"{path}: a file of the format {format} is named *{suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file *{suffix}")


@dataclass(frozen=True)
class _Job:
    """A file to write, and what it must answer."""

    path: Path
    graph: Graph
    batches: Sequence[Sequence[Tensor]]
    expected: Sequence[Arrays]
    metadata: Mapping[str, Any]


def _write_all(
    jobs: Sequence[_Job], *, format: str, tolerance: float, calibration: Calibration | None = None
) -> list[Exported]:
    """All files, or none."""
    done = []
    with ExitStack() as stack:
        for job in jobs:
            check_target(job.path, format=format)
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(suffix=".part", dir=job.path.parent)
            )
            done.append(_write(job, Path(folder), format=format, tolerance=tolerance))
            if calibration is not None:
                done[-1] = _quantise(job, Path(folder), done[-1], calibration, format=format)
        for job, exported in zip(jobs, done, strict=True):
            for file in sorted(exported.path.parent.iterdir()):  # .bin before its .xml
                os.replace(file, job.path.with_name(file.name))
    return [
        Exported(job.path, exported.num_bytes, exported.difference, exported.int8)
        for job, exported in zip(jobs, done, strict=True)
    ]


def _write(job: _Job, folder: Path, *, format: str, tolerance: float) -> Exported:
    path = folder / job.path.name
    metadata = dict(format=FILE_FORMAT, precision="float32", **job.metadata)
    try:
        formats.write(job.graph, job.batches[0], path, format=format, metadata=metadata)
        run = formats.load(path, format=format)
    except (UsageError, OSError):
        raise
    except Exception as error:  # exporters raise many kinds for what they have no operator for
        reason = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{job.path.name}: the format {format} cannot express this model: {reason}"
        ) from error
    difference, num_classes = 0.0, job.expected[0][0].shape[1]
    if job.metadata["part"] != "client":
        check_class_names(job.metadata.get("classes", ()), num_classes=num_classes)
    for tensors, expected in zip(job.batches, job.expected, strict=True):
        names = job.graph.input_names
        found = run({n: x.numpy() for n, x in zip(names, tensors, strict=True)})
        for ours, theirs in zip(found, expected, strict=True):
            difference = max(difference, float(np.abs(ours - theirs).max()))
    if not difference <= tolerance:
        raise UsageError(
            f"{job.path.name} differs from PyTorch by {difference:.1e}, allowed is {tolerance:.1e}"
        )
    return Exported(path, _num_bytes(folder), difference)


def _quantise(
    job: _Job, folder: Path, exported: Exported, calibration: Calibration, *, format: str
) -> Exported:
    changed = quantise(
        exported.path,
        calibration,
        input_names=tuple(job.graph.input_names),
        format=format,
    )
    return Exported(exported.path, _num_bytes(folder), exported.difference, changed)


def _num_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _average_clips(model: nn.Module) -> dict[str, str]:
    """``'prob'``: scores are probabilities; ``'score'``: logits."""
    heads = (getattr(module, "cls_head", None) for module in model.modules())
    return dict(average_clips=str(next(head for head in heads if head is not None).average_clips))


def _describe(
    names: Sequence[str], tensors: Sequence[Tensor], constants: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Shape, type and, where it is inside the file, normalisation of each input."""
    return {
        name: dict(
            shape=["batch", *x.shape[1:]],
            dtype=str(x.dtype).removeprefix("torch."),
            **constants.get(name, {}),
        )
        for name, x in zip(names, tensors, strict=True)
    }
