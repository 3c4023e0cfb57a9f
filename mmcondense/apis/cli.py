"""What ``tools/train.py`` and ``tools/test.py`` share: arguments of MMAction2, and their effect."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NoReturn

from mmengine.config import Config, DictAction
from mmengine.dist import is_main_process


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


def stop(message: str) -> NoReturn:
    """End the program with a message, once, however many processes end."""
    raise SystemExit(message if is_main_process() else 1)
