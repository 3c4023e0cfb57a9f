"""Prepare many small clips locally and on a Ray cluster that loses a node; compare bytes and speed.

    python tools/benchmarks/benchmark_cluster.py --out work_dirs/cluster --clips 1000

makes the clips, and re-encodes and condenses them twice: by the processes of this machine, and on a
cluster of two nodes of a core each, of which the second is killed when two fifths are done and
another joins when three fifths are. It prints a line for each: seconds, clips a second, and whether
everything is there once and byte-equal.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parents[1]
_HEALTH = dict(health_check_period_ms=500, health_check_failure_threshold=2)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to, new")
    parser.add_argument("--clips", type=int, default=1000, help="(%(default)s)")
    parser.add_argument("--size", type=int, default=64, help="pixels (%(default)s)")
    parser.add_argument("--frames", type=int, default=24, help="of each clip (%(default)s)")
    args = parser.parse_args()
    if args.out.exists():
        parser.error(f"{args.out} exists already")
    return args


def commands(data: Path) -> dict[str, Callable[[Path], list[str]]]:
    """Of each tool: where to write in, its command out."""
    config = TOOLS.parent / "configs" / "baselines" / "di_synthetic.py"
    loaders = [f"{part}_dataloader.dataset.data_root={data}" for part in ("train", "val", "test")]
    return {
        "reencode": lambda out: [
            *("data/reencode.py", str(data / "videos"), str(out)),
            *("--codec", "h264", "--gop-size", "8"),
        ],
        "condense_dataset": lambda out: [
            *("condense_dataset.py", str(config), "none", "--out", str(out)),
            *("--cfg-options", *loaders),
        ],
    }


def start(command: list[str]) -> subprocess.Popen:
    """A tool, in a process of its own."""
    paths = [str(TOOLS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        [sys.executable, str(TOOLS / command[0]), *command[1:]],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    """Wait for the end of a tool, which must be good."""
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"a tool failed:\n{errors}")


def num_done(out: Path) -> int:
    """Lines of the logs so far."""
    logs = out.glob(".preparation/*/*.jsonl")
    return sum(log.read_bytes().count(b"\n") for log in logs)


def on_cluster(command: list[str], out: Path, *, clips: int) -> tuple[float, list[int]]:
    """Run a tool while a node is killed and another joins.

    Returns:
        Seconds, and how many clips were done at these two moments.
    """
    from ray.cluster_utils import Cluster

    head = dict(num_cpus=1, include_dashboard=False, _system_config=_HEALTH)
    cluster: Any = Cluster(initialize_head=True, head_node_args=head)
    second = cluster.add_node(num_cpus=1)
    changes: list[tuple[float, Callable[[], object]]] = [
        (0.4, lambda: cluster.remove_node(second, allow_graceful=False)),
        (0.6, lambda: cluster.add_node(num_cpus=1)),
    ]
    moments = []
    try:
        started = time.perf_counter()
        process = start([*command, "--executor", "ray", "--address", cluster.address])
        for share, change in changes:
            while (done := num_done(out)) < share * clips and process.poll() is None:
                time.sleep(0.02)
            change()
            moments.append(done)
        finish(process)
        return time.perf_counter() - started, moments
    finally:
        cluster.shutdown()


def differences(one: Path, other: Path) -> list[str]:
    """Files that only one of two folders has, or that differ."""
    names = [
        {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        for folder in (one, other)
    ]
    same = names[0] & names[1]
    differ = {name for name in same if not filecmp.cmp(one / name, other / name, shallow=False)}
    return sorted(map(str, (names[0] ^ names[1]) | differ))


def main() -> int:
    args = parse_args()
    data = args.out / "data"
    making = ["data/make_synthetic.py", "--out", str(data), "--num-train", str(args.clips)]
    making += ["--num-val", "1", "--size", str(args.size), "--num-frames", str(args.frames)]
    finish(start(making))
    failed = False
    print("| tool | executor | seconds | clips/s | node killed at, another joins at | differs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for tool, command_of in commands(data).items():
        clips = args.clips + (tool == "reencode")  # the folder has the validation clip, too
        local, ray = args.out / f"{tool}_local", args.out / f"{tool}_ray"
        started = time.perf_counter()
        finish(start(command_of(local)))
        seconds = time.perf_counter() - started
        print(f"| {tool} | local | {seconds:.1f} | {clips / seconds:.1f} | | |", flush=True)
        seconds, moments = on_cluster(command_of(ray), ray, clips=clips)
        differ = differences(local, ray)
        failed |= bool(differ)
        print(
            f"| {tool} | ray | {seconds:.1f} | {clips / seconds:.1f} | "
            f"{', '.join(map(str, moments))} | {', '.join(differ[:3]) or 'nothing'} |",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
