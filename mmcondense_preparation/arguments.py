"""The flags that every tool has, for where and on how many processes it runs."""

from __future__ import annotations

import argparse
import importlib.util
import os
from dataclasses import dataclass, replace

from .parts import Part, parse_part, slurm_part, torchrun_part

EXECUTORS = ("local", "ray", "array")
_WHOLE = Part()


@dataclass(frozen=True)
class Execution:
    """Where items are made."""

    executor: str = "local"
    """One of :data:`EXECUTORS`."""
    workers: int | None = None
    """Processes; 0: in the calling one. None: as many as there are cores, in the cluster."""
    part: Part = _WHOLE
    address: str | None = None
    """Of a Ray cluster."""
    retries: int = 2
    """How often an item is tried again for what may pass."""
    again: bool = False
    """Try again what ended its process each time, too."""

    together: bool = False
    """Whether others run beside this process, which are ended if it fails: torchrun's."""

    def of_torchrun(self) -> Execution:
        """The part of it that is this process's, where torchrun started several."""
        part = torchrun_part()
        return replace(self, part=part.within(self.part), together=part.count > 1)


def add_execution_arguments(
    parser: argparse.ArgumentParser, *, workers: int | None = None, workers_help: str = "processes"
) -> None:
    """Add the flags, as a group of their own.

    Args:
        workers: Default of ``--workers``, which is left out if this is None.
    """
    group = parser.add_argument_group("where it runs (docs/cluster.md)")
    add = group.add_argument
    if workers is not None:
        add("--workers", type=int, help=f"{workers_help} (on this machine: {workers})")
    parser.set_defaults(default_workers=workers)
    add(
        "--executor",
        choices=EXECUTORS,
        help="local: this machine, the default; ray: a Ray cluster; array: a part of the items, "
        "--part, or that of a job in a SLURM array",
    )
    add("--part", metavar="I/N", help="make part I of N only, I from 0 to N - 1")
    add("--address", help="of the Ray cluster: auto, or HOST:PORT (default: $RAY_ADDRESS, or auto)")
    add(
        "--retries",
        type=int,
        default=2,
        help="how often an item is tried again if a disk, a network or a process failed; not if "
        "the video did (%(default)s)",
    )
    add(
        "--again",
        action="store_true",
        help="try again what ended its process each time, too, and is passed over therefore",
    )


def execution_of(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Execution:
    """What the flags say; ends the program with one line where they cannot be followed."""
    workers = getattr(args, "workers", None)
    least = 0 if args.default_workers == 0 else 1
    if workers is not None and workers < least:
        parser.error(f"--workers must be at least {least}, but is {workers}")
    if args.retries < 0:
        parser.error(f"--retries must be at least 0, but is {args.retries}")
    executor = args.executor or ("local" if args.part is None else "array")
    if executor == "ray":
        if importlib.util.find_spec("ray") is None:
            parser.error("--executor ray needs Ray: pip install 'mmcondense[cluster]'")
        if args.part is not None:
            parser.error("--part goes with --executor array: Ray hands out all items itself")
    elif args.address is not None:
        parser.error("--address goes with --executor ray")
    elif workers is None:
        workers = args.default_workers
    if executor == "local" and args.part is not None:
        parser.error("--part goes with --executor array")
    part = _WHOLE
    try:
        if executor == "array":
            part = slurm_part(os.environ) if args.part is None else parse_part(args.part)
    except ValueError as error:
        parser.error(str(error))
    return Execution(executor, workers, part, args.address, args.retries, args.again)
