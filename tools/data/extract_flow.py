"""Extract the optical flow of every video below a folder, as denseflow's JPEGs.

    python tools/data/extract_flow.py data/hmdb51/videos data/hmdb51/flow --workers 8

A video of n frames, VIDEOS/brush_hair/a.mp4, gives n - 1 pairs FLOW/brush_hair/a/flow_x_00001.jpg
and flow_y_00001.jpg and so on: number t is the flow from frame t - 1 to frame t, counted from 0.
Call it again to go on where it was cut: what is complete stays, anything else is done anew.
FLOW/manifest.jsonl has a line for each video. With --part I/N or --executor ray many machines share
the work, see docs/cluster.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from compressedvideo import CompressedVideo
from compressedvideo.container.folders import is_video
from mmcondense.datasets.optical_flow import (
    DEFAULT_BOUND,
    METHODS,
    compute_flow,
    flow_estimator,
    flow_paths,
    write_flow,
)
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

_FRAMES_PER_READ = 64


class FlowExtraction(Preparation):
    """A video becomes a folder of JPEGs.

    Args:
        method, bound, quality: Of :mod:`mmcondense.datasets.optical_flow`.
        store: Address to send folders to.
    """

    rechecks = True  # folders of many files are copied, and copies cut
    fetches = True

    def __init__(
        self, *, method: str, bound: float, quality: int, store: str | None = None
    ) -> None:
        self.method, self.bound, self.quality = method, bound, quality
        self.store = store

    def begin(self) -> None:
        # The processes share the cores. 0, not 1: a fork would wait forever for its parent's
        # threads.
        cv2.setNumThreads(0)

    def make(self, item: Item, path: Path | None, loaded: Any) -> None:
        """Raises CodecError if the video cannot be read."""
        assert path is not None
        path.mkdir()
        with CompressedVideo(item.source) as video:
            frames = iterate_frames(video)
            previous = next(frames)
            for number, frame in enumerate(frames, start=1):
                flow = compute_flow(previous, frame, method=self.method)
                write_flow(flow, flow_paths(path, number), bound=self.bound, quality=self.quality)
                previous = frame

    def is_whole(self, item: Item, target: Path) -> bool:
        if is_address(item.source):
            return True  # counting its frames would be fetching it
        with CompressedVideo(item.source) as video:
            return is_complete(target, num_fields=video.num_frames - 1)


def find_videos(video_root: Place, flow_root: Place) -> list[Item]:
    """Videos below ``video_root``, each with the folder of its flow.

    Raises:
        ValueError: if two videos differ only in their suffix and would share a folder.
    """
    items: dict[str, Item] = {}
    for name, video in files_of(video_root):
        if not is_video(Path(name)):
            continue
        folder = PurePosixPath(name).with_suffix("").as_posix()
        if folder in items:
            raise ValueError(
                f"{items[folder].source} and {video} would both go to {flow_root}/{folder}"
            )
        items[folder] = Item(name, video, folder)
    return list(items.values())


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


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "video_root", type=as_place, help="folder of videos, searched recursively; or s3://..."
    )
    parser.add_argument("flow_root", type=as_place, help="folder to write to; or s3://...")
    add_state_argument(parser, of="flow_root")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="tvl1",
        help="tvl1: the literature's; dis: hundreds of times faster (default: %(default)s)",
    )
    parser.add_argument(
        "--bound", type=float, default=DEFAULT_BOUND, help="clip at this many pixels (%(default)s)"
    )
    parser.add_argument("--quality", type=int, default=95, help="of the JPEGs (%(default)s)")
    add_execution_arguments(parser, workers=os.cpu_count() or 1)
    args = parser.parse_args()
    args.execution = execution_of(parser, args)
    args.results = results_of(parser, args.flow_root, args.state, of="flow_root")
    if isinstance(args.video_root, Path) and not args.video_root.is_dir():
        parser.error(f"no folder {args.video_root}")
    try:
        flow_estimator(args.method)
    except ImportError as error:
        parser.error(str(error))
    return args


def main() -> int:
    args = parse_args()
    preparation = FlowExtraction(
        method=args.method,
        bound=args.bound,
        quality=args.quality,
        store=args.results.store,
    )
    try:
        videos = find_videos(args.video_root, args.flow_root)
        if not videos:
            raise ValueError(f"no videos below {args.video_root}")
        outcome = prepare(
            preparation,
            videos,
            out=args.results.state,
            execution=args.execution,
            title=f"{args.method} flow",
        )
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for failure in outcome.errors:
        print(f"failed: {failure}")
    print(
        f"{outcome.made} videos extracted, {outcome.there} were complete, "
        f"{len(outcome.errors)} failed"
    )
    return 1 if outcome.errors else 0


if __name__ == "__main__":
    sys.exit(main())
