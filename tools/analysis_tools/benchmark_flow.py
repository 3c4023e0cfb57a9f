"""What motion costs before the network sees it: TV-L1 flow, DIS flow, and ours read from the codec.

    python tools/analysis_tools/benchmark_flow.py path/to/videos/*

For the frames that a P-stream samples of a video, 16 by default, in one process on one thread:

    tvl1, dis    decode each frame and the one before it, and compute their optical flow
    rgb-pairs    only decode those frames
    ours         read I-frames, motion vectors and residuals (both streams of IP-TSN)
    ours-p       read motion vectors and residuals (the P-stream)

Each video is first re-encoded as the papers do (MPEG-4 part 2, GOP 12, 340x256), unless --as-is.
CPU milliseconds per video, median over rounds in which every variant runs once, so that a change
of the machine's mood hits all alike. TV-L1 takes about 10 to 30 s a video and round, so it runs in
the first --tvl1-rounds of them only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from compressedvideo import CodecError, CompressedVideo, reencode
from mmcondense.datasets.optical_flow import compute_flow, flow_estimator
from mmcondense.datasets.transforms import SampleCompressedFrames

Variant = Callable[[], object]


def make_variants(path: Path, *, num_segments: int) -> dict[str, Variant]:
    """What to time on one video, by name; each opens the video anew.

    Raises:
        CodecError: if the video cannot be read.
    """
    sampled = SampleCompressedFrames(num_segments, test_mode=True)(dict(filename=str(path)))
    sampled["compressed_video"].close()
    frame_inds, iframe_inds = sampled["frame_inds"], sampled["iframe_inds"]

    def read(*modalities: str):
        with CompressedVideo(path) as video:
            return video.read(frame_inds, modalities=modalities, iframe_inds=iframe_inds)

    def read_pairs() -> tuple[np.ndarray, np.ndarray]:
        with CompressedVideo(path) as video:
            clip = video.read(frame_inds, modalities=("rgb", "iframe"), iframe_inds=frame_inds - 1)
        assert clip.iframes is not None
        assert clip.rgb is not None
        return clip.iframes, clip.rgb

    def flow(method: str) -> list[np.ndarray]:
        pairs = zip(*read_pairs(), strict=True)
        return [compute_flow(previous, current, method=method) for previous, current in pairs]

    return {
        "tvl1": lambda: flow("tvl1"),
        "dis": lambda: flow("dis"),
        "rgb-pairs": read_pairs,
        "ours": lambda: read("iframe", "motion", "residual"),
        "ours-p": lambda: read("motion", "residual"),
    }


def time_variants(
    variants: Mapping[str, Variant],
    *,
    rounds: int,
    tvl1_rounds: int | None = None,
    on_run: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Median CPU milliseconds of each variant over interleaved rounds, of TV-L1 over the first."""
    runs: dict[str, list[float]] = {name: [] for name in variants}
    for name in ("ours", "dis"):  # warm up what is cheap
        variants[name]()
    for number in range(rounds):
        for name, variant in variants.items():
            if name == "tvl1" and tvl1_rounds is not None and number >= tvl1_rounds:
                continue
            start = time.process_time()
            variant()
            runs[name].append(1e3 * (time.process_time() - start))
            on_run()
    return {name: statistics.median(times) for name, times in runs.items()}


def print_table(rows: list[dict], console: Console) -> None:
    names = [name for name in rows[0] if name not in ("file", "size")]
    table = Table("video", "size", *(f"{name} ms" for name in names), "tvl1 / ours", "dis / ours")
    for row in rows:
        ratios = [f"{row[name] / row['ours']:.1f}" for name in ("tvl1", "dis")]
        table.add_row(row["file"], row["size"], *(f"{row[name]:.1f}" for name in names), *ratios)
    table.add_section()
    median = {name: statistics.median(row[name] for row in rows) for name in names}
    ratios = [
        f"{statistics.median(row[name] / row['ours'] for row in rows):.1f}"
        for name in ("tvl1", "dis")
    ]
    table.add_row("median", "", *(f"{value:.1f}" for value in median.values()), *ratios)
    console.print(table)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--segments", type=int, default=16, help="frames a video (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--tvl1-rounds", type=int, default=1, help="of these (%(default)s)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(340, 256),
        metavar=("WIDTH", "HEIGHT"),
        help="to re-encode to (the papers': 340 256)",
    )
    parser.add_argument("--as-is", action="store_true", help="do not re-encode the videos")
    parser.add_argument("--json", action="store_true", help="print all rows as the last line")
    args = parser.parse_args()
    for name in ("segments", "rounds", "tvl1_rounds"):
        if getattr(args, name) < 1:
            option = name.replace("_", "-")
            parser.error(f"--{option} must be at least 1, but is {getattr(args, name)}")
    try:
        flow_estimator("tvl1")
    except ImportError as error:
        parser.error(str(error))
    return args


def main() -> int:
    args = parse_args()
    cv2.setNumThreads(1)
    console = Console(stderr=args.json)
    rows: list[dict] = []
    runs = 4 * args.rounds + min(args.tvl1_rounds, args.rounds)
    with tempfile.TemporaryDirectory() as scratch, Progress(console=console) as progress:
        task = progress.add_task("measuring", total=len(args.videos) * runs)
        for video in args.videos:
            try:
                path = video
                if not args.as_is:
                    path = Path(scratch) / f"{video.stem}.mp4"
                    reencode(video, path, codec="mpeg4", gop_size=12, size=tuple(args.size))
                variants = make_variants(path, num_segments=args.segments)
                times = time_variants(
                    variants,
                    rounds=args.rounds,
                    tvl1_rounds=args.tvl1_rounds,
                    on_run=lambda: progress.advance(task),
                )
                with CompressedVideo(path) as opened:
                    size = f"{opened.width}x{opened.height}"
            except CodecError as error:
                progress.console.print(f"left out: {error}", markup=False, soft_wrap=True)
                progress.update(task, total=progress.tasks[0].total - runs)
                continue
            rows.append(dict(file=video.name, size=size, **times))
    if not rows:
        print("no video could be measured", file=sys.stderr)
        return 1
    print_table(rows, console)
    if args.json:
        print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
