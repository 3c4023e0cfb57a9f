"""Make the synthetic data set: moving shapes, really encoded, in MMAction2's annotation format.

    python tools/data/make_synthetic.py --task motion --workers 2

writes data/synthetic/motion/{videos/*.mp4,train.txt,val.txt,classes.txt}. Call it again to go on
where it was cut, or with larger numbers to extend it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from compressedvideo.errors import CodecError
from compressedvideo.writing.encode import ENCODERS
from mmcondense.datasets.synthetic import make_synthetic
from mmcondense.datasets.synthetic_scenes import TASK_CLASSES, SceneOptions


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Make the synthetic data set",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--task", choices=list(TASK_CLASSES), default="motion", help="what the labels ask")
    add("--out", type=Path, help="folder to write; None is data/synthetic/TASK")
    add("--num-train", type=int, default=800, help="training clips")
    add("--num-val", type=int, default=200, help="validation clips")
    add("--seed", type=int, default=0, help="seed of everything random")
    add("--size", type=int, default=SceneOptions.size, help="height and width, pixels")
    add("--num-frames", type=int, help="frames per clip; None is 48, and 80 for brief")
    add(
        "--speed",
        type=float,
        nargs=2,
        default=SceneOptions.speed,
        metavar=("SLOWEST", "FASTEST"),
        help="pixels per frame",
    )
    add(
        "--smoothness",
        type=float,
        default=SceneOptions.smoothness,
        help="blur of the textures, pixels",
    )
    add("--noise", type=float, default=SceneOptions.noise, help="sensor noise, grey levels")
    add(
        "--window",
        type=int,
        default=SceneOptions.window,
        help="frames for which the second shape of brief is there",
    )
    add("--codec", choices=sorted(ENCODERS), default="mpeg4", help="codec")
    add("--gop-size", type=int, default=12, help="frames from key frame to key frame")
    add("--b-frames", type=int, default=0, help="B-frames between two anchors")
    add("--quality", type=int, help="quantiser scale or crf; None is the codec's default")
    add("--workers", type=int, default=1, help="processes")
    add("--overwrite", action="store_true", help="replace clips made with other parameters")
    args = parser.parse_args()
    args.out = args.out or Path("data/synthetic") / args.task
    return args


def main() -> None:
    settings = vars(parse_args())
    out_dir = settings.pop("out")
    try:
        make_synthetic(out_dir, **settings)
    except (ValueError, CodecError) as error:
        raise SystemExit(f"error: {error}") from error
    print(f"{out_dir}: {settings['num_train']} training and {settings['num_val']} validation clips")


if __name__ == "__main__":
    main()
