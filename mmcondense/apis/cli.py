"""What ``tools/train.py`` and ``tools/test.py`` share: arguments of MMAction2, and their effect."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from mmengine.config import Config, DictAction
from mmengine.dist import is_main_process

from .preflight import check_gpus, describe_missing, fill_in_num_classes, missing_inputs


def add_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that MMAction2's training and testing scripts have in common."""
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--work-dir",
        help="folder of logs, metrics and checkpoints; default: the config's, else work_dirs/NAME, "
        "with _split2 or _split3 behind it where SPLIT is not 1",
    )
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        help='override config entries, key=value; lists as key="[a,b]" or key=a,b',
    )
    parser.add_argument(
        "--launcher",
        choices=["none", "pytorch", "slurm", "mpi"],
        default="none",
        help="job launcher",
    )
    parser.add_argument(
        "--check",
        type=int,
        metavar="GPUS",
        help="look for what is missing, and end; what dist_train.sh and dist_test.sh do first",
    )
    parser.add_argument(
        "--local_rank", "--local-rank", type=int, default=0, help="set by the launcher"
    )


def load_config(args: argparse.Namespace) -> Config:
    """Read the config that ``args`` names and apply the common arguments to it.

    Args:
        args: parsed arguments of :func:`add_runner_arguments`.

    Returns:
        The config with ``launcher`` and ``work_dir`` set. ``cfg_options`` are left to the caller,
        since they go last.
    """
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get("work_dir") is None:
        name = Path(args.config).stem
        split = str(cfg.get("split", 1))  # of UCF101 or HMDB51
        cfg.work_dir = str(Path("work_dirs") / (name if split == "1" else f"{name}_split{split}"))
    return cfg


def check_inputs(cfg: Config, args: argparse.Namespace, *, loaders: Sequence[str]) -> None:
    """End the program with one message if files are missing, or, with ``--check``, GPUs.

    Args:
        cfg: Of the run, all options applied.
        args: Of :func:`add_runner_arguments`.
        loaders: That take part.
    """
    if args.check is not None and (about_gpus := check_gpus(args.check)):
        if about_gpus.startswith("error"):
            stop(about_gpus)
        print(about_gpus, file=sys.stderr)
    missing = missing_inputs(cfg, loaders=loaders)
    if missing:
        stop(describe_missing(missing))
    fill_in_num_classes(cfg, loaders=loaders)
    if args.check is not None:
        raise SystemExit(0)


def stop(message: str) -> NoReturn:
    """End the program with a message, once, however many processes end."""
    is_first = is_main_process() and os.environ.get("RANK", "0") == "0"  # joined a group or not
    raise SystemExit(message if is_first else 1)
