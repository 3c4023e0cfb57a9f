"""Rows of real_video.py, tested on the same videos as other encoders write them.

    python tools/benchmarks/real_video.py --data data/strokes --rows p_stream_cells --no-costs
    python tools/benchmarks/encodings_table.py --data data/strokes --rows p_stream_cells

re-encodes the videos in the ways of ``ENCODINGS``, into OUT/ENCODED/NAME, tests the rows' trained
networks on each, and writes OUT/encodings.json and OUT/encodings.md: top-1, mean over seeds. What
is there is not made again. ``--train`` names rows that learn first, as ``p_stream_cells_mixed``
does from some of these encodings.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from rich.progress import track

from compressedvideo import reencode
from mmcondense.apis.flops import build_model

TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "benchmarks"))
from real_video import CONFIGS, ROWS, environment, train  # noqa: E402
from trainings import read_list  # noqa: E402

from mmcondense_preparation.settings import write_aside  # noqa: E402

ENCODINGS: dict[str, dict[str, Any]] = dict(
    mpeg4_q1=dict(quality=1),
    mpeg4_q8=dict(quality=8),
    mpeg4_q31=dict(quality=31),
    mpeg4_gop50=dict(gop_size=50),
    mpeg4_gop250=dict(gop_size=250),
    mpeg4_b2=dict(b_frames=2),
    h264_crf23=dict(codec="h264", quality=23),
    h264_crf28_gop250=dict(codec="h264", quality=28, gop_size=250),
    h264_b2=dict(codec="h264", quality=23, b_frames=2),
    hevc_crf28=dict(codec="hevc", quality=28),
    vp9_crf32=dict(codec="vp9", quality=32),
)
"""Arguments of compressedvideo.reencode, whose defaults are MPEG-4 part 2, quality 2, GOP 12."""
LEARNED_FROM = ("mpeg4_q8", "mpeg4_gop250", "h264_crf23")
"""Those of which ``p_stream_cells_mixed`` sees the training videos."""
AS_THEY_ARE = "as they are"


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data/strokes"), help="(%(default)s)")
    parser.add_argument("--rows", nargs="+", default=["p_stream_cells"], metavar="ROW")
    parser.add_argument("--train", nargs="*", default=[], metavar="ROW")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=40, help="of --train (%(default)s)")
    parser.add_argument("--encodings", nargs="+", choices=ENCODINGS, default=list(ENCODINGS))
    parser.add_argument("--out", type=Path, help="of real_video.py (work_dirs/real_video/NAME)")
    parser.add_argument("--workers", type=int, default=2, help="of re-encoding (%(default)s)")
    args = parser.parse_args(arguments)
    args.out = args.out or Path("work_dirs/real_video", args.data.resolve().name)
    args.flow = args.out / "flow"
    args.train_list = args.data.resolve() / "train.txt"
    args.encoded = (args.out / "encoded").resolve()
    os.environ["STROKES_ENCODED"] = str(args.encoded)
    for row in {*args.rows, *args.train}:
        if not (CONFIGS / f"{row}.py").is_file():
            parser.error(f"there is no {CONFIGS / row}.py")
    return args


def encode(name: str, args: argparse.Namespace) -> None:
    """Re-encode the validation videos, and the training videos where a row learns from them."""
    parts = ["val.txt"]
    if name in LEARNED_FROM and args.train:
        parts.append("train.txt")
    jobs = {}
    for part in parts:
        for video, _ in read_list(args.data / part):
            path = args.encoded / name / Path(video).with_suffix(".mp4")
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                jobs[path] = args.data / "videos" / video
    with ThreadPoolExecutor(args.workers) as pool:
        work = partial(reencode, **ENCODINGS[name])
        for _ in track(pool.map(work, jobs.values(), jobs), name, total=len(jobs)):
            pass


@torch.no_grad()
def test(row: str, seed: int, encoding: str, args: argparse.Namespace) -> float:
    """Top-1 of a row's last checkpoint, percent."""
    known = ROWS.get(row)
    trained = known.trained if known and known.trained else row
    os.environ.update(environment(args, seed=seed))
    cfg = Config.fromfile(CONFIGS / f"{trained}.py")
    init_default_scope(cfg.get("default_scope", "mmaction"))
    dataset_cfg = cfg.test_dataloader.dataset
    if encoding != AS_THEY_ARE:
        dataset_cfg.data_prefix.video = str(args.encoded / encoding)
        dataset_cfg.ann_file = str(list_of(encoding, args))
    dataset = DATASETS.build(dataset_cfg)
    model = build_model(cfg)
    checkpoint = args.out / trained / f"seed{seed}" / "final.pth"
    load_checkpoint(model, str(checkpoint), map_location="cpu", strict=True)
    score = "pred_score" if trained == row else f"{row}_score"
    right = 0
    for index in range(len(dataset)):
        (found,) = model.test_step(pseudo_collate([dataset[index]]))
        right += int(found.get(score).argmax() == found.gt_label)
    return 100 * right / len(dataset)


def list_of(encoding: str, args: argparse.Namespace) -> Path:
    """The validation list with the names that re-encoded files have."""
    path = args.encoded / f"{encoding}.txt"
    if not path.is_file():
        pairs = read_list(args.data / "val.txt")
        lines = [f"{Path(video).with_suffix('.mp4')} {label}" for video, label in pairs]
        write_aside(path, ("\n".join(lines) + "\n").encode())
    return path.resolve()


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    columns = [AS_THEY_ARE, *ENCODINGS]
    columns = [name for name in columns if any(name in found for found in results.values())]
    text = [f"| row | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for row, found in results.items():
        means = (np.mean([*found[name].values()]) if name in found else None for name in columns)
        text.append(
            f"| {row} | {' | '.join('' if mean is None else f'{mean:.1f}' for mean in means)} |"
        )
    return "\n".join(text) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    for name in args.encodings:
        encode(name, args)
    for seed in args.seeds:
        for row in args.train:
            print(f"{row}, seed {seed}", flush=True)
            train(row, seed, args)
    path = args.out / "encodings.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    for row in args.rows:
        for encoding in (AS_THEY_ARE, *args.encodings):
            found = results.setdefault(row, {}).setdefault(encoding, {})
            for seed in args.seeds:
                if str(seed) not in found:
                    found[str(seed)] = round(test(row, seed, encoding, args), 1)
                    write_aside(path, json.dumps(results, indent=1).encode())
            print(f"{row}, {encoding}: {found}", flush=True)
    text = table(results)
    write_aside(args.out / "encodings.md", text.encode())
    print(text)


if __name__ == "__main__":
    main()
