"""Average the test results of several splits, as UCF101 and HMDB51 are reported.

    python tools/analysis_tools/average_splits.py split1.npz split2.npz split3.npz
    python tools/analysis_tools/average_splits.py work_dirs/ip_tsn_hmdb51_split{1,2,3}

Each argument is a dump (tools/test.py --dump, .npz or .pkl), a metrics file (the .json that a test
writes), or a work dir, whose latest metrics file counts. Splits weigh alike, whatever their size.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmcondense.apis.score_dump import load_score_dump, measure_accuracy


def read_metrics(source: Path) -> dict[str, float]:
    """Metrics of one split: AccMetric's ``top1``, ``top5``, ``mean1``, each 0 to 1.

    Raises:
        ValueError: if ``source`` holds no test result.
    """
    if source.is_dir():
        # of its json files only those of a test are one object; a training log is one per line
        candidates = sorted(source.glob("*/*.json"), key=lambda path: path.parent.name)
        found = [metrics for path in candidates if (metrics := _read_json(path))]
        if not found:
            raise ValueError(f"no test result below {source}: run tools/test.py with --work-dir")
        return found[-1]
    if source.suffix == ".json":
        metrics = _read_json(source)
        if not metrics:
            raise ValueError(f"{source} holds no accuracy (keys acc/...)")
        return metrics
    dump = load_score_dump(source)
    return measure_accuracy(dump.scores, dump.labels)


def _read_json(path: Path) -> dict[str, float]:
    try:
        content = json.loads(path.read_text())
    except json.JSONDecodeError:
        return {}
    prefix = "acc/"
    return {
        key.removeprefix(prefix): value
        for key, value in content.items()
        if key.startswith(prefix) and isinstance(value, float | int)
    }


def average(splits: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation (of the sample; 0 for one split) of each metric.

    Raises:
        ValueError: if the splits were measured differently.
    """
    names = list(splits[0])
    if any(set(metrics) != set(names) for metrics in splits):
        raise ValueError(f"the splits have different metrics: {[sorted(m) for m in splits]}")
    values = {name: [metrics[name] for metrics in splits] for name in names}
    return {
        name: dict(
            mean=statistics.fmean(each), std=statistics.stdev(each) if len(each) > 1 else 0.0
        )
        for name, each in values.items()
    }


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="+", type=Path, help="one test result per split")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    args = parser.parse_args()
    for source in args.sources:
        if not source.exists():
            parser.error(f"no such file or folder: {source}")
    return args


def main() -> int:
    args = parse_args()
    try:
        splits = [read_metrics(source) for source in args.sources]
        averages = average(splits)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    table = Table("split", *averages)
    for source, metrics in zip(args.sources, splits, strict=True):
        table.add_row(str(source), *(f"{100 * metrics[name]:.2f}" for name in averages))
    table.add_section()
    table.add_row(
        "mean ± std", *(f"{100 * m['mean']:.2f} ± {100 * m['std']:.2f}" for m in averages.values())
    )
    Console().print(table)
    if args.json is not None:
        result = dict(
            splits=[
                dict(source=str(source), **metrics)
                for source, metrics in zip(args.sources, splits, strict=True)
            ],
            average=averages,
        )
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
