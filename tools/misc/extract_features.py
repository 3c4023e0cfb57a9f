"""Features of videos, per clip or per segment, of every stream of a config.

    python tools/misc/extract_features.py VIDEOS CONFIG CHECKPOINT --out features
    python tools/misc/extract_features.py VIDEOS CONFIG CHECKPOINT --out features --per segment

VIDEOS are files and folders, or addresses of these, such as s3://bucket/a.mp4; those of folders end
with a slash. features/ gets an .npz for each video, with an array for each stream,
and, once all are done, index.jsonl, a line for each: input, file, shapes, or what is wrong with it.
The same command goes on where it was stopped. With --part I/N or --executor ray many machines share
the work, see docs/cluster.md.

    python tools/misc/extract_features.py s3://bucket/videos/ CONFIG CHECKPOINT \
        --out s3://bucket/features --state features_state

writes all of it to what fsspec knows, but the manifest, which is in --state.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pickle import UnpicklingError

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
from mmengine.config import Config, DictAction

from mmcondense.apis.features import INDEX, PER, FeatureExtraction, file_names, index_of
from mmcondense.apis.inference_inputs import expand_inputs
from mmcondense_preparation import (
    Item,
    add_execution_arguments,
    add_state_argument,
    execution_of,
    prepare,
    results_of,
)
from mmcondense_preparation.places import as_place


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="VIDEOS", help="files and folders; or s3://..."
    )
    parser.add_argument("config", metavar="CONFIG")
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("--out", type=as_place, required=True, help="folder; or s3://...")
    add_state_argument(parser, of="--out")
    parser.add_argument("--per", choices=PER, default="clip", help="row (default %(default)s)")
    parser.add_argument("--window-seconds", type=float, help="windows of long videos")
    parser.add_argument("--stride-seconds", type=float, help="from begin to begin")
    parser.add_argument("--device", help="default: a GPU where there is one")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    add_execution_arguments(parser)
    args = parser.parse_args()
    args.execution = execution_of(parser, args)
    args.results = results_of(parser, args.out, args.state, of="--out")
    for path in (args.config, args.checkpoint):
        if "://" not in path and not os.path.isfile(path):
            parser.error(f"no file {path}")
    return args


def main() -> int:
    """0, or 1 if a video could not be read; those of the others are written all the same."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    extraction = FeatureExtraction(
        cfg,
        args.checkpoint,
        out=args.out,
        per=args.per,
        device=args.device,
        window_seconds=args.window_seconds,
        stride_seconds=args.stride_seconds,
        on_cluster=args.execution.executor == "ray",
    )
    execution = args.execution.of_torchrun()
    try:
        names = file_names(expand_inputs(args.inputs))
        extraction.begin()
        args.results.claim("features.json", extraction.made_with)
        items = [Item(video, video, data=name) for video, name in names.items()]
        outcome = prepare(
            extraction,
            items,
            out=args.results.state,
            execution=execution,
            title="features",
        )
        if outcome.is_complete:
            index = index_of(outcome.manifest, items)
            text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in index)
            args.results.write(INDEX, text.encode())
    except (OSError, ValueError) as error:  # UsageError is one of the latter
        print(f"error: {error}", file=sys.stderr)
        return 1
    except UnpicklingError:
        print(f"error: {args.checkpoint} is no checkpoint of weights alone", file=sys.stderr)
        return 1
    if not outcome.is_complete:
        print(f"{outcome.costs['files']:.0f} files; the part that ends last writes {INDEX}")
        errors = outcome.report(items, together=execution.together)
        for failure in errors:
            print(f"error: {failure}", file=sys.stderr)
        return int(bool(errors))
    files = sum("file" in line for line in index)
    there = files - round(outcome.costs["files"])
    print(f"{args.out}/{INDEX}: {files} files, {there} of them there before")
    broken = dict.fromkeys(line["error"] for line in index if "error" in line)
    for message in broken:
        print(f"error: {message}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
