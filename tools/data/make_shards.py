"""Pack the videos of annotation files into a few large tar archives, for large sets.

    python tools/data/make_shards.py data/synthetic/motion/train.txt data/synthetic/motion/val.txt \
        --out data/synthetic/motion_shards --shard-size 512

makes data/synthetic/motion_shards/{motion-000000.tar, motion-000000.tar.index, ..., train.txt,
val.txt}; the new lists name motion-000000.tar/videos/train_00000.mp4. Train on them with

    data_root=data/synthetic/motion_shards backend_args=dict(backend='shards')

in the data sets. A video that several lists name is packed once. Archives are not compressed, and
their order is that of the lists, so equal input gives equal archives. An archive appears once it is
complete: call it again to go on where it was cut. OUT/NAME.jsonl has a line for each archive. With
--part I/N or --executor ray many machines share the work, see docs/cluster.md; the lists come last.

    python tools/data/make_shards.py data/k400/train.txt --video-root s3://bucket/k400 \
        --out s3://bucket/k400_shards --state data/k400_shards_state

reads and writes what fsspec knows; OUT/NAME.jsonl is in --state.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmcondense.datasets.shards import INDEX, index_path, scan_archive, write_index
from mmcondense_preparation import (
    Item,
    Preparation,
    add_execution_arguments,
    add_state_argument,
    execution_of,
    prepare,
    results_of,
)
from mmcondense_preparation.places import Place, as_place, fetch, sizes_below

_MEGABYTE = 10**6
_SHOWN = 10


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "annotations", nargs="+", type=Path, metavar="ANNOTATION", help="lists, `path label` a line"
    )
    add("--out", type=as_place, required=True, help="folder to write to; or s3://...")
    add_state_argument(parser, of="--out")
    add(
        "--video-root",
        type=as_place,
        metavar="DIR",
        help="folder that the paths in the lists start from (default: the first list's); or "
        "s3://...",
    )
    add("--name", help="of the archives: NAME-000000.tar (default: the first list's folder)")
    add(
        "--shard-size",
        type=float,
        default=512,
        metavar="MB",
        help="of an archive, in millions of bytes; a larger video gets its own (%(default)s)",
    )
    add("--delimiter", default=" ", help="between path and label (default: a space)")
    add_execution_arguments(parser, workers=0, workers_help="processes; 0: in this one")
    args = parser.parse_args(argv)
    args.execution = execution_of(parser, args)
    args.results = results_of(parser, args.out, args.state, of="--out")
    for path in args.annotations:
        if not path.is_file():
            parser.error(f"{path}: no such file")
    names = [path.name for path in args.annotations]
    if len(set(names)) < len(names):
        parser.error(f"two lists of one name would overwrite each other: {names}")
    folder = args.annotations[0].resolve().parent
    if args.results.store is None and args.out.resolve() == folder:
        parser.error(f"--out {args.out}: holds the lists themselves")
    if not args.shard_size > 0:
        parser.error(f"--shard-size {args.shard_size}: must be positive")
    args.video_root = args.video_root or folder
    args.name = args.name or folder.name
    return args


def video_of(line: str, *, delimiter: str) -> str:
    """The path in a line of an annotation file, read as MMAction2 does."""
    return line.strip().split(delimiter)[0]


def measure(videos: Iterable[str], root: Place) -> dict[str, int]:
    """Sizes of the videos, each once, in bytes.

    Raises:
        ValueError: If some do not exist, or could not be found again in an archive; or as
            :func:`sizes_below`.
    """
    there = sizes_below(root) if isinstance(root, str) else {}
    sizes, missing = {}, []
    for video in dict.fromkeys(videos):
        if os.path.isabs(video) or ".." in Path(video).parts or video != os.path.normpath(video):
            raise ValueError(f"{video!r} is no plain relative path, as an archive needs it")
        try:
            sizes[video] = (root / video).stat().st_size if isinstance(root, Path) else there[video]
        except (FileNotFoundError, KeyError):
            missing.append(video)
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise ValueError(
            f"{len(missing)} of {len(sizes) + len(missing)} videos are not below {root}: "
            f"{', '.join(missing[:_SHOWN])}{more}. Set --video-root, or take them off the lists"
        )
    return sizes


def plan_shards(sizes: dict[str, int], *, name: str, shard_bytes: float) -> dict[str, list[str]]:
    """File names of archives, and the videos in each, in order; all but large videos fit."""
    shards: list[list[str]] = []
    room = 0.0
    for video, size in sizes.items():
        if size > room or not shards:
            shards.append([])
            room = shard_bytes
        shards[-1].append(video)
        room -= size
    return {f"{name}-{number:06d}.tar": videos for number, videos in enumerate(shards)}


def describe_plan(shards: dict[str, list[str]], sizes: dict[str, int]) -> dict[str, Any]:
    """What tells a plan from others: archives of two must not be mixed."""
    plan = [[name, [[video, sizes[video]] for video in shards[name]]] for name in shards]
    digest = hashlib.sha256(json.dumps(plan).encode("utf-8", "surrogateescape")).hexdigest()
    return dict(archives=len(shards), videos=len(sizes), sha256=digest)


class Packing(Preparation):
    """Videos become an archive, with its index beside it.

    Args:
        root: Folder that the videos' names start from, or its address.
        store: Address to send archives to.
    """

    rechecks = True  # the index beside it
    beside = (INDEX,)

    def __init__(self, root: Place, *, store: str | None = None) -> None:
        self.root, self.store = root, store

    def make(self, item: Item, path: Path | None, loaded: Any) -> None:
        """Owners and times of the files are left out."""
        assert path is not None
        index_path(path).unlink(missing_ok=True)  # of an attempt before
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for video in item.data:
                info = tarfile.TarInfo(video)
                with open(self._local(video, path), "rb") as file:
                    info.size = os.fstat(file.fileno()).st_size
                    tar.addfile(info, file)

    def _local(self, video: str, path: Path) -> Path:
        """A file of the video, which is fetched into one beside ``path`` if need be."""
        if isinstance(self.root, Path):
            return self.root / video
        fetched = path.with_name("video")
        fetch(f"{self.root}/{video}", fetched)
        return fetched

    def is_whole(self, item: Item, target: Path) -> bool:
        """Whether it has these videos: a folder may hold archives of a plan without a record."""
        index = index_path(target)
        try:
            if not index.exists():
                write_index(target, scan_archive(target))
            if list(json.loads(index.read_bytes())["members"]) == item.data:
                return True
        except (KeyError, TypeError, ValueError):  # what a damaged archive or index raises
            pass
        index.unlink(missing_ok=True)
        return False


def rewrite(text: str, places: dict[str, str], *, delimiter: str) -> str:
    """An annotation file whose videos lie in archives."""
    lines = []
    for line in text.splitlines():
        if line.strip():
            video = video_of(line, delimiter=delimiter)
            lines.append(f"{places[video]}/{line.strip()}\n")
    return "".join(lines)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    texts = {path.name: path.read_text(encoding="utf-8") for path in args.annotations}
    try:
        videos = [
            video_of(line, delimiter=args.delimiter)
            for text in texts.values()
            for line in text.splitlines()
            if line.strip()
        ]
        sizes = measure(videos, args.video_root)
        shards = plan_shards(sizes, name=args.name, shard_bytes=args.shard_size * _MEGABYTE)
        args.results.claim(f"{args.name}.shards.json", describe_plan(shards, sizes))
        items = [Item(name, name, name, packed) for name, packed in shards.items()]
        outcome = prepare(
            Packing(args.video_root, store=args.results.store),
            items,
            out=args.results.state,
            execution=args.execution,
            title="pack",
            name=args.name,
        )
        if outcome.errors:
            raise ValueError("\n".join(outcome.errors))
        if not outcome.is_complete:
            print(f"{outcome.made} archives packed; the part that ends last writes the lists")
            return 0
        places = {video: archive for archive, packed in shards.items() for video in packed}
        for name, text in texts.items():
            listed = rewrite(text, places, delimiter=args.delimiter)
            args.results.write(name, listed.encode())
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(
        f"{len(sizes)} videos in {len(shards)} archives, of which {len(shards) - outcome.made} "
        "were there; lists: " + ", ".join(f"{args.out}/{name}" for name in texts)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
