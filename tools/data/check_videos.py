"""Open every video of a folder, index it, read three frames; say what they are and which fail.

    python tools/data/check_videos.py data/hmdb51/videos --out data/hmdb51/check --workers 8

writes data/hmdb51/check/manifest.jsonl, a line for each sound video: codec, size, frame rate,
frames, key frames, the longest GOP, the share of B-frames, bytes, and whether its vectors can be
read; manifest.failed.jsonl, a line for each other, with what is wrong with it (exit code 1); and
all of it as a table, videos.csv. It prints the videos by codec and size. Call it again to go on
where it was cut; what was sound is not read again. With --part I/N or --executor ray many machines
share the work, see docs/cluster.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from compressedvideo import CompressedVideo, NoMotionVectorsError
from compressedvideo.container.folders import is_video
from mmcondense_preparation import (
    Item,
    Made,
    Outcome,
    Preparation,
    add_execution_arguments,
    execution_of,
    prepare,
)
from mmcondense_preparation.places import as_place, files_of
from mmcondense_preparation.settings import write_aside

_SHOWN = 10
COLUMNS = (
    *("codec", "width", "height", "fps", "frames", "keyframes", "longest_gop", "b_frames"),
    *("bytes", "vectors"),
)


class Checking(Preparation):
    """A video becomes a line of facts; one that cannot be read fails."""

    fetches = True
    items_per_call = 16  # of some hundredths of a second each

    def make(self, item: Item, path: Path | None, loaded: Any) -> Made:
        return Made(facts_of(item.source))


def facts_of(source: str) -> dict[str, Any]:
    """What is worth knowing of a video, once its first, middle and last frame were read.

    Returns:
        ``codec``; ``width`` and ``height``, pixels, as displayed; ``fps``; ``frames``;
        ``keyframes``, their number; ``longest_gop``, frames; ``b_frames``, the share of these;
        ``bytes`` of the file; ``vectors``: whether those of the middle and last frame can be read.

    Raises:
        CodecError: If it cannot be read.
    """
    with CompressedVideo(source) as video:
        count = video.num_frames
        frames = sorted({0, count // 2, count - 1})
        video.read(frames, modalities=("iframe", "rgb"))
        try:
            video.read(frames, modalities=("motion",))
            has_vectors = True
        except NoMotionVectorsError:
            has_vectors = False
        begins = [*video.keyframes.tolist(), count]
        return dict(
            codec=video.codec,
            width=video.width,
            height=video.height,
            fps=round(video.fps, 3),
            frames=count,
            keyframes=len(begins) - 1,
            longest_gop=max(end - begin for begin, end in pairwise(begins)),
            b_frames=round(video.frame_types.count("B") / count, 3),
            bytes=os.stat(source).st_size,
            vectors=has_vectors,
        )


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "video_root", type=as_place, help="folder of videos, searched recursively; or s3://..."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    add_execution_arguments(parser, workers=os.cpu_count() or 1)
    args = parser.parse_args()
    args.execution = execution_of(parser, args)
    if isinstance(args.video_root, Path) and not args.video_root.is_dir():
        parser.error(f"no folder {args.video_root}")
    return args


def by_kind(records: Iterable[dict[str, Any]]) -> Table:
    """Videos by codec and size, the most frequent first."""
    kinds: dict[tuple, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        kinds[record["codec"], record["width"], record["height"]].append(record)
    table = Table()
    for name in ("codec", "size", "videos", "frames", "longest GOP", "B-frames", "MB", "vectors"):
        table.add_column(name, justify="left" if name in ("codec", "size") else "right")
    for (codec, width, height), videos in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
        gop = statistics.median(video["longest_gop"] for video in videos)
        share = statistics.mean(video["b_frames"] for video in videos)
        table.add_row(
            *(codec, f"{width}x{height}", str(len(videos))),
            str(sum(video["frames"] for video in videos)),
            *(f"{gop:.0f}", f"{100 * share:.0f} %"),
            f"{sum(video['bytes'] for video in videos) / 1e6:.1f}",
            f"{100 * sum(video['vectors'] for video in videos) / len(videos):.0f} %",
        )
    return table


def as_csv(outcome: Outcome, items: list[Item]) -> str:
    """The sound videos, then the others with what is wrong with them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ("item", *COLUMNS, "fault"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(outcome.manifest.records(items))
    for failure in outcome.manifest.failures(items):
        writer.writerow(dict(item=failure["item"], fault=failure["error"]))
    return text.getvalue()


def main() -> int:
    args = parse_args()
    try:
        items = [
            Item(name, video) for name, video in files_of(args.video_root) if is_video(Path(name))
        ]
        if not items:
            raise ValueError(f"no videos below {args.video_root}")
        outcome = prepare(Checking(), items, out=args.out, execution=args.execution, title="check")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if outcome.is_complete:
        Console().print(by_kind(outcome.manifest.records(items)))
        write_aside(args.out / "videos.csv", as_csv(outcome, items).encode())
        errors = outcome.report(items, together=True)  # all parts'
        sound = len(items) - len(errors)
    else:
        errors, sound = outcome.errors, outcome.made + outcome.there
    print(f"{sound} videos are sound, {len(errors)} are not")
    for fault in errors[:_SHOWN]:
        print(f"failed: {fault}")
    if len(errors) > _SHOWN:
        print(f"and {len(errors) - _SHOWN} more: {outcome.manifest.failed_path}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
