"""``mmcondense COMMAND``, or ``python -m mmcondense_cli COMMAND``: each command is a module."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "predict": "what happens in a video, or in a folder of them, as a trained model sees it",
    "live": "what happens in a live stream or before a camera, as it comes",
    "motion": "what moves in a video, by its motion vectors: without any network",
    "train": "a model of your own videos, from a folder of classes, and a page on how good it is",
    "export": "a trained model as a file that runs without PyTorch: ONNX, OpenVINO, TorchScript",
    "doctor": "what is installed, what can be read, what is missing and how to get it",
}


def usage() -> str:
    lines = [f"  {name:9} {what}" for name, what in COMMANDS.items()]
    return "\n".join(["usage: mmcondense COMMAND ...", "", *lines, "", "Each has --help."])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(usage())
        return 0 if given else 2
    if given[0] not in COMMANDS:
        print(f"error: no command {given[0]!r}\n\n{usage()}", file=sys.stderr)
        return 2
    command = import_module(f"mmcondense_cli.{given[0]}")  # only what it needs
    try:
        return command.main(given[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
