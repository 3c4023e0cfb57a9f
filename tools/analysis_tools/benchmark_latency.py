"""How long a frame takes: its preprocessing and its networks, apart, as ATTP's Table 1 has them.

    python tools/analysis_tools/benchmark_latency.py configs/attp/attp_hmdb51.py
    python tools/analysis_tools/benchmark_latency.py configs/attp/attp_hmdb51.py --onnx attp.onnx
    python tools/analysis_tools/benchmark_latency.py configs/attp/attp_hmdb51.py --device cuda
    python tools/analysis_tools/benchmark_latency.py configs/ipts/ip_tsn_no_flow_hmdb51.py \\
        --per-video

A frame is what the paper counts as one: a segment (a GOP) with its I-frame, motion and residual.
Preprocessing runs the config's test pipeline on a video, decoding included, and normalises the
result; it takes place on the CPU, and its time is divided by the number of segments. The networks
get one frame at a time, batch 1, with random weights; for ATTP this is the cost of a GOP whose
neighbour was seen before. 3D networks get the whole clip, whose time is divided by its length.
Printed are medians after a warm-up. ``--per-video`` is Table 1 of IP-TSN instead: all segments of
a video in one batch, one clip for a 3D network, each stream apart, and videos per second (VPS), the
reciprocal of the sum.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from mmcondense.apis.flops import Inputs, Recognizer, build_model, write_clip
from mmcondense.models.recognizers import LateFusionRecognizer


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Latency of a frame: preprocessing and networks")
    parser.add_argument("config", help="config file")
    parser.add_argument("--video", help="video to read; default: a made-up one of 340x256")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="of the networks")
    parser.add_argument("--onnx", help="time this file with ONNX Runtime on the CPU instead")
    parser.add_argument(
        "--per-video", action="store_true", help="a whole video's time, stream by stream, and VPS"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the networks")
    parser.add_argument("--runs", type=int, default=20, help="timed runs")
    parser.add_argument("--warmup", type=int, default=5, help="runs before, not counted")
    parser.add_argument("--json", action="store_true", help="print numbers as the last line")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: there is no CUDA device")
    if args.onnx and args.per_video:
        parser.error("--per-video times the config's own networks: leave --onnx out")
    if args.onnx and args.device == "cuda":
        parser.error("--onnx runs on the CPU")
    if min(args.runs, args.threads) < 1 or args.warmup < 0:
        parser.error("--runs and --threads are at least 1, --warmup at least 0")
    return args


def median_ms(run: Callable[[], Any], *, runs: int, warmup: int, device: str) -> float:
    """Median wall-clock time of a call, milliseconds."""
    times = []
    for index in range(warmup + runs):
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        if index >= warmup:
            times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def one_frame(inputs: Inputs) -> tuple[Inputs, int]:
    """What the networks see of one frame, and how many frames that is after all.

    Inputs of 2D networks, [1, S, C, H, W], are cut to one frame; clips [1, V, C, T, H, W] are not.
    """
    if isinstance(inputs, dict):
        if all(x.ndim == 5 for x in inputs.values()):
            return {name: x[:, :1] for name, x in inputs.items()}, 1
        return inputs, max(x.shape[3] for x in inputs.values() if x.ndim == 6)
    return (inputs[:, :1], 1) if inputs.ndim == 5 else (inputs, inputs.shape[3])


def time_onnx(path: str, *, threads: int, runs: int, warmup: int) -> float:
    """Median time of an ONNX file on random inputs of its own shapes, milliseconds."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        path, sess_options=options, providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(0)
    inputs = {}
    for entry in session.get_inputs():
        shape = [size if isinstance(size, int) else 1 for size in entry.shape]  # a batch of one
        if entry.type == "tensor(uint8)":
            inputs[entry.name] = rng.integers(0, 256, shape, np.uint8)
        else:
            inputs[entry.name] = rng.normal(size=shape).astype(np.float32)
    return median_ms(lambda: session.run(None, inputs), runs=runs, warmup=warmup, device="cpu")


def measure(cfg: Config, model: Recognizer, args: argparse.Namespace) -> dict[str, Any]:
    """``preprocess_ms`` and ``network_ms`` of a frame, and their reciprocals as frames a second."""
    preprocess_ms, inputs = time_preprocessing(cfg, model, args)
    segments = next(iter(inputs.values())) if isinstance(inputs, dict) else inputs
    frames = segments.shape[1] if segments.ndim == 5 else segments.shape[3]
    timing = dict(runs=args.runs, warmup=args.warmup)
    if args.onnx:
        network_ms, seen = time_onnx(args.onnx, threads=args.threads, **timing), 1
    else:
        model.to(args.device)
        cut, seen = one_frame(inputs)
        cut = on_device(cut, args.device)
        with torch.no_grad():
            network_ms = median_ms(
                lambda: model.extract_feat(cut, stage="head"), device=args.device, **timing
            )
    result = dict(preprocess_ms=preprocess_ms / frames, network_ms=network_ms / seen)
    result["preprocess_fps"] = 1e3 / result["preprocess_ms"]
    result["network_fps"] = 1e3 / result["network_ms"]
    return result


def measure_video(cfg: Config, model: Recognizer, args: argparse.Namespace) -> dict[str, Any]:
    """``preprocess_ms``, ``<stream>_ms`` of each (``network_ms`` of one), ``total_ms``, ``vps``."""
    preprocess_ms, inputs = time_preprocessing(cfg, model, args)
    result = dict(preprocess_ms=preprocess_ms)
    model.to(args.device)
    inputs = on_device(inputs, args.device)
    streams: dict[str, tuple[Recognizer, Inputs]] = dict(network=(model, inputs))
    if isinstance(model, LateFusionRecognizer):
        assert isinstance(inputs, dict)
        parts = model.stream_inputs(inputs)
        streams = {name: (model.get_submodule(name), x) for name, x in parts.items()}
    for name, (network, x) in streams.items():
        with torch.no_grad():
            result[f"{name}_ms"] = median_ms(
                functools.partial(network.extract_feat, x, stage="head"),
                runs=args.runs,
                warmup=args.warmup,
                device=args.device,
            )
    result["total_ms"] = sum(result.values())
    result["vps"] = 1e3 / result["total_ms"]
    return result


def on_device(inputs: Inputs, device: str) -> Inputs:
    if isinstance(inputs, dict):
        return {name: x.to(device) for name, x in inputs.items()}
    return inputs.to(device)


def time_preprocessing(
    cfg: Config, model: Recognizer, args: argparse.Namespace
) -> tuple[float, Inputs]:
    """Milliseconds from a video's file to normalised inputs, and these."""
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)

    def preprocess(video: str) -> Inputs:
        sample = pipeline(dict(filename=video, label=0, start_index=0, modality="RGB"))
        batch = pseudo_collate([sample])
        return model.data_preprocessor(batch, False)["inputs"]

    with tempfile.TemporaryDirectory() as folder:
        video = args.video or str(write_clip(Path(folder, "clip.mp4"), num_frames=300))
        inputs = preprocess(video)
        preprocess_ms = median_ms(
            lambda: preprocess(video), runs=args.runs, warmup=min(args.warmup, 2), device="cpu"
        )
    return preprocess_ms, inputs


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    cfg = Config.fromfile(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    result = (measure_video if args.per_video else measure)(cfg, build_model(cfg), args)
    engine = "ONNX Runtime, CPU" if args.onnx else f"PyTorch, {args.device.upper()}"
    if args.device == "cuda":
        engine += f" ({torch.cuda.get_device_name()})"
    table = Table(title=f"{args.config}: {engine}, threads {args.threads}", title_justify="left")
    unit = "video" if args.per_video else "frame"
    table.add_column(f"per {unit}")
    for column in ("ms", f"{unit}s per second"):
        table.add_column(column, justify="right")
    for name, ms in result.items():
        if name.endswith("_ms"):
            table.add_row(name.removesuffix("_ms"), f"{ms:.2f}", f"{1e3 / ms:.1f}")
    Console().print(table)
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
