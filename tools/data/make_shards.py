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
"""

from __future__ import annotations

import argparse
import os
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmcondense.datasets.shards import index_path, scan_archive, write_index
from mmcondense_preparation import (
    Item,
    Preparation,
    add_execution_arguments,
    execution_of,
    prepare,
)
from mmcondense_preparation.settings import write_aside

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
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add(
        "--video-root",
        type=Path,
        help="folder that the paths in the lists start from (default: the first list's)",
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
    for path in args.annotations:
        if not path.is_file():
            parser.error(f"{path}: no such file")
    names = [path.name for path in args.annotations]
    if len(set(names)) < len(names):
        parser.error(f"two lists of one name would overwrite each other: {names}")
    folder = args.annotations[0].resolve().parent
    if args.out.resolve() == folder:
        parser.error(f"--out {args.out}: holds the lists themselves")
    if not args.shard_size > 0:
        parser.error(f"--shard-size {args.shard_size}: must be positive")
    args.video_root = args.video_root or folder
    args.name = args.name or folder.name
    return args


def video_of(line: str, *, delimiter: str) -> str:
    """The path in a line of an annotation file, read as MMAction2 does."""
    return line.strip().split(delimiter)[0]


def measure(videos: Iterable[str], root: Path) -> dict[str, int]:
    """Sizes of the videos, each once, in bytes.

    Raises:
        ValueError: If some do not exist, or could not be found again in an archive.
    """
    sizes, missing = {}, []
    for video in dict.fromkeys(videos):
        if os.path.isabs(video) or ".." in Path(video).parts or video != os.path.normpath(video):
            raise ValueError(f"{video!r} is no plain relative path, as an archive needs it")
        try:
            sizes[video] = (root / video).stat().st_size
        except FileNotFoundError:
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


def check_begun(out: Path, shards: dict[str, list[str]], sizes: dict[str, int], name: str) -> None:
    """See that what is already there is part of the same plan.

    Raises:
        ValueError: If it is not.
    """
    for archive in sorted(out.glob(f"{name}-*.tar")):
        wanted = {video: sizes[video] for video in shards.get(archive.name, [])}
        try:
            found = {video: size for video, (_, size) in scan_archive(archive).items()}
        except ValueError as error:
            raise ValueError(f"{archive} {error}: remove it") from error
        if found != wanted:
            raise ValueError(
                f"{archive} holds other videos than asked for now: choose another folder, or "
                "remove the archives"
            )


class Packing(Preparation):
    """Videos become an archive, with its index beside it.

    Args:
        root: Folder that the videos' names start from.
    """

    rechecks = True  # the index beside it

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self, item: Item, path: Path | None, loaded: Any) -> None:
        """Owners and times of the files are left out."""
        assert path is not None
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for video in item.data:
                info = tarfile.TarInfo(video)
                with open(self.root / video, "rb") as file:
                    info.size = os.fstat(file.fileno()).st_size
                    tar.addfile(info, file)

    def is_whole(self, item: Item, target: Path) -> bool:
        if not index_path(target).exists():
            write_index(target, scan_archive(target))
        return True


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
        check_begun(args.out, shards, sizes, args.name)
        items = [Item(name, name, name, packed) for name, packed in shards.items()]
        outcome = prepare(
            Packing(args.video_root),
            items,
            out=args.out,
            execution=args.execution,
            title="pack",
            name=args.name,
        )
        if outcome.errors:
            raise ValueError("\n".join(outcome.errors))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not outcome.is_complete:
        print(f"{outcome.made} archives packed; the part that ends last writes the lists")
        return 0
    places = {video: archive for archive, packed in shards.items() for video in packed}
    for name, text in texts.items():
        write_aside(args.out / name, rewrite(text, places, delimiter=args.delimiter).encode())
    print(
        f"{len(sizes)} videos in {len(shards)} archives, of which {len(shards) - outcome.made} "
        "were there; lists: " + ", ".join(str(args.out / name) for name in texts)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
