"""Writing a module of :mod:`.graphs` in a format, and running what was written."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmcondense_runtime.metadata import decode, encode

from ..inference_inputs import UsageError
from .graphs import Graph

SUFFIXES = dict(onnx=".onnx", openvino=".xml", torchscript=".pt")
"""Formats, and how their files are named."""

METADATA_FILE = "mmcondense.json"
"""Of the metadata in a TorchScript archive; OpenVINO's are under ``mmcondense`` in ``rt_info``."""

Run = Callable[[Mapping[str, np.ndarray]], list[np.ndarray]]
"""Arrays by input name to outputs, in order; names that a file does not have are passed over."""

_NEEDS = dict(onnx=("onnx", "onnxruntime"), openvino=("onnx", "onnxruntime", "openvino"))
_OPSET = 17


def check_format(name: str) -> None:
    """Refuse a format that does not exist, or whose packages are not installed.

    Raises:
        UsageError: With what is allowed, or what to install.
    """
    if name not in SUFFIXES:
        raise UsageError(f"there is no format {name!r}, only {', '.join(SUFFIXES)}")
    need(*_NEEDS.get(name, ()))


def need(*packages: str) -> None:
    """Raise a UsageError that says how to get packages, unless they are here."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} missing: pip install 'mmcondense[deploy]' (in a clone: "
            "pip install -e '.[deploy]')"
        )


def write(
    graph: Graph,
    inputs: Sequence[Tensor],
    path: Path,
    *,
    format: str,
    metadata: Mapping[str, Any],
) -> None:
    """Trace a graph and write it with its metadata.

    Args:
        graph: With ``input_names`` and ``output_names``, in evaluation mode.
        inputs: In the order of its names; the first axis is the batch, and stays free.
        path: Of the suffix that the format has. OpenVINO's weights go beside it, as ``.bin``.
        format: A key of :data:`SUFFIXES`.
        metadata: What JSON can hold. Of its ``inputs`` ONNX and OpenVINO keep those on which the
            outputs depend: the file has no others.
    """
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing keeps sizes as constants: they are, but the batch
        if format == "torchscript":
            traced = torch.jit.trace(graph, tuple(inputs), check_trace=False)
            text = json.dumps(dict(metadata))
            torch.jit.save(traced, str(path), _extra_files={METADATA_FILE: text})
            return
        onnx_path = path.with_suffix(".onnx")
        _write_onnx(graph, tuple(inputs), onnx_path)
    import onnx

    kept = {entry.name for entry in onnx.load(onnx_path).graph.input}
    metadata = {
        **metadata,
        "inputs": {name: x for name, x in metadata["inputs"].items() if name in kept},
        "modalities": [name for name in metadata["modalities"] if name in kept or "frames" in kept],
    }
    if format == "onnx":
        set_onnx_metadata(onnx_path, metadata)
    else:
        import openvino

        save_openvino(openvino.Core().read_model(onnx_path), path, metadata=metadata)
        onnx_path.unlink()


def load(path: Path, *, format: str, num_threads: int = 1) -> Run:
    """A file that :func:`write` wrote, to run on the CPU in single precision."""
    if format == "torchscript":
        traced = _load_torchscript(path, {})

        def run_torchscript(inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
            with torch.no_grad():
                outputs = traced(*(torch.from_numpy(x) for x in inputs.values()))
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            return [output.numpy() for output in outputs]

        return run_torchscript
    if format == "openvino":
        import openvino

        # "f32": on some processors OpenVINO would compute in bfloat16
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": num_threads}
        compiled = openvino.Core().compile_model(path, "CPU", hints)
        names = [entry.any_name for entry in compiled.inputs]
        return lambda inputs: list(compiled({name: inputs[name] for name in names}).values())
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    session = onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
    names = [entry.name for entry in session.get_inputs()]
    return lambda inputs: session.run(None, {name: inputs[name] for name in names})


def read_metadata(path: Path, *, format: str) -> dict[str, Any]:
    """What was written into a file."""
    if format == "torchscript":
        files = {METADATA_FILE: ""}
        _load_torchscript(path, files)
        return json.loads(files[METADATA_FILE])
    if format == "openvino":
        import openvino

        model = openvino.Core().read_model(path)
        return json.loads(model.get_rt_info(["mmcondense", "json"]).value)
    import onnx

    properties = onnx.load(path, load_external_data=False).metadata_props
    return decode({entry.key: entry.value for entry in properties})


def set_onnx_metadata(path: Path, metadata: Mapping[str, Any]) -> None:
    """Write metadata into an ONNX file, in place of what it has."""
    import onnx

    network = onnx.load(path)
    network.producer_name = "mmcondense"
    onnx.helper.set_model_props(network, encode(metadata))
    onnx.save(network, path)


def save_openvino(network: Any, path: Path, *, metadata: Mapping[str, Any]) -> None:
    """Write ``path`` and its ``.bin``, in single precision."""
    import openvino

    network.set_rt_info(json.dumps(dict(metadata)), ["mmcondense", "json"])
    openvino.save_model(network, path, compress_to_fp16=False)


def _load_torchscript(path: Path, files: dict[str, str]) -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, as all of TorchScript is
        return torch.jit.load(str(path), map_location="cpu", _extra_files=files)


def _write_onnx(graph: Graph, inputs: tuple[Tensor, ...], path: Path) -> None:
    # The exporter that traces: one file, no further package. torch.export's is the default since
    # torch 2.9, and the argument is unknown before 2.5.
    has_choice = "dynamo" in inspect.signature(torch.onnx.export).parameters
    choice: dict[str, Any] = dict(dynamo=False) if has_choice else {}
    names = (*graph.input_names, *graph.output_names)
    torch.onnx.export(
        graph,
        inputs,
        str(path),
        input_names=list(graph.input_names),
        output_names=list(graph.output_names),
        dynamic_axes={name: {0: "batch"} for name in names},
        opset_version=_OPSET,
        **choice,
    )
