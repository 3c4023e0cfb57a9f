"""Draw all that a video file says of some frames: types, references, motion, residual, bits.

    python tools/visualizations/vis_compressed.py VIDEO --out gop.png
    python tools/visualizations/vis_compressed.py VIDEO --first 48 --frames 6

A column for each frame. Yellow arrows come from pictures of the past that a frame is predicted
from, blue ones from the future. Needs Pillow.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from PIL import Image

from compressedvideo import CodecError, CompressedVideo
from compressedvideo.drawing.gop_strip import draw_gop
from mmcondense_preparation.settings import write_aside


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", metavar="VIDEO", help="video file")
    parser.add_argument("--first", type=int, default=0, help="display index (default 0)")
    parser.add_argument("--frames", type=int, default=7, help="how many (default %(default)s)")
    parser.add_argument("--out", type=Path, help="picture (default VIDEO's name, _gop.png, here)")
    args = parser.parse_args()
    out = args.out or Path(f"{Path(args.video).stem}_gop.png")
    if out.suffix.lower() not in Image.registered_extensions():
        parser.error(f"--out {out}: Pillow knows no such pictures; .png, .jpg and .webp are some")
    if args.frames < 1 or args.first < 0:
        parser.error("--frames is at least 1, --first at least 0")
    try:
        with CompressedVideo(args.video) as video:
            stop = min(args.first + args.frames, video.num_frames)
            if args.first >= stop:
                parser.error(f"--first {args.first}: the video has {video.num_frames} frames")
            picture = draw_gop(video, range(args.first, stop))
    except CodecError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    out.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    picture.save(data, format=Image.registered_extensions()[out.suffix.lower()])
    write_aside(out, data.getvalue())
    print(f"{out}: {picture.width}x{picture.height}, frames {args.first} to {stop - 1}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
