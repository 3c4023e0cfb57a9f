"""How fast a config's data arrives, and which of its transforms the time goes to.

    python tools/analysis_tools/benchmark_dataloader.py configs/ipts/ip_tsn_synthetic.py

First the pipeline runs in this process, one transform after the other: the median CPU milliseconds
that each takes per clip. Then the config's DataLoader as training uses it, once for every number of
workers: clips per second from the end of the first batch on, and CPU milliseconds per clip of all
processes together, which other load on the machine hardly changes.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner, set_random_seed
from mmengine.utils.dl_utils import set_multi_processing
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import mmcondense  # noqa: F401 - registers what configs name
from compressedvideo import CodecError

SPLITS = ("train", "val", "test")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("config", help="config file")
    add("--split", choices=SPLITS, default="train", help="whose loader (%(default)s)")
    add(
        "--workers",
        type=int,
        nargs="+",
        default=sorted({1, 2, os.cpu_count() or 1}),
        metavar="N",
        help="numbers of worker processes; 0: none (default: 1, 2 and one per core)",
    )
    add("--clips", type=int, default=96, help="clips to time, per number of workers (%(default)s)")
    add("--batch-size", type=int, help="default: the config's")
    add("--seed", type=int, default=0, help="of sampling and augmentation (%(default)s)")
    add("--json", action="store_true", help="print all numbers as the last line")
    add("--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value")
    args = parser.parse_args(argv)
    if min(args.workers) < 0:
        parser.error(f"--workers {args.workers}: at least 0")
    if args.clips < 1:
        parser.error(f"--clips {args.clips}: at least 1")
    if not Path(args.config).is_file():
        parser.error(f"{args.config}: no such file")
    return args


def transform_name(transform: Callable) -> str:
    return getattr(transform, "__name__", type(transform).__name__)


def time_transforms(
    dataset: Any, *, num_clips: int, on_clip: Callable[[], None] = lambda: None
) -> list[dict]:
    """Run the pipeline step by step, after one clip to warm up.

    Args:
        dataset: of MMAction2 or MMEngine, built; its videos are taken in order, again and again.

    Returns:
        ``transform``, ``cpu_ms`` (median per clip) and ``share`` (of the sum) of each transform.

    Raises:
        CodecError: if no video can be read.
    """
    transforms = dataset.pipeline.transforms
    times: list[list[float]] = [[] for _ in transforms]
    failure: CodecError | None = None
    clip, timed = 0, 0
    while timed <= num_clips:
        data = dataset.get_data_info(clip % len(dataset))
        clip += 1
        spent = []
        try:
            for transform in transforms:
                start = time.process_time()
                data = transform(data)
                spent.append(time.process_time() - start)
        except CodecError as error:  # training skips it
            failure = error
            if clip >= len(dataset) and not timed:
                raise failure from None
            continue
        if timed:
            for runs, seconds in zip(times, spent, strict=True):
                runs.append(seconds * 1e3)
        timed += 1
        on_clip()
    medians = [statistics.median(runs) for runs in times]
    return [
        dict(
            transform=transform_name(transform),
            cpu_ms=round(median, 3),
            share=round(median / sum(medians), 4),
        )
        for transform, median in zip(transforms, medians, strict=True)
    ]


def build_loader(cfg: Config, split: str, *, workers: int, batch_size: int | None, seed: int):
    """The split's DataLoader as the Runner builds it, but for the number of workers."""
    loader_cfg = cfg[f"{split}_dataloader"].to_dict()
    loader_cfg.update(num_workers=workers, persistent_workers=workers > 0)
    if batch_size:
        loader_cfg["batch_size"] = batch_size
    if not workers:
        loader_cfg.pop("prefetch_factor", None)
    return Runner.build_dataloader(loader_cfg, seed=seed)


def endless(loader: Any) -> Iterator[Any]:
    """Batches, epoch after epoch."""
    while True:
        yield from loader


def time_loader(
    loader: Any, *, num_clips: int, on_clips: Callable[[int], None] = lambda _: None
) -> dict:
    """Fetch clips as training does, and end the workers.

    Returns:
        ``workers``, ``batch_size``, ``clips`` timed, ``clips_per_second`` and ``cpu_ms_per_clip``.
    """
    cpu_before, fetched, timed = cpu_seconds(), 0, 0
    start = time.perf_counter()
    for batch in endless(loader):
        size = len(batch["data_samples"])
        if not fetched:  # workers start, caches fill
            start = time.perf_counter()
        else:
            timed += size
        fetched += size
        on_clips(size)
        if timed >= num_clips:
            break
    seconds = time.perf_counter() - start
    loader._iterator = None  # ends persistent workers, whose time counts once they ended
    cpu = cpu_seconds() - cpu_before
    return dict(
        workers=loader.num_workers,
        batch_size=loader.batch_size,
        clips=timed,
        clips_per_second=round(timed / seconds, 2),
        cpu_ms_per_clip=round(cpu / fetched * 1e3, 2),
    )


def cpu_seconds() -> float:
    """Of this process and its ended children."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def batch_bytes(dataset: Any) -> dict[str, dict]:
    """What of one clip goes to the device: ``dtype`` and ``bytes`` of each modality."""
    inputs = dataset[0]["inputs"]
    tensors = inputs if isinstance(inputs, dict) else {"inputs": inputs}
    return {
        name: dict(dtype=str(x.dtype).removeprefix("torch."), bytes=x.numel() * x.element_size())
        for name, x in tensors.items()
    }


def print_tables(report: dict, console: Console) -> None:
    table = Table(title=f"{report['config']}, {report['split']} pipeline", title_justify="left")
    table.add_column("transform")
    for column in ("CPU ms per clip", "share"):
        table.add_column(column, justify="right")
    for row in report["transforms"]:
        table.add_row(row["transform"], f"{row['cpu_ms']:.2f}", f"{row['share']:.1%}")
    table.add_section()
    table.add_row("all", f"{sum(row['cpu_ms'] for row in report['transforms']):.2f}", "")
    console.print(table)
    table = Table("workers", title="DataLoader", title_justify="left")
    for column in ("batch", "clips/s", "CPU ms per clip"):
        table.add_column(column, justify="right")
    for row in report["loader"]:
        table.add_row(
            str(row["workers"]),
            str(row["batch_size"]),
            f"{row['clips_per_second']:.1f}",
            f"{row['cpu_ms_per_clip']:.1f}",
        )
    console.print(table)
    for name, size in report["to_device"].items():
        console.print(
            f"{name}: {size['dtype']}, {size['bytes'] / 1e6:.2f} MB per clip to the device"
        )


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    console = Console(stderr=args.json)
    cfg = Config.fromfile(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    set_multi_processing(**cfg.get("env_cfg", {}).get("mp_cfg", {}))
    set_random_seed(args.seed)
    try:
        dataset = DATASETS.build(cfg[f"{args.split}_dataloader"].dataset)
        with Progress(console=console) as progress:
            bar = progress.add_task("transforms", total=args.clips + 1)
            transforms = time_transforms(
                dataset, num_clips=args.clips, on_clip=lambda: progress.advance(bar)
            )
            to_device = batch_bytes(dataset)
            rows = []
            for workers in args.workers:
                bar = progress.add_task(f"{workers} workers", total=args.clips)
                loader = build_loader(
                    cfg, args.split, workers=workers, batch_size=args.batch_size, seed=args.seed
                )
                rows.append(
                    time_loader(
                        loader,
                        num_clips=args.clips,
                        on_clips=functools.partial(progress.advance, bar),
                    )
                )
    except (CodecError, FileNotFoundError) as error:
        print(
            f"error: {error}\nTo measure with other videos: --cfg-options "
            f"{args.split}_dataloader.dataset.data_root=FOLDER "
            f"{args.split}_dataloader.dataset.ann_file=LIST",
            file=sys.stderr,
        )
        return 1
    report = dict(
        config=args.config,
        split=args.split,
        transforms=transforms,
        loader=rows,
        to_device=to_device,
    )
    print_tables(report, console)
    if args.json:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
