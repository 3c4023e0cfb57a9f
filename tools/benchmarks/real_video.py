"""Networks on one set of real videos: accuracy against what a video costs, from file to scores.

    python tools/benchmarks/real_video.py --data data/strokes
    python tools/benchmarks/real_video.py --data data/strokes --rows p_stream rgb_2d3d --seeds 0

trains each row of ``configs/strokes`` with each seed (same clips, moments, picture size, epochs),
then reads and classifies the validation videos with all rows by turns in one process and on one
core, and writes OUT/results.json, OUT/table.md and OUT/plot.png. A training that is done is not
made again, a cut one goes on; what it reached and cost is in OUT/ROW/seedN. ``--no-costs`` leaves
the measuring out, which wants a machine without other work; ``--no-training`` measures costs only.

``--data`` is a folder with train.txt, val.txt (``file label`` lines) and videos/, which need motion
vectors. Optical flow for the rows that learn from it is extracted once, into OUT/flow.

Accuracy is the last epoch's; nothing is chosen on the validation videos. i_stream and p_stream are
trained side by side, as ip_tsn, and share nothing. p_stream_distilled follows flow of the same
seed. What is measured of a video: CPU milliseconds of its pipeline (open, read, transforms) and of
the network, medians over videos and rounds; bytes that were read from the file; multiply-adds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "benchmarks"))
from trainings import call, commit, count_classes, last_scores, python_path  # noqa: E402

from mmcondense_preparation.settings import write_aside  # noqa: E402

CONFIGS = TOOLS.parent / "configs" / "strokes"


@dataclass(frozen=True)
class Row:
    """What the table calls a row, and where it comes from."""

    said: str
    """The table's words."""

    ours: bool = True
    trained: str | None = None
    """The row in whose training this one's accuracy is; None: its own."""

    metric: str = "acc/top1"
    config: str | None = None
    """What is trained; None: the config of the row's name."""

    cost: str | None = None
    """The config that is measured; None: the one that is trained."""

    longer: int = 1
    """How many times the epochs of the others."""


ROWS = {
    "rgb_tsn": Row("RGB: TSN", ours=False),
    "rgb_slowonly": Row("RGB: SlowOnly", ours=False),
    "rgb_2d3d": Row("RGB: the P-stream's network", ours=False),
    "rgb_2d3d_long": Row(
        "RGB: the same, three times the epochs", ours=False, config="rgb_2d3d", longer=3
    ),
    "flow": Row("DIS flow: the P-stream's network", ours=False, cost="flow_online"),
    "i_stream": Row("IP-TSN: I-stream", trained="ip_tsn", metric="acc/i_stream_top1"),
    "p_stream": Row("IP-TSN: P-stream", trained="ip_tsn", metric="acc/p_stream_top1"),
    "ip_tsn": Row("IP-TSN: both"),
    "p_stream_distilled": Row("P-stream with flow distillation", cost="p_stream"),
    "coviar": Row("CoViAR"),
    "p_stream_motion": Row("P-stream of vectors alone"),
    "p_stream_bits": Row("P-stream of vectors and bits"),
    "p_stream_cells": Row("P-stream on the grid, vectors and bits"),
    "p_stream_cells_small": Row("P-stream on the grid, half the channels"),
}


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data/strokes"), help="(%(default)s)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=40, help="(%(default)s)")
    parser.add_argument("--out", type=Path, help="(work_dirs/real_video/NAME of the folder)")
    parser.add_argument("--flow", type=Path, help="optical flow that is there (OUT/flow)")
    parser.add_argument("--rounds", type=int, default=3, help="of measuring (%(default)s)")
    parser.add_argument("--no-costs", dest="costs", action="store_false", help="train only")
    parser.add_argument("--no-training", dest="training", action="store_false", help="measure only")
    args = parser.parse_args(arguments)
    args.out = args.out or Path("work_dirs/real_video", args.data.resolve().name)
    args.flow = args.flow or args.out / "flow"
    for name in ("train.txt", "val.txt", "videos"):
        if not (args.data / name).exists():
            parser.error(f"--data {args.data}: there is no {args.data / name}")
    return args


def environment(args: argparse.Namespace, *, seed: int = 0, longer: int = 1) -> dict[str, str]:
    """What the configs ask the environment for."""
    teacher = args.out / "flow" / f"seed{seed}" / "final.pth"
    return {
        "STROKES": str(args.data),
        "STROKES_FLOW": str(args.flow.resolve()),
        "STROKES_CLASSES": str(count_classes(args.data)),
        "STROKES_EPOCHS": str(longer * args.epochs),
        "STROKES_TEACHER": str(teacher),
    }


def train(row: str, seed: int, args: argparse.Namespace) -> Path:
    """Train a row until its ``final.pth`` and ``trained.json`` are there.

    Raises:
        RuntimeError: with the end of what it printed, if the training fails.
    """
    out = args.out / row / f"seed{seed}"
    if (out / "trained.json").is_file():
        return out
    out.mkdir(parents=True, exist_ok=True)
    if row in ("flow", "p_stream_distilled"):
        extract_flow(args)
    if row == "p_stream_distilled":
        train("flow", seed, args)
    known = ROWS.get(row, Row(row))
    config = CONFIGS / f"{known.config or row}.py"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["train.py", config, "--seed", seed, "--work-dir", out, "--resume"]
    call(command, out / "train.log", env=environment(args, seed=seed, longer=known.longer))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    done = dict(last_scores(out), row=row, seed=seed, commit=commit(), cpu_seconds=round(seconds))
    write_aside(out / "trained.json", json.dumps(done).encode())
    return out


def extract_flow(args: argparse.Namespace) -> None:
    command = ["data/extract_flow.py", args.data / "videos", args.flow]
    call([*command, "--method", "dis"], args.out / "flow.log", env=environment(args))


def measure(args: argparse.Namespace) -> dict[str, dict]:
    """What :mod:`row_costs` prints, in a process whose libraries have one thread."""
    names = {row: ROWS[row].cost or ROWS[row].config or row for row in args.rows}
    configs = {row: str(CONFIGS / f"{name}.py") for row, name in names.items()}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, str(TOOLS / "benchmarks" / "row_costs.py")]
    done = subprocess.run(
        [*command, json.dumps(configs), str(args.rounds)],
        env={**os.environ, **environment(args), **threads, "PYTHONPATH": python_path()},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    if args.training:
        for seed in args.seeds:
            for row in dict.fromkeys(ROWS[row].trained or row for row in args.rows):
                print(f"{row}, seed {seed}", flush=True)
                done = json.loads((train(row, seed, args) / "trained.json").read_text())
                print(f"    top-1 {done['acc/top1']:.1f}, {done['cpu_seconds']} CPU s", flush=True)
    costs_file = args.out / "costs.json"
    costs = json.loads(costs_file.read_text()) if costs_file.is_file() else {}
    if args.costs:
        costs |= measure(args)
        args.out.mkdir(parents=True, exist_ok=True)
        write_aside(costs_file, json.dumps(costs).encode())
    from real_video_report import report  # matplotlib is for the end

    print(report(args.out, ROWS, costs))


if __name__ == "__main__":
    main()
