"""All condensers with the same classifier, data, epochs and seeds: accuracy, multiply-adds, bytes.

    python tools/benchmarks/compare_condensers.py --data motion
    python tools/benchmarks/compare_condensers.py --data brief --rows ifs tsd --seeds 0
    python tools/benchmarks/compare_condensers.py --data data/fights64

writes OUT/results.csv, a line for each row and seed, and of all lines that are there OUT/table.md
and OUT/plot.png. Lines that are there are not made again, a training that was cut goes on, and
several calls may make different rows at once (but ifs before ifs_float, which takes its generator).

Data are ``motion`` and ``brief``, which are made where they are missing, or a folder with
train.txt, val.txt and videos of 64x64 with GOPs of 12:

    python tools/data/reencode.py data/fights/videos data/fights64 --size 64x64 \\
        --ann-file data/fights/train.txt data/fights/val.txt

A clip is a GOP of 12 frames, which becomes one frame; with uniform, random, attention and tsd four.
Scores of a video's GOPs are averaged: of one in ``motion``, two in ``brief``, four in a folder.
AVD and IFS learn first, without the classifier (in ``brief`` from one GOP of each video an epoch).
What they and the condensers that learn nothing make is written once as JPEGs (quality 95), on which
a stock TSN trains. attention and tsd learn with the classifier, on floating-point frames. Accuracy
is that of the last epoch. Bytes are those of a video's condensed frames as such JPEGs, in the last
line of the table those of the video itself. Multiply-adds are those of networks, for a video.

More rows, on demand: the I-frame, and AVD and IFS with random weights (iframe, avd_untrained,
ifs_untrained); IFS with one frame as floating-point numbers (ifs_float, "end-to-end" in Table 2)
and with other terms of its loss (configs/ifs/ablation: Tables 2 and 3).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "benchmarks"))
from condenser_results import Line, plot, read, table, write  # noqa: E402
from trainings import call, commit, count_classes, last_scores, read_list  # noqa: E402

from mmcondense.apis.condensing import condense, encode_jpeg  # noqa: E402
from mmcondense.apis.flops import count  # noqa: E402

CONFIGS = TOOLS.parent / "configs"
LEARNING_FREE = ("iframe", "middle", "mean", "di", "svmp", "uniform", "random")
UNTRAINED = ("avd_untrained", "ifs_untrained")
TASKS = ("app_alone", "app_adv", "app", "cat", "mot", "app_cat", "app_mot", "equal_weights")
LEARNED_BEFORE = ("avd", "ifs", "ifs_mot", *TASKS)
LEARNED_WITH_CLASSIFIER = ("attention", "tsd")
ROWS = (*LEARNING_FREE, *LEARNED_WITH_CLASSIFIER, *UNTRAINED, *LEARNED_BEFORE, "ifs_float")
DEFAULT_ROWS = (*LEARNING_FREE[1:], *LEARNED_WITH_CLASSIFIER, *LEARNED_BEFORE[:3])
FRAMES_PER_GOP = dict(uniform=4, random=4)  # of those that become JPEGs, others 1
GOPS = dict(motion=1, brief=2)  # of a video, in a folder 4
GOPS_TO_LEARN = {**GOPS, "brief": 1}  # by AVD and IFS, of a video in an epoch
SETS = dict(
    motion="--task motion --num-frames 12 --num-train 1600 --num-val 400",
    brief="--task brief --num-frames 24 --num-train 800 --num-val 400",
)


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="motion", help="motion, brief or a folder (%(default)s)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=DEFAULT_ROWS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, help="None: work_dirs/compare_condensers/DATA")
    parser.add_argument("--epochs", type=int, default=20, help="of the classifier (%(default)s)")
    parser.add_argument(
        "--condenser-epochs", type=int, help="of AVD and IFS; None: those of their configs"
    )
    parser.add_argument(
        "--batch-size", type=int, default=32, help="of the classifier (%(default)s)"
    )
    parser.add_argument("--num-workers", type=int, default=2, help="loading clips (%(default)s)")
    args = parser.parse_args(arguments)
    args.out = args.out or Path("work_dirs/compare_condensers", Path(args.data).name)
    return args


def prepare(data: str) -> Path:
    """The folder of the data set, made if it is one of ours.

    Raises:
        FileNotFoundError: if there is no annotation file in a folder.
    """
    if data not in SETS:
        if not Path(data, "train.txt").is_file():
            raise FileNotFoundError(f"--data {data} is none of {sorted(SETS)}: no {data}/train.txt")
        return Path(data)
    folder = Path("data/synthetic", f"{data}_gop")
    tool = str(TOOLS / "data" / "make_synthetic.py")
    options = f"--out {folder} --size 64 --smoothness 4 {SETS[data]}".split()
    subprocess.run([sys.executable, tool, *options], check=True)
    return folder


def condenser_config(row: str) -> Path:
    if row in LEARNING_FREE:
        return CONFIGS / "baselines" / f"{row}_synthetic.py"
    if row in LEARNED_WITH_CLASSIFIER:
        return CONFIGS / "tsd" / f"{row}_gop_synthetic.py"
    if row in TASKS:
        return CONFIGS / "ifs" / "ablation" / f"{row}_synthetic.py"
    name = row.removesuffix("_untrained").removesuffix("_float")
    return CONFIGS / name.removesuffix("_mot") / f"{name}_synthetic.py"


def on_clips(path: Path, folder: Path, args: argparse.Namespace) -> Config:
    """A shipped config that reads videos, on other data."""
    cfg = Config.fromfile(path)
    is_classifier = "recognizer" in cfg.model
    for split in ("train", "val", "test"):
        dataset = cfg[f"{split}_dataloader"].dataset
        dataset.data_root = str(folder)
        (sampler,) = (t for t in dataset.pipeline if t.type == "SampleGOPClips")
        gops = GOPS if is_classifier or split != "train" else GOPS_TO_LEARN
        sampler.num_clips = gops.get(args.data, 4)
    num_classes = count_classes(folder)
    if is_classifier:
        cfg.model.recognizer.cls_head.update(num_classes=num_classes, topk=(1,))
    if cfg.model.condenser.type == "IFS":
        cfg.model.condenser.num_classes = num_classes
    return with_epochs(cfg, args, is_classifier=is_classifier)


def on_jpegs(frames: Path, num_frames: int, args: argparse.Namespace) -> Config:
    """The stock TSN on ``num_frames`` condensed frames of each video."""
    cfg = Config.fromfile(CONFIGS / "ifs" / "classifiers" / "tsn_synthetic.py")
    for split in ("train", "val", "test"):
        dataset = cfg[f"{split}_dataloader"].dataset
        dataset.data_root = str(frames)
        (sampler,) = (t for t in dataset.pipeline if t.type == "SampleFrames")
        sampler.num_clips = num_frames
    cfg.model.cls_head.update(num_classes=count_classes(frames), topk=(1,))
    return with_epochs(cfg, args, is_classifier=True)


def with_epochs(cfg: Config, args: argparse.Namespace, *, is_classifier: bool) -> Config:
    """The epochs, batch size and workers that the command line asks for."""
    for split in ("train", "val", "test"):
        cfg[f"{split}_dataloader"].update(
            num_workers=args.num_workers, persistent_workers=args.num_workers > 0
        )
    epochs = args.epochs if is_classifier else args.condenser_epochs
    if epochs is not None:
        cfg.train_cfg.update(max_epochs=epochs, val_begin=epochs, val_interval=epochs)
        (schedule,) = cfg.param_scheduler
        schedule["total_steps" if "total_steps" in schedule else "T_max"] = epochs
    if is_classifier:
        cfg.train_dataloader.batch_size = args.batch_size
        accuracy = dict(type="AccMetric", metric_options=dict(top_k_accuracy=dict(topk=(1,))))
        cfg.val_evaluator = cfg.test_evaluator = [accuracy]
    return cfg


def train(cfg: Config, work_dir: Path, *, seed: int) -> Path:
    """Train until ``final.pth`` is there, and return it."""
    final = work_dir / "final.pth"
    if not final.is_file():
        work_dir.mkdir(parents=True, exist_ok=True)
        cfg.dump(work_dir / "config.py")
        command = ["train.py", str(work_dir / "config.py"), "--seed", str(seed)]
        call([*command, "--work-dir", str(work_dir), "--resume"], work_dir / "train.log")
    return final


def write_jpegs(cfg: Config, options: list[str], out: Path, args: argparse.Namespace) -> Path:
    """Condense both parts of a data set; ``options`` say with which weights."""
    out.mkdir(parents=True, exist_ok=True)
    cfg.dump(out / "config.py")
    command = ["condense_dataset.py", str(out / "config.py"), *options, "--out", str(out)]
    for split in ("train", "val"):
        if not (out / f"{split}.txt").is_file():
            workers = ["--num-workers", str(args.num_workers)]
            call([*command, "--split", split, *workers], out / "condense.log")
    return out


def multiply_adds(cfg: Config, inputs: Any) -> int:
    model = MODELS.build(cfg.model.to_dict()).eval()
    return int(count(model, inputs)["flops"])


def measure_jpegs(condenser: Config, classifier: Config, frames: Path, num_frames: int) -> Line:
    """Multiply-adds of a video, and frames and bytes of the condensed validation videos."""
    videos = read_list(frames / "val.txt")
    sizes = [
        path.stat().st_size
        for name, _ in videos
        for path in (frames / "frames" / name).glob("img_*.jpg")
    ]
    flops = multiply_adds(classifier, torch.zeros(1, num_frames, 3, 64, 64))
    if "recognizer" not in condenser.model:  # others have no network
        settings = condenser.val_dataloader.dataset.to_dict()
        settings["pipeline"][1:] = condenser.condense_pipeline[1:]  # AVD is tested on crops
        dataset = DATASETS.build(settings)
        preprocessor = MODELS.build(condenser.model.data_preprocessor.to_dict())
        inputs = preprocessor(pseudo_collate([dataset[0]]), False)["inputs"]
        flops += multiply_adds(condenser, inputs)
    return dict(
        gflops=round(flops / 1e9, 4),
        bytes=round(float(np.mean(sizes)) * num_frames, 1),
        frames=num_frames,
        videos=len(videos),
    )


@torch.no_grad()
def measure_clips(cfg: Config, checkpoint: Path) -> Line:
    """The same, of a condenser that is not followed by JPEGs."""
    model = MODELS.build(cfg.model.to_dict())
    load_checkpoint(model, str(checkpoint), map_location="cpu", strict=True)
    model.eval()
    dataset = DATASETS.build(cfg.val_dataloader.dataset.to_dict())
    num_bytes, num_frames = [], []
    for index in range(len(dataset)):
        frames, _, _ = condense(model, dataset[index], batch_size=32)
        pictures = frames.flatten(0, 1).numpy()
        jpegs = [encode_jpeg(picture, quality=95, subsampling="444") for picture in pictures]
        num_bytes.append(sum(map(len, jpegs)))
        num_frames.append(len(pictures))
    inputs = model.data_preprocessor(pseudo_collate([dataset[0]]), False)["inputs"]
    return dict(
        gflops=round(count(model, inputs)["flops"] / 1e9, 4),
        bytes=round(float(np.mean(num_bytes)), 1),
        frames=round(float(np.mean(num_frames)), 2),
        videos=len(dataset),
    )


def run(row: str, seed: int, folder: Path, args: argparse.Namespace) -> Line:
    """One line of the results: train what has to learn, then measure."""
    init_default_scope("mmaction")
    work_dir = args.out / row / f"seed{seed}"
    cfg = on_clips(condenser_config(row), folder, args)
    learned = None
    if row in LEARNED_BEFORE or row == "ifs_float":
        name = row.removesuffix("_float")
        learned = train(cfg, args.out / name / f"seed{seed}" / "condenser", seed=seed)
    if row in (*LEARNED_WITH_CLASSIFIER, "ifs_float"):
        if learned:
            path = CONFIGS / "ifs" / "classifiers" / "end_to_end_synthetic.py"
            cfg = on_clips(path, folder, args)
            cfg.model.condenser_checkpoint = str(learned)
        measured = measure_clips(cfg, train(cfg, work_dir / "classifier", seed=seed))
    else:
        weights = [str(learned or "none"), *(["--untrained"] if row in UNTRAINED else [])]
        # what learns nothing condenses alike for each seed
        frames = (work_dir if learned else args.out / row) / "frames"
        write_jpegs(cfg, weights, frames, args)
        num_frames = GOPS.get(args.data, 4) * FRAMES_PER_GOP.get(row, 1)
        classifier = on_jpegs(frames, num_frames, args)
        train(classifier, work_dir / "classifier", seed=seed)
        measured = measure_jpegs(cfg, classifier, frames, num_frames)
    accuracy = round(last_scores(work_dir / "classifier")["acc/top1"], 2)
    line = dict(row=row, seed=seed, top1=accuracy, epochs=args.epochs, commit=commit())
    return {**line, **measured}


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    folder = prepare(args.data)
    sizes = [(folder / name).stat().st_size for name, _ in read_list(folder / "val.txt")]
    args.out.mkdir(parents=True, exist_ok=True)
    results = args.out / "results.csv"
    lines = read(results)
    if any(int(line["epochs"]) != args.epochs for line in lines):
        sys.exit(f"{results} has lines of another number of epochs: give another --out")
    todo = [(row, seed) for seed in args.seeds for row in args.rows]
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        bar = progress.add_task("", total=len(todo))
        for row, seed in todo:
            progress.update(bar, description=f"{row}, seed {seed}")
            if (row, seed) not in {(line["row"], int(line["seed"])) for line in lines}:
                line = run(row, seed, folder, args)
                lines = [*read(results), line]  # another call may have added rows meanwhile
                write(results, lines)
            progress.advance(bar)
    lines.sort(key=lambda line: ROWS.index(line["row"]))
    text = table(lines, video_bytes=float(np.mean(sizes)))
    (args.out / "table.md").write_text(text)
    plot(lines, args.out / "plot.png", video_bytes=float(np.mean(sizes)))
    print(text)


if __name__ == "__main__":
    main()
