"""What commands begin with, and how they end where that goes wrong: one line, and exit code 1."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def stop(message: str) -> int:
    """Say what is wrong; the exit code."""
    print(f"error: {message}", file=sys.stderr)
    return 1


def missing_file(args: argparse.Namespace) -> str:
    """What a config or a checkpoint that is not there is complained of by; else empty."""
    for name, path in (("config", args.config), ("checkpoint", args.checkpoint)):
        if "://" not in path and not os.path.isfile(path):
            return f"no {name} at {path}"
    return ""


def not_weights(checkpoint: str) -> str:
    """What is wrong with a checkpoint that torch refuses to unpickle."""
    return f"{checkpoint} is no checkpoint that torch loads with weights_only=True"


def import_plugin() -> None:
    """Import mmcondense without the warnings of what it imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mmcondense import apis  # noqa: F401


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings are a line on standard error, without the place in the code that they come from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(
            f"warning: {message}", file=sys.stderr
        )
        yield


def load_config(path: str, options: Sequence[str]) -> Any:
    """The config with ``key=value`` options merged into it.

    Raises:
        UsageError: If the file is no config, or one without a model.
    """
    from mmengine.config import Config, DictAction

    from mmcondense.apis.inference_inputs import UsageError

    if not path.endswith((".py", ".json", ".yaml", ".yml")):
        raise UsageError(f"{path} is no config; the order is INPUT CONFIG CHECKPOINT")
    cfg = Config.fromfile(path)
    if "model" not in cfg:
        raise UsageError(f"{path} has no model: it is only a part of a config")
    if options:
        parser = argparse.ArgumentParser()
        parser.add_argument("--cfg-options", nargs="+", action=DictAction)
        cfg.merge_from_dict(parser.parse_args(["--cfg-options", *options]).cfg_options)
    return cfg
