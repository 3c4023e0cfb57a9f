"""Re-encode a folder of videos, or one, to one codec with a fixed GOP, keeping the folder's tree.

    python tools/data/reencode.py data/hmdb51/videos data/hmdb51/mpeg4 --size 340x256 --workers 8

makes data/hmdb51/mpeg4/brush_hair/a.mp4 of data/hmdb51/videos/brush_hair/a.avi: MPEG-4 part 2, a
key frame every 12 frames, no B-frames, no audio, upright. Folders behind symbolic links are
searched too. A file appears once it is complete, so call it again to go on where it was cut. At the
end videos that cannot be read are listed (exit code 1), and files not taken for videos counted.

    python tools/data/reencode.py a.avi b.mp4 --codec hevc

makes one video of another; if the second name is that of a folder, a.mp4 in it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from concurrent.futures import as_completed
from pathlib import Path

from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from compressedvideo import CompressedVideo
from compressedvideo.container.folders import files_below, is_video
from compressedvideo.errors import CodecError
from compressedvideo.writing.encode import ENCODERS, check_encoder, check_fps, check_size
from compressedvideo.writing.reencode import reencode
from compressedvideo.writing.workers import worker_pool

_RECORD = "reencode.json"


def find_videos(
    src_dir: Path, dst_dir: Path, *, suffix: str
) -> tuple[dict[Path, Path], Counter[str]]:
    """Each video below ``src_dir`` with the file it becomes; how many others have which suffix.

    Raises:
        ValueError: if two videos differ only in their suffix and would become the same file.
    """
    sources: dict[Path, Path] = {}
    others: Counter[str] = Counter()
    own = dst_dir.resolve()
    for src in files_below(src_dir):
        if own in src.resolve().parents:
            continue
        if not is_video(src):
            others[src.suffix or src.name] += 1
            continue
        dst = dst_dir / src.relative_to(src_dir).with_suffix(suffix)
        if dst in sources:
            raise ValueError(f"{sources[dst]} and {src} would both become {dst}")
        sources[dst] = src
    return {src: dst for dst, src in sources.items()}, others


def claim_folder(dst_dir: Path, settings: dict) -> None:
    """Record the settings in ``dst_dir`` before the first video.

    Raises:
        ValueError: if the folder was begun with other settings.
    """
    dst_dir.mkdir(parents=True, exist_ok=True)
    record = dst_dir / _RECORD
    if record.exists():
        found = json.loads(record.read_text())
        if found != json.loads(json.dumps(settings)):
            raise ValueError(
                f"{dst_dir} was begun with {found}, asked for {settings}: choose another folder"
            )
        return
    part = record.with_name(f"{_RECORD}.part")
    part.write_text(json.dumps(settings, indent=2) + "\n")
    os.replace(part, record)


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
    add("src", type=Path, help="folder of videos, searched recursively, or a video")
    add("dst", type=Path, help="folder to write to; of a video, the file, too")
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
    add("--workers", type=int, default=os.cpu_count(), help="processes (%(default)s)")
    args = parser.parse_args()
    if not args.src.exists():
        parser.error(f"no folder or file {args.src}")
    if args.src.resolve() == args.dst.resolve():
        parser.error(f"{args.src} is source and destination")
    if args.ann_file and args.src.is_file():
        parser.error("--ann-file goes with a folder")
    if args.workers < 1:
        parser.error(f"--workers must be at least 1, but is {args.workers}")
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
    others: Counter[str] = Counter()
    if args.short_edge is not None:
        settings["short_edge"] = args.short_edge
    try:
        if args.src.is_file():
            videos = {args.src: _place(args.src, args.dst, suffix=args.ext)}
        else:
            videos, others = find_videos(args.src, args.dst, suffix=args.ext)
            if not videos:
                raise ValueError(f"no videos below {args.src}{_count(others)}")
            claim_folder(args.dst, {**settings, "ext": args.ext})
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for ann_file in args.ann_file:
        text = rewrite_annotations(ann_file.read_text(), suffix=args.ext)
        (args.dst / ann_file.name).write_text(text)

    todo = {src: dst for src, dst in videos.items() if not dst.exists()}
    failures = _reencode_all(todo, settings, workers=args.workers)
    done = len(todo) - len(failures)
    print(
        f"{done} re-encoded, {len(videos) - len(todo)} were there, {len(failures)} failed"
        f"{_count(others)}"
    )
    for failure in failures:
        print(failure)
    return 1 if failures else 0


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


def _reencode_all(videos: dict[Path, Path], settings: dict, *, workers: int) -> list[str]:
    """Returns a line for each video that failed."""
    failures = []
    pool = worker_pool(workers)
    jobs = {pool.submit(_reencode_one, src, dst, settings): src for src, dst in videos.items()}
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress, pool:
        try:
            for job in progress.track(as_completed(jobs), total=len(jobs), description="re-encode"):
                try:
                    job.result()
                except (CodecError, OSError, ValueError) as error:
                    named = "" if str(jobs[job]) in str(error) else f"{jobs[job]}: "
                    failures.append(f"failed: {named}{error}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return sorted(failures)


def _reencode_one(src: Path, dst: Path, settings: dict) -> int:
    dst.parent.mkdir(parents=True, exist_ok=True)
    settings = dict(settings)
    short_edge = settings.pop("short_edge", None)
    if short_edge is not None:
        with CompressedVideo(src) as video:
            settings["size"] = in_proportion(video.width, video.height, short_edge)
    return reencode(src, dst, **settings)


def in_proportion(width: int, height: int, short_edge: int) -> tuple[int, int]:
    """Width and height, even, with this short edge."""
    scale = short_edge / min(width, height)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2


if __name__ == "__main__":
    sys.exit(main())
