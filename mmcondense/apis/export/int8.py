"""A file in single precision becomes one in int8, by the runtime's own post-training tools.

clips of a list ─► ranges of activations ─► int8 file ─► other clips: what has changed
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ..inference_inputs import UsageError
from . import formats
from .example import Sample, build_dataset, graph_inputs

_QUANTISED = ["Add", "AveragePool", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool", "MatMul"]
_QUANTISED += ["MaxPool", "Relu"]
"""Of ONNX, what networks consist of."""

_OUTSIDE_OF_NETWORKS = "^/?[^/]*$"
"""Names such as ``/Softmax`` or ``scores``, not ``/backbone/layer1/Add``: what is done between
networks and to their scores, which 256 levels would blur."""


@dataclass(frozen=True)
class Calibration:
    """Clips to quantise with, and clips to see what that changed."""

    dataset: Sequence[Sample]
    """Samples as the test pipeline packs them."""

    calibrate: Sequence[int]
    """Indices of those whose activations are looked at."""

    measure: Sequence[int]
    """Indices of those that are then classified by both files."""

    min_agreement: float
    """Share of these that must have the same best class in both, 0 to 1."""


def calibration_of(
    cfg: Config, ann_file: str, *, num_clips: int, min_agreement: float = 0.9
) -> Calibration:
    """Clips of an annotation file, read as the config's test data are.

    Args:
        cfg: Whose test data set's class, root and pipeline are used.
        ann_file: Path, as it is or below the data set's root.
        num_clips: To calibrate with, evenly spread over the list. As many that lie between them
            are measured on; where there are none, the same.
        min_agreement: See :class:`Calibration`.

    Raises:
        UsageError: If there is no such file, or nothing in it.
    """
    settings = dict(cfg.test_dataloader.dataset)
    root = Path(settings.get("data_root") or "")
    path = next((p for p in (Path(ann_file), root / ann_file) if p.exists()), None)
    if path is None:
        raise UsageError(f"no annotation file at {ann_file}, for --calibration")
    dataset = build_dataset({**settings, "ann_file": str(path.resolve())})
    if len(dataset) == 0:
        raise UsageError(f"{ann_file} lists no video, for --calibration")
    chosen = np.linspace(0, len(dataset) - 1, min(2 * num_clips, len(dataset)))
    indices = np.unique(chosen.round().astype(int)).tolist()
    return Calibration(dataset, indices[::2], indices[1::2] or indices, min_agreement)


def quantise(
    path: Path, calibration: Calibration, *, input_names: Sequence[str], format: str
) -> str:
    """Put an int8 file in the place of one in single precision.

    Args:
        path: Of a file that is right.
        calibration: Clips.
        input_names: Of the file.
        format: ``onnx`` or ``openvino``.

    Returns:
        What changed, for people.

    Raises:
        UsageError: If the format has no int8, or too many clips get another class.
    """
    metadata = {**formats.read_metadata(path, format=format), "precision": "int8"}
    exact = formats.load(path, format=format)
    kept = [name for name in input_names if name in metadata["inputs"]]
    shapes = {name: metadata["inputs"][name]["shape"][1:] for name in kept}
    feeds, labels = [], []
    for sample in (calibration.dataset[index] for index in calibration.measure):
        feeds.append(_feed(sample, shapes))
        labels.append(sample["data_samples"].gt_label)
    expected = np.concatenate([exact(feed)[0] for feed in feeds])
    samples = (_feed(calibration.dataset[index], shapes) for index in calibration.calibrate)
    if format == "onnx":
        _quantise_onnx(path, samples)
        formats.set_onnx_metadata(path, metadata)
    else:
        _quantise_openvino(path, samples, count=len(calibration.calibrate), metadata=metadata)
    run = formats.load(path, format=format)
    found = np.concatenate([run(feed)[0] for feed in feeds])

    same = float((expected.argmax(axis=1) == found.argmax(axis=1)).mean())
    if same < calibration.min_agreement:
        raise UsageError(
            f"{path.name} in int8 has the best class of float32 in {same:.1%} of {len(feeds)} "
            f"clips, at least {calibration.min_agreement:.1%} is asked for"
        )
    right = [
        np.mean(
            [int(row.argmax()) in label.tolist() for row, label in zip(rows, labels, strict=True)]
        )
        for rows in (expected, found)
    ]
    return (
        f"int8, calibrated on {len(calibration.calibrate)} clips; on {len(feeds)} others top-1 is "
        f"{right[1]:.1%}, in float32 {right[0]:.1%}, the best class the same in {same:.1%}, scores "
        f"off by at most {np.abs(expected - found).max():.3f}"
    )


def check_int8(format: str) -> None:
    """Refuse int8 for a format that has none, or without the packages for it.

    Raises:
        UsageError: With what to do.
    """
    if format == "torchscript":
        raise UsageError("there is no int8 for the format torchscript: take onnx or openvino")
    formats.need(*(("nncf",) if format == "openvino" else ()))


def _feed(sample: Sample, shapes: Mapping[str, list[int]]) -> dict[str, np.ndarray]:
    """A batch of one, of the shapes that the file was made for."""
    feed = {}
    for name, x in zip(shapes, graph_inputs(tuple(shapes), [sample]), strict=True):
        if list(x.shape[1:]) != shapes[name]:
            raise UsageError(
                f"a clip for calibration gives {name} of {list(x.shape[1:])}, and the file takes "
                f"{shapes[name]}: name clips of one size, and one of them with --video"
            )
        feed[name] = x.numpy()
    return feed


def _quantise_onnx(path: Path, samples: Iterator[dict[str, np.ndarray]]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
            return next(samples, None)

    logger, level = logging.getLogger(), logging.getLogger().level
    logger.setLevel(logging.ERROR)  # it recommends what is done
    prepared, quantised = path.with_suffix(".prepared"), path.with_suffix(".int8")
    try:
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            quantised,
            Reader(),
            op_types_to_quantize=_QUANTISED,
            nodes_to_exclude=_nodes_outside_of_networks(prepared),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        logger.setLevel(level)
    prepared.unlink()
    quantised.replace(path)


def _nodes_outside_of_networks(path: Path) -> list[str]:
    import onnx

    nodes = onnx.load(path, load_external_data=False).graph.node
    return [node.name for node in nodes if re.match(_OUTSIDE_OF_NETWORKS, node.name)]


def _quantise_openvino(
    path: Path, samples: Iterator[dict[str, np.ndarray]], *, count: int, metadata: dict[str, Any]
) -> None:
    os.environ.setdefault("NNCF_CI", "1")  # else it reports each use to its makers
    import nncf
    import openvino

    nncf.set_log_level(logging.ERROR)
    network = openvino.Core().read_model(path)
    outside = nncf.IgnoredScope(patterns=[_OUTSIDE_OF_NETWORKS], validate=False)
    quantised = nncf.quantize(
        network, nncf.Dataset(list(samples)), subset_size=count, ignored_scope=outside
    )
    folder = path.parent / "int8"
    folder.mkdir()
    formats.save_openvino(quantised, folder / path.name, metadata=metadata)
    del network, quantised  # which hold the weights' file open
    for file in folder.iterdir():
        file.replace(path.parent / file.name)
    folder.rmdir()
