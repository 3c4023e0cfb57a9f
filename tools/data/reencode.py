"""Re-encode a folder of videos, or one, to one codec with a fixed GOP, keeping the folder's tree.

    python tools/data/reencode.py data/hmdb51/videos data/hmdb51/mpeg4 --size 340x256 --workers 8

makes data/hmdb51/mpeg4/brush_hair/a.mp4 of data/hmdb51/videos/brush_hair/a.avi: MPEG-4 part 2, a
key frame every 12 frames, no B-frames, no audio, upright. Folders behind symbolic links are
searched too. A file appears once it is complete, so call it again to go on where it was cut. At the
end videos that cannot be read are listed (exit code 1), and files not taken for videos counted.
DST/manifest.jsonl has a line for each video. With --part I/N or --executor ray many machines share
the work, see docs/cluster.md.

    python tools/data/reencode.py a.avi b.mp4 --codec hevc

makes one video of another; if the second name is that of a folder, a.mp4 in it.

    python tools/data/reencode.py s3://bucket/videos s3://bucket/mpeg4 --state data/mpeg4_state

reads and writes what fsspec knows; the manifest is in --state.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from compressedvideo import CompressedVideo
from compressedvideo.container.folders import is_video
from compressedvideo.errors import CodecError
from compressedvideo.writing.encode import ENCODERS, check_encoder, check_fps, check_size
from compressedvideo.writing.reencode import reencode
from mmcondense_preparation import (
    Item,
    Preparation,
    add_execution_arguments,
    add_state_argument,
    execution_of,
    prepare,
    results_of,
)
from mmcondense_preparation.places import Place, as_place, files_of, is_address

_RECORD = "reencode.json"


class Reencoding(Preparation):
    """A video becomes another.

    Args:
        settings: Of :func:`compressedvideo.writing.reencode.reencode`, or ``short_edge`` in the
            place of ``size``.
        store: Address to send videos to.
    """

    fetches = True
    items_per_call = 4

    def __init__(self, settings: dict[str, Any], *, store: str | None = None) -> None:
        self.settings, self.store = dict(settings), store
        self.short_edge = self.settings.pop("short_edge", None)

    def make(self, item: Item, path: Path | None, loaded: Any) -> None:
        assert path is not None
        settings = dict(self.settings)
        if self.short_edge is not None:
            with CompressedVideo(item.source) as video:
                settings["size"] = in_proportion(video.width, video.height, self.short_edge)
        reencode(item.source, path, **settings)


def find_videos(src_dir: Place, dst_dir: Place, *, suffix: str) -> tuple[list[Item], Counter[str]]:
    """Each video below ``src_dir`` with the file it becomes; how many others have which suffix.

    Raises:
        ValueError: if two videos differ only in their suffix and would become the same file.
    """
    sources: dict[str, str] = {}
    items: list[Item] = []
    others: Counter[str] = Counter()
    own = dst_dir.resolve() if isinstance(dst_dir, Path) else None
    for name, src in files_of(src_dir):
        if own in Path(src).resolve().parents:
            continue
        path = PurePosixPath(name)
        if not is_video(Path(name)):
            others[path.suffix or path.name] += 1
            continue
        target = path.with_suffix(suffix).as_posix()
        if target in sources:
            raise ValueError(f"{sources[target]} and {src} would both become {dst_dir}/{target}")
        sources[target] = src
        items.append(Item(name, src, target))
    return items, others


def rewrite_annotations(text: str, *, suffix: str) -> str:
    """`path label` lines with the suffix that the videos have now."""
    return re.sub(
        r"\.\w+(?=\s)", lambda found: suffix if is_video(Path(f"a{found[0]}")) else found[0], text
    )


def parse_size(text: str) -> tuple[int, int]:
    """`340x256` as (340, 256)."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, for instance 340x256")
    return int(match[1]), int(match[2])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "src", type=as_place, help="folder of videos, searched recursively, or a video; or s3://..."
    )
    add("dst", type=as_place, help="folder to write to; of a video, the file, too; or s3://...")
    add_state_argument(parser, of="DST")
    add("--codec", choices=sorted(ENCODERS), default="mpeg4", help="default: %(default)s")
    add("--gop-size", type=int, default=12, help="frames from key frame to key frame (%(default)s)")
    add("--b-frames", type=int, default=0, help="B-frames between two anchors (%(default)s)")
    add(
        "--size",
        type=parse_size,
        help="WIDTHxHEIGHT (CoViAR: 340x256); default: unchanged",
    )
    add(
        "--short-edge",
        type=int,
        help="pixels of the shorter side, the other in proportion, in the place of --size",
    )
    add(
        "--quality",
        type=int,
        help="1 (best) to 31, default 2, CoViAR used 1; crf of h264, hevc 0 to 51, of vp9 0 to 63",
    )
    add("--fps", type=float, help="resample in time; default: each frame once, at the average rate")
    add("--ext", default=".mp4", help="suffix, which decides the container (%(default)s)")
    add(
        "--ann-file",
        type=Path,
        nargs="+",
        default=[],
        help="annotation lists to copy into DST with the new suffix",
    )
    add_execution_arguments(parser, workers=os.cpu_count() or 1)
    args = parser.parse_args()
    args.execution = execution_of(parser, args)
    args.is_one = not is_address(args.src) and args.src.is_file()
    if not is_address(args.src) and not args.src.exists():
        parser.error(f"no folder or file {args.src}")
    if args.src == args.dst or Path(args.src).resolve() == Path(args.dst).resolve():
        parser.error(f"{args.src} is source and destination")
    if args.ann_file and args.is_one:
        parser.error("--ann-file goes with a folder")
    args.results = results_of(parser, args.dst, args.state, of="DST")
    if args.is_one and args.results.store is not None:
        parser.error("a DST such as s3://... goes with a folder of videos")
    if args.short_edge is not None and (args.size is not None or args.short_edge < 16):
        parser.error("--short-edge is at least 16, and excludes --size")
    args.ext = f".{args.ext.lstrip('.')}"
    try:
        check_encoder(
            args.codec, gop_size=args.gop_size, b_frames=args.b_frames, quality=args.quality
        )
        if args.size is not None:
            check_size(args.size[0], args.size[1], args.codec)
        if args.fps is not None:
            check_fps(args.fps, args.codec)
    except ValueError as error:
        parser.error(str(error))
    return args


def main() -> int:
    args = parse_args()
    keys = ("codec", "gop_size", "b_frames", "quality", "fps", "size")
    settings = {key: getattr(args, key) for key in keys}
    if args.short_edge is not None:
        settings["short_edge"] = args.short_edge
    try:
        if args.is_one:
            return _one(args.src, _place(args.src, args.dst, suffix=args.ext), settings)
        return _folder(args, settings)
    except (CodecError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _one(src: Path, dst: Path, settings: dict[str, Any]) -> int:
    dst.parent.mkdir(parents=True, exist_ok=True)
    Reencoding(settings).make(Item(src.name, str(src)), dst, None)
    print(f"{dst}: re-encoded")
    return 0


def _folder(args: argparse.Namespace, settings: dict[str, Any]) -> int:
    """0, or 1 if a video could not be re-encoded."""
    videos, others = find_videos(args.src, args.dst, suffix=args.ext)
    if not videos:
        raise ValueError(f"no videos below {args.src}{_count(others)}")
    args.results.claim(_RECORD, {**settings, "ext": args.ext})
    for ann_file in args.ann_file:
        text = rewrite_annotations(ann_file.read_text(), suffix=args.ext)
        args.results.write(ann_file.name, text.encode())
    outcome = prepare(
        Reencoding(settings, store=args.results.store),
        videos,
        out=args.results.state,
        execution=args.execution,
        title="re-encode",
    )
    print(
        f"{outcome.made} re-encoded, {outcome.there} were there, {len(outcome.errors)} failed"
        f"{_count(others)}"
    )
    for error in outcome.errors:
        print(f"failed: {error}")
    return 1 if outcome.errors else 0


def _place(src: Path, dst: Path, *, suffix: str) -> Path:
    """Where one video goes.

    Raises:
        ValueError: if there is a file already, which may have been made with other settings.
    """
    if dst.is_dir() or not is_video(dst):
        dst = dst / src.with_suffix(suffix).name
    if dst.exists():
        raise ValueError(f"{dst} exists: remove it, or choose another name")
    return dst


def _count(others: Counter[str]) -> str:
    """What was not taken for a video, by suffix."""
    if not others:
        return ""
    return "; not videos by their suffix: " + ", ".join(
        f"{number} {suffix}" for suffix, number in sorted(others.items())
    )


def in_proportion(width: int, height: int, short_edge: int) -> tuple[int, int]:
    """Width and height, even, with this short edge."""
    scale = short_edge / min(width, height)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2


if __name__ == "__main__":
    sys.exit(main())
