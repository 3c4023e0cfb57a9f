"""Features of videos, per clip or per segment, of every stream of a config.

    python tools/misc/extract_features.py VIDEOS CONFIG CHECKPOINT --out features
    python tools/misc/extract_features.py VIDEOS CONFIG CHECKPOINT --out features --per segment

VIDEOS are files and folders. features/ gets an .npz for each video, with an array for each stream,
and index.jsonl, a line for each: input, file, shapes, or what is wrong with it. The same command
goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from pickle import UnpicklingError

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
from mmengine.config import Config, DictAction
from rich.console import Console
from rich.progress import track

from mmcondense.apis.features import INDEX, PER, FeatureExtractor
from mmcondense.apis.inference_inputs import UsageError, expand_inputs
from mmcondense.apis.inferencer import CompressedActionInferencer


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", nargs="+", metavar="VIDEOS", help="files and folders")
    parser.add_argument("config", metavar="CONFIG")
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    parser.add_argument("--per", choices=PER, default="clip", help="row (default %(default)s)")
    parser.add_argument("--window-seconds", type=float, help="windows of long videos")
    parser.add_argument("--stride-seconds", type=float, help="from begin to begin")
    parser.add_argument("--device", help="default: a GPU where there is one")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    args = parser.parse_args()
    for path in (args.config, args.checkpoint):
        if "://" not in path and not os.path.isfile(path):
            parser.error(f"no file {path}")
    return args


def main() -> int:
    """0, or 1 if a video could not be read; those of the others are written all the same."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    num_written, num_resumed = 0, 0
    broken: dict[str, str] = {}
    try:
        videos = expand_inputs(args.inputs)
        inferencer = CompressedActionInferencer(cfg, args.checkpoint, device=args.device)
        lines = FeatureExtractor(inferencer, per=args.per).write(
            videos,
            args.out,
            window_seconds=args.window_seconds,
            stride_seconds=args.stride_seconds,
        )
        total = None if args.window_seconds else len(videos)
        console = Console(stderr=True)
        for line in track(lines, "features", total=total, console=console, transient=True):
            if "error" in line:
                broken[line["input"]] = line["error"]
            else:
                num_written += 1
                num_resumed += bool(line.get("resumed"))
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except UnpicklingError:
        print(f"error: {args.checkpoint} is no checkpoint of weights alone", file=sys.stderr)
        return 1
    print(f"{args.out / INDEX}: {num_written} files, {num_resumed} of them there before")
    for message in broken.values():
        print(f"error: {message}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
