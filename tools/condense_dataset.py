"""Condense a data set once: a JPEG per clip, which any stock MMAction2 config trains on.

    python tools/condense_dataset.py CONFIG CHECKPOINT --out data/ucf101/ifs
    torchrun --nproc_per_node 4 tools/condense_dataset.py CONFIG CHECKPOINT --out data/ucf101/ifs
    python tools/condense_dataset.py CONFIG CHECKPOINT --out data/ucf101/ifs --executor ray

writes OUT/frames/VIDEO/img_00001.jpg, ..., one for each clip of each video of the annotation file,
and OUT/train.txt (with --split val OUT/val.txt), an annotation file for RawframeDataset with
data_prefix=dict(img='OUT/frames'); for UCF101 and HMDB51 OUT/train_split_1.txt and so on. The
config says how clips are read in condense_pipeline. A video's folder appears once it is complete,
so call the tool again to go on where it was cut, on any number of processes or machines (each
process of torchrun, and each --part I/N, makes its part, and the last to end writes the annotation
file; see docs/cluster.md). OUT/train.jsonl has a line for each video. Videos that cannot be read
are listed at the end and left out (exit code 1). CHECKPOINT is `none` for condensers that
learn nothing; it may be of other tasks or classes, only what condenses is loaded.

    python tools/condense_dataset.py CONFIG CHECKPOINT --out s3://bucket/ifs --state data/ifs_state

writes all of it to what fsspec knows, but OUT/train.jsonl, which is in --state.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import torch
from mmaction.datasets import VideoDataset
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope

from mmcondense.apis.condensing import SUBSAMPLING, Condensing, condenser_cfg
from mmcondense_preparation import (
    Item,
    Outcome,
    add_execution_arguments,
    add_state_argument,
    execution_of,
    prepare,
    results_of,
)
from mmcondense_preparation.parts import Part
from mmcondense_preparation.places import as_place

_RECORD = "condense.json"


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="config of a CondenserModel or a CondenseRecognizer")
    parser.add_argument("checkpoint", help="its weights; none: the condenser has no parameters")
    parser.add_argument(
        "--out", type=as_place, required=True, help="folder to write to; or s3://..."
    )
    add_state_argument(parser, of="--out")
    parser.add_argument("--split", choices=["train", "val", "test"], default="train")
    parser.add_argument("--quality", type=int, default=95, help="of the JPEGs (%(default)s)")
    parser.add_argument(
        "--subsampling",
        choices=list(SUBSAMPLING),
        default="444",
        help="of the JPEGs' colours: 420 halves their resolution, as most JPEGs do, and with it "
        "what colours of neighbouring pixels can carry (%(default)s)",
    )
    parser.add_argument(
        "--batch-size", type=int, default=32, help="clips condensed at once (%(default)s)"
    )
    parser.add_argument("--num-workers", type=int, default=2, help="per process (%(default)s)")
    parser.add_argument(
        "--untrained", action="store_true", help="random weights, seed 0: CHECKPOINT is none"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    add_execution_arguments(parser)
    args = parser.parse_args(arguments)
    args.execution = execution_of(parser, args)
    args.results = results_of(parser, args.out, args.state, of="--out")
    if args.checkpoint != "none" and not Path(args.checkpoint).is_file():
        parser.error(f"no checkpoint at {args.checkpoint}")
    if args.untrained and args.checkpoint != "none":
        parser.error("--untrained and a checkpoint exclude each other")
    if not 1 <= args.quality <= 100 or args.batch_size < 1:
        parser.error("--quality is from 1 to 100, --batch-size at least 1")
    return args


def folder_names(dataset: VideoDataset) -> list[str]:
    """A folder for each video, named as in the annotation file, without the suffix.

    Raises:
        ValueError: if two videos would share one.
    """
    root = dataset.data_prefix.get("video", "")
    names: list[str] = []
    for index in range(len(dataset)):
        path = dataset.get_data_info(index)["filename"]
        names.append(Path(os.path.relpath(path, root or ".")).with_suffix("").as_posix())
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"several videos would be condensed to the same folder: {twice[:5]}")
    if any(name.startswith("..") for name in names):
        raise ValueError(f"videos lie outside data_prefix.video={root!r}")
    return names


def settings_of(cfg: Config, args: argparse.Namespace) -> dict:
    """What decides the pictures' bytes."""
    weights = "untrained" if args.untrained else "none"
    if args.checkpoint != "none":
        weights = hashlib.sha256(Path(args.checkpoint).read_bytes()).hexdigest()
    return dict(
        condenser=condenser_cfg(cfg),
        pipeline=cfg.condense_pipeline,
        data_preprocessor=cfg.model.get("data_preprocessor"),
        weights_sha256=weights,
        quality=args.quality,
        subsampling=args.subsampling,
        batch_size=args.batch_size,  # sums of convolutions may depend on it
    )


def annotation(dataset: VideoDataset, items: Sequence[Item], outcome: Outcome) -> str:
    """`folder number_of_images label` lines of the videos that were condensed."""
    indices = {item.key: item.data for item in items}
    lines = []
    for record in outcome.manifest.records(items):
        label = dataset.get_data_info(indices[record["item"]])["label"]
        labels = [label] if isinstance(label, int) else label
        lines.append(f"{record['item']} {record['files']} {' '.join(map(str, labels))}\n")
    return "".join(lines)


def list_name(cfg: Config, part: str) -> str:
    """Of the annotation file: train.txt, or train_split_2.txt where the videos come in splits."""
    return f"{part}_split_{cfg.split}.txt" if "split" in cfg else f"{part}.txt"


def describe(outcome: Outcome, part: Part) -> str:
    costs, seconds = outcome.costs, max(outcome.seconds, 1e-9)
    parts = [costs[f"seconds_{name}"] for name in ("loader", "network", "writing")]
    shares = [f"{100 * part / max(sum(parts), 1e-9):.0f} %" for part in parts]
    size = costs["bytes_videos"]  # of those on a disk
    videos = f" and {size / 2**20:.2f} MiB of videos" if size else ""
    return (
        f"{outcome.made} videos condensed to {costs['images']:.0f} images in {seconds:.1f} s: "
        f"{costs['images'] / seconds:.1f} images/s, part {part}; "
        f"waiting for the loader {shares[0]}, network {shares[1]}, writing {shares[2]}\n"
        f"{outcome.bytes_made / 2**20:.2f} MiB of JPEGs in place of "
        f"{costs['bytes_frames'] / 2**20:.2f} MiB for the clips' frames as JPEGs (estimated from "
        f"their first){videos}; {len(outcome.errors)} failed"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    execution = args.execution.of_torchrun()
    if args.device == "cuda" and "LOCAL_RANK" in os.environ:
        args.device = f"cuda:{os.environ['LOCAL_RANK']}"
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    condensing = Condensing(
        cfg,
        checkpoint=args.checkpoint,
        untrained=args.untrained,
        split=args.split,
        device=args.device,
        quality=args.quality,
        subsampling=args.subsampling,
        batch_size=args.batch_size,
        num_loaders=args.num_workers,
        on_cluster=args.execution.executor == "ray",
        store=args.results.store,
    )
    try:
        dataset = condensing.dataset
        condensing.begin()
        items = [
            Item(name, dataset.get_data_info(index)["filename"], f"frames/{name}", index)
            for index, name in enumerate(folder_names(dataset))
        ]
        args.results.claim(_RECORD, settings_of(cfg, args))
        outcome = prepare(
            condensing,
            items,
            out=args.results.state,
            execution=execution,
            title="condense",
            name=Path(list_name(cfg, args.split)).stem,
        )
        if outcome.is_complete:
            text = annotation(dataset, items, outcome)
            args.results.write(list_name(cfg, args.split), text.encode())
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(describe(outcome, execution.part))
    errors = outcome.report(items, together=execution.together)
    for failure in errors:
        print(f"left out: {failure}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
