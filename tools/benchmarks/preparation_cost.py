"""What preparing a clip costs by each tool, in CPU seconds and bytes; and a set of such clips.

    python tools/benchmarks/preparation_cost.py --out work_dirs/cost

encodes clips like Kinetics' (10 s of 340x256 at 25 fps, H.264) and Something-Something V2's (4 s of
426x240 at 12 fps, VP9), drawn unless --source names a video, and prepares each in this process on
one core. TV-L1 flow and IFS are measured on the first 24 frames and scaled; IFS reads MPEG-4 with
GOPs of 12. The hours are those of one core for the whole data set.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import av
import torch
from mmengine.config import Config

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS / name) for name in ("benchmarks", "data")]
from benchmark_clips import _back_and_forth, _decoded_frames, _drawn_frames  # noqa: E402

from compressedvideo import VideoWriter  # noqa: E402
from mmcondense.apis.condensing import Condensing  # noqa: E402
from mmcondense_preparation import Execution, Item, Preparation, prepare  # noqa: E402

CONFIGS = TOOLS.parent / "configs"
_SHORT = 24  # frames


@dataclass(frozen=True)
class Videos:
    """A data set, as far as costs go."""

    name: str
    count: int
    seconds: int
    size: tuple[int, int]
    fps: int
    settings: dict


KINETICS = Videos(
    "Kinetics-400",
    260_000,
    10,
    (340, 256),
    25,
    dict(codec="h264", gop_size=250, b_frames=3, quality=23),
)
SOMETHING = Videos(
    "SSv2", 220_847, 4, (427 // 2 * 2, 240), 12, dict(codec="vp9", gop_size=128, quality=33)
)


def preparations(data: Path) -> Iterator[tuple[str, Preparation, bool]]:
    """Name, what it does, and whether it is measured on the first frames."""
    reencoding = importlib.import_module("reencode").Reencoding
    flow = importlib.import_module("extract_flow").FlowExtraction
    checking = importlib.import_module("check_videos").Checking
    keys = dict(b_frames=0, quality=None, fps=None)
    yield "check_videos", checking(), False
    yield (
        "reencode, MPEG-4, 340x256",
        reencoding(dict(codec="mpeg4", gop_size=12, size=(340, 256), **keys)),
        False,
    )
    yield (
        "reencode, H.264, short edge 256",
        reencoding(dict(codec="h264", gop_size=12, short_edge=256, **keys)),
        False,
    )
    yield "flow, DIS", flow(method="dis", bound=20, quality=95), False
    yield "flow, TV-L1", flow(method="tvl1", bound=20, quality=95), True
    for name, config, is_short in (
        ("condense, DI", "avd/avd_kinetics400.py", False),
        ("condense, AVD", "avd/avd_kinetics400.py", False),
        ("condense, IFS", "ifs/ifs_kinetics400.py", True),
    ):
        cfg = Config.fromfile(CONFIGS / config)
        if name.endswith("DI"):
            cfg.model.condenser = dict(type="RankPooling")
        dataset = cfg.train_dataloader.dataset
        dataset.update(ann_file=str(data / "list.txt"), data_root="", data_prefix=dict(video=""))
        yield name, Condensing(cfg, checkpoint="none", untrained=True), is_short


def encode(
    videos: Videos, path: Path, *, source: str | None, num_frames: int, settings: dict
) -> None:
    """Write a clip of so many frames."""
    frames, _ = _drawn_frames() if source is None else _decoded_frames(source)
    width, height = videos.size
    with VideoWriter(
        path, width=width, height=height, fps=Fraction(videos.fps), **settings
    ) as writer:
        for frame in _back_and_forth(frames, num_frames):
            writer.write_av(frame)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--source", help="a video whose pictures the clips have")
    parser.add_argument("--clips", type=int, default=3, help="(%(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    shutil.rmtree(args.out, ignore_errors=True)
    print("| clip | tool | CPU s/clip | MB read | MB written | core hours | TB written |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for videos in (KINETICS, SOMETHING):
        data = args.out / videos.name
        data.mkdir(parents=True)
        num_frames = videos.seconds * videos.fps
        for clip_name, frames, settings in (
            ("whole.mp4", num_frames, videos.settings),
            ("short.mp4", _SHORT, videos.settings),
            ("gops.mp4", _SHORT, dict(codec="mpeg4", gop_size=12)),
        ):
            path = data / clip_name
            encode(videos, path, source=args.source, num_frames=frames, settings=settings)
        for name, preparation, is_short in preparations(data):
            short = "gops.mp4" if name.endswith("IFS") else "short.mp4"
            clip = data / (short if is_short else "whole.mp4")
            scale = num_frames / _SHORT if is_short else 1
            (data / "list.txt").write_text(f"{clip} 0\n")
            count = 1 if is_short else args.clips
            checks = name == "check_videos"
            items = [
                Item(
                    str(number),
                    str(clip),
                    None if checks else f"{number}{'.mp4' if name.startswith('re') else ''}",
                    0,
                )
                for number in range(count)
            ]
            outcome = prepare(
                preparation,
                items,
                out=data / name.replace(", ", "_").replace(" ", "_"),
                execution=Execution(workers=0),
                title=name,
            )
            if outcome.errors:
                raise SystemExit(outcome.errors[0])
            cpu = outcome.costs["cpu_seconds"] / count * scale
            written = 0 if checks else outcome.bytes_made / count * scale
            print(
                f"| {videos.name} | {name} | {cpu:.3f} | {os.stat(clip).st_size * scale / 1e6:.2f} "
                f"| {written / 1e6:.2f} | {cpu * videos.count / 3600:.0f} "
                f"| {written * videos.count / 1e12:.2f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    av.logging.set_level(av.logging.ERROR)
    sys.exit(main())
