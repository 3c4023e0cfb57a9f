"""What moves in a video, by its motion vectors: a line in the terminal, a timeline, an overlay."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .starting import stop

if TYPE_CHECKING:
    import numpy as np

    from compressedvideo import CompressedVideo

_BLOCKS = "▁▂▃▄▅▆▇█"
_LINE = 72  # characters


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mmcondense motion", description=__doc__)
    parser.add_argument("video", metavar="VIDEO", help="video file")
    parser.add_argument(
        "--out-dir",
        metavar="FOLDER",
        type=Path,
        help="for NAME_timeline.png and NAME_motion.mp4, the video with its vectors drawn in; "
        "needs Pillow",
    )
    parser.add_argument(
        "--style", choices=["arrows", "colours"], default="arrows", help="of motion"
    )
    parser.add_argument("--no-video", action="store_true", help="no overlay, only the timeline")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 if the video cannot be read or drawn."""
    args = parse_args(arguments)
    if args.out_dir is not None:
        try:
            import compressedvideo.drawing  # noqa: F401 - says so before the video is read
        except ImportError as error:
            return stop(str(error))
    from compressedvideo import CodecError, CompressedVideo
    from compressedvideo.whole_video import motion_of_frames

    try:
        with CompressedVideo(args.video) as video:
            lengths = motion_of_frames(video)
            print(describe(video, lengths))
            if args.out_dir is not None:
                args.out_dir.mkdir(parents=True, exist_ok=True)
                draw(video, lengths, args)
    except CodecError as error:
        return stop(str(error))
    return 0


def describe(video: CompressedVideo, lengths: np.ndarray) -> str:
    """Three lines: what the video is, how much moves, and when.

    Raises:
        CodecError: If all its frames are I-frames.
    """
    import numpy as np

    from compressedvideo import CodecError

    kinds = Counter(video.frame_types)
    types = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    seconds = video.num_frames / video.fps if video.fps else 0
    known = lengths[~np.isnan(lengths)]
    if not len(known):
        raise CodecError("all its frames are I-frames, which have no vectors", path=video.path)
    peak = int(np.nanargmax(lengths))
    at = f"{peak / video.fps:.1f} s" if video.fps else f"frame {peak}"
    return "\n".join(
        [
            f"{video.path}: {video.codec}, {video.width}x{video.height}, {video.num_frames} frames "
            f"({types}), {seconds:.1f} s",
            f"motion: {known.mean():.2f} pixels per frame, most ({known.max():.2f}) at {at}",
            spark_line(known),
        ]
    )


def spark_line(lengths: np.ndarray, *, width: int = _LINE) -> str:
    """A block for each stretch of the video, as high as its mean; the highest is full.

    Args:
        lengths: [N], N at least 1.
        width: Blocks at most.
    """
    import numpy as np

    parts = np.array_split(lengths, min(width, len(lengths)))
    means = np.array([part.mean() for part in parts])
    levels = means / max(float(means.max()), 1e-6) * (len(_BLOCKS) - 1)
    return "".join(_BLOCKS[level] for level in levels.round().astype(int))


def draw(video: CompressedVideo, lengths: np.ndarray, args: argparse.Namespace) -> None:
    """Write the timeline, and the overlay."""
    from compressedvideo.drawing.annotate import annotate, caption_of
    from compressedvideo.drawing.overlay import picture_size
    from compressedvideo.drawing.timeline import MotionCurve, Timeline

    curve = MotionCurve(lengths, video.keyframes)
    duration = video.num_frames / (video.fps or 25)
    stem = Path(args.video).stem
    picture = args.out_dir / f"{stem}_timeline.png"
    Timeline(1280, duration, curve=curve).image().save(picture)
    print(f"timeline  {picture}")
    if args.no_video:
        return
    overlay = args.out_dir / f"{stem}_motion.mp4"
    width, _ = picture_size(video.width, video.height)
    caption = caption_of(video, style=args.style)
    timeline = Timeline(width, duration, curve=curve, caption=caption)
    annotate(video, overlay, timeline, style=args.style)
    print(f"overlay   {overlay}")


if __name__ == "__main__":
    sys.exit(main())
