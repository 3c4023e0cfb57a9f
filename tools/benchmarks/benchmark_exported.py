"""What deploying a model changes: size, time of a clip and accuracy, of PyTorch and of its files.

    python tools/benchmarks/benchmark_exported.py CONFIG CHECKPOINT a.onnx a.xml a.pt ...

Clips are those of the config's test data, prepared once; all networks get one at a time, on one
thread. Times are the processor's, not the clock's, so that other programs do not count: medians.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from rich.console import Console
from rich.table import Table

from mmcondense.apis.checkpoint import load_recognizer
from mmcondense.apis.export.example import Sample, graph_inputs, predicted_scores
from mmcondense.apis.export.formats import SUFFIXES, load, read_metadata


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument("files", nargs="+", type=Path, help="exported from them")
    parser.add_argument("--num", type=int, help="clips, evenly spread; default: all")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    return parser.parse_args(arguments)


def scores_and_times(
    predict: Callable[[Sample], np.ndarray], samples: Sequence[Sample]
) -> tuple[np.ndarray, list[float]]:
    """[N, num_classes], and the processor's milliseconds of each clip."""
    predict(samples[0])  # not counted
    scores, times = [], []
    for sample in samples:
        start = time.process_time()
        scores.append(predict(sample))
        times.append((time.process_time() - start) * 1e3)
    return np.stack(scores), times


def run_file(path: Path) -> tuple[Callable[[Sample], np.ndarray], str]:
    """The scores of a sample by an exported file, and what it is."""
    format = {suffix: name for name, suffix in SUFFIXES.items()}[path.suffix]
    metadata = read_metadata(path, format=format)
    run, names = load(path, format=format, num_threads=1), tuple(metadata["inputs"])

    def predict(sample: Sample) -> np.ndarray:
        tensors = graph_inputs(names, [sample])
        return run({n: x.numpy() for n, x in zip(names, tensors, strict=True)})[0][0]

    return predict, f"{format}, {metadata['precision']}"


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    torch.set_num_threads(1)
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    model = load_recognizer(cfg, args.checkpoint, device="cpu")
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    count = min(args.num or len(dataset), len(dataset))
    indices = np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist()
    samples = [dataset[index] for index in indices]
    labels = np.array([int(sample["data_samples"].gt_label) for sample in samples])

    table = Table(title=f"{args.config}, {count} clips, one thread", title_justify="left")
    for column in ("network", "MB", "ms a clip", "top-1, %", "same class, %", "scores off by"):
        table.add_column(column, justify="left" if column == "network" else "right")
    expected, times = scores_and_times(
        lambda sample: predicted_scores(model, [copy.copy(sample)])[0].numpy(), samples
    )
    weights = sum(x.numel() * x.element_size() for x in model.state_dict().values())
    rows = [("PyTorch, float32", weights, expected, times)]
    for path in args.files:
        predict, name = run_file(path)
        beside = [path.with_suffix(".bin")] if path.suffix == ".xml" else []
        size = sum(file.stat().st_size for file in (path, *beside))
        rows.append((name, size, *scores_and_times(predict, samples)))
    for name, size, scores, times in rows:
        best = scores.argmax(axis=1)
        table.add_row(
            name,
            f"{size / 1e6:.1f}",
            f"{statistics.median(times):.1f}",
            f"{100 * (best == labels).mean():.1f}",
            f"{100 * (best == expected.argmax(axis=1)).mean():.1f}",
            f"{np.abs(scores - expected).max():.1e}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
