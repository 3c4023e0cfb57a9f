"""Extract the optical flow of every video below a folder, as denseflow's JPEGs.

    python tools/data/extract_flow.py data/hmdb51/videos data/hmdb51/flow --workers 8

A video of n frames, VIDEOS/brush_hair/a.mp4, gives n - 1 pairs FLOW/brush_hair/a/flow_x_00001.jpg
and flow_y_00001.jpg and so on: number t is the flow from frame t - 1 to frame t, counted from 0.
Call it again to go on where it was cut: what is complete stays, anything else is done anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import as_completed
from pathlib import Path

import cv2
import numpy as np
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from compressedvideo import CodecError, CompressedVideo
from compressedvideo.container.folders import files_below, is_video
from compressedvideo.writing.workers import worker_pool
from mmcondense.datasets.optical_flow import (
    DEFAULT_BOUND,
    METHODS,
    compute_flow,
    flow_estimator,
    flow_paths,
    write_flow,
)

_FRAMES_PER_READ = 64


def find_videos(video_root: Path, flow_root: Path) -> list[tuple[Path, Path]]:
    """Videos below ``video_root``, each with the folder of its flow.

    Raises:
        ValueError: if two videos differ only in their suffix and would share a folder.
    """
    folders: dict[Path, Path] = {}
    for video in filter(is_video, files_below(video_root)):
        folder = flow_root / video.relative_to(video_root).with_suffix("")
        if folder in folders:
            raise ValueError(f"{folders[folder]} and {video} would both go to {folder}")
        folders[folder] = video
    return [(video, folder) for folder, video in folders.items()]


def iterate_frames(video: CompressedVideo) -> Iterator[np.ndarray]:
    """All frames in display order, [H, W, 3] uint8 RGB, in memory a few at a time."""
    for start in range(0, video.num_frames, _FRAMES_PER_READ):
        stop = min(start + _FRAMES_PER_READ, video.num_frames)
        clip = video.read(range(start, stop), modalities=("rgb",))
        assert clip.rgb is not None
        yield from clip.rgb


def is_complete(folder: Path, *, num_fields: int) -> bool:
    """Whether ``folder`` holds all fields of a video, none of them empty."""
    return folder.is_dir() and all(
        path.is_file() and path.stat().st_size > 0
        for number in range(1, num_fields + 1)
        for path in flow_paths(folder, number)
    )


def extract(
    video_path: Path, folder: Path, *, method: str, bound: float, quality: int
) -> tuple[int, bool]:
    """Write the flow of one video, aside first, so that ``folder`` is never half-written.

    Returns:
        Number of fields, and whether they were computed (False: they were there already).

    Raises:
        CodecError: if the video cannot be read.
    """
    # The processes share the cores. 0, not 1: a fork would wait forever for its parent's threads.
    cv2.setNumThreads(0)
    with CompressedVideo(video_path) as video:
        num_fields = video.num_frames - 1
        if is_complete(folder, num_fields=num_fields):
            return num_fields, False
        aside = folder.with_name(folder.name + ".part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        frames = iterate_frames(video)
        previous = next(frames)
        for number, frame in enumerate(frames, start=1):
            flow = compute_flow(previous, frame, method=method)
            write_flow(flow, flow_paths(aside, number), bound=bound, quality=quality)
            previous = frame
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(aside, folder)
    return num_fields, True


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video_root", type=Path, help="folder of videos, searched recursively")
    parser.add_argument("flow_root", type=Path, help="folder to write to")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="tvl1",
        help="tvl1: the literature's; dis: hundreds of times faster (default: %(default)s)",
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument(
        "--bound", type=float, default=DEFAULT_BOUND, help="clip at this many pixels (%(default)s)"
    )
    parser.add_argument("--quality", type=int, default=95, help="of the JPEGs (%(default)s)")
    args = parser.parse_args()
    if not args.video_root.is_dir():
        parser.error(f"no folder {args.video_root}")
    if args.workers < 1:
        parser.error(f"--workers must be at least 1, but is {args.workers}")
    try:
        flow_estimator(args.method)
    except ImportError as error:
        parser.error(str(error))
    return args


def main() -> int:
    args = parse_args()
    videos = find_videos(args.video_root, args.flow_root)
    if not videos:
        print(f"no videos below {args.video_root}", file=sys.stderr)
        return 1
    num_new = num_kept = 0
    failures: list[str] = []
    pool = worker_pool(args.workers)
    settings = dict(method=args.method, bound=args.bound, quality=args.quality)
    jobs = [pool.submit(extract, video, folder, **settings) for video, folder in videos]
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress, pool:
        try:
            for job in progress.track(
                as_completed(jobs), total=len(jobs), description=f"{args.method} flow"
            ):
                try:
                    _, is_new = job.result()
                    num_new, num_kept = num_new + is_new, num_kept + (not is_new)
                except CodecError as error:
                    failures.append(str(error))
                    progress.console.print(f"failed: {error}", markup=False, soft_wrap=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    print(f"{num_new} videos extracted, {num_kept} were complete, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
