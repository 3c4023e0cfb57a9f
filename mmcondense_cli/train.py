"""From a folder of classes to a trained model: lists, a config, a training, a test, a page on it.

Called again it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .class_folders import (
    FolderError,
    Listed,
    Size,
    check_each_class,
    class_names,
    list_videos,
    readable,
    split_by_class,
)
from .starting import import_plugin, stop

IP_TSN, P_STREAM, SCORES = "ip_tsn.py", "p_stream.py", "scores.npz"
_VAL_SHARE = 0.2


@dataclass(frozen=True)
class Plan:
    """What is trained and tested on."""

    classes: list[str]
    train: list[Listed]
    val: list[Listed]
    val_folder: Path
    sizes: list[Size]
    """Of all that can be read in the folder that is trained on."""


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mmcondense train", description=__doc__)
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path, help="of classes: FOLDER/CLASS/VIDEO.mp4"
    )
    parser.add_argument(
        "--val",
        metavar="FOLDER",
        type=Path,
        help="of the same classes, to test on; default: a fifth of each class's videos",
    )
    parser.add_argument(
        "--work-dir", metavar="FOLDER", type=Path, help="for all results; default: work_dirs/NAME"
    )
    parser.add_argument("--epochs", type=int, default=30, help="default: 30")
    parser.add_argument("--batch-size", type=int, default=16, help="default: 16")
    parser.add_argument(
        "--no-flip",
        action="store_true",
        help="do not mirror training clips: for classes that left and right tell apart",
    )
    parser.add_argument(
        "--motion-only",
        action="store_true",
        help="a P-stream alone, of vectors and bits: for classes that movement tells apart; learns "
        "and runs several times as fast (MPEG-4, H.264, HEVC, VP9)",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that load (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="of split and training (default: 0)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 once model and page are there, 1 with one line of why not."""
    args = parse_args(arguments)
    for name, least in (("epochs", 1), ("batch_size", 1), ("workers", 0), ("seed", 0)):
        if getattr(args, name) < least:
            flag = name.replace("_", "-")
            return stop(f"--{flag} {getattr(args, name)} must be at least {least}")
    work_dir = args.work_dir or Path("work_dirs", args.folder.resolve().name)
    try:
        plan = _plan(args)
        _train(args, plan, work_dir)
    except (FolderError, ImportError) as error:
        return stop(str(error))
    return 0


def _plan(args: argparse.Namespace) -> Plan:
    names = class_names(args.folder)
    listed = list_videos(args.folder, names)
    check_each_class(listed, names, args.folder)
    listed_val: list[Listed] = []
    if args.val is not None:
        if args.val.is_dir() and args.val.samefile(args.folder):
            raise FolderError(f"--val {args.val} is what is trained on; leave it out for a split")
        listed_val = list_videos(args.val, names)
        if not listed_val:
            raise FolderError(f"--val {args.val} has no video of the classes {', '.join(names)}")
    import_plugin()  # seconds, but before all videos are opened for nothing
    modalities = ("motion", "bits") if args.motion_only else ("iframe", "motion", "residual")
    with _progress(len(listed) + len(listed_val)) as step:
        read = partial(readable, modalities=modalities, step=step)
        videos, sizes, broken = read(args.folder, listed)
        val, _, broken_val = read(args.val or args.folder, listed_val)
    for message in (*broken, *broken_val):
        print(f"left out: {message}", file=sys.stderr)
    if broken or broken_val:
        count = len(broken) + len(broken_val)
        print(f"{count} of {len(listed) + len(listed_val)} videos cannot be read", file=sys.stderr)
    lost = sorted({one.label for one in listed} - {one.label for one in videos})
    if lost:
        raise FolderError(f"no video of {', '.join(names[i] for i in lost)} can be read: see above")
    if args.val is None:
        train, val = split_by_class(videos, names, share=_VAL_SHARE, seed=args.seed)
        return Plan(names, train, val, args.folder, sizes)
    if not val:
        raise FolderError(f"no video in --val {args.val} can be read: see above")
    return Plan(names, videos, val, args.val, sizes)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    """A bar on the terminal, and what moves it on."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Opening videos", total=total)
        yield lambda: progress.advance(task)


def _train(args: argparse.Namespace, plan: Plan, work_dir: Path) -> None:
    from mmcondense.apis.inference_inputs import UsageError
    from mmcondense.apis.train_and_test import train_and_test
    from mmcondense_preparation.settings import write_aside

    folder = Path(os.path.abspath(work_dir))
    lists = {
        "train.csv": _csv(plan.train),
        "val.csv": _csv(plan.val),
        "classes.txt": "".join(f"{name}\n" for name in plan.classes),
    }
    cfg, config = _config(args, plan, folder), P_STREAM if args.motion_only else IP_TSN
    _check_same(folder, lists, cfg, config)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in lists.items():
        write_aside(folder / name, text.encode())
    text = cfg.pretty_text
    write_aside(folder / config, text.encode())
    print(
        f"{len(plan.classes)} classes, {len(plan.train)} videos to train on, {len(plan.val)} to "
        f"test on; all results in {work_dir}"
    )
    _hint_at_flips(args, plan.classes)
    run_cfg = type(cfg).fromfile(folder / config)
    try:
        last = train_and_test(run_cfg)
    except UsageError as error:
        raise FolderError(str(error)) from error
    write_aside(folder / config, text.encode())  # MMEngine wrote the config as it was to run now
    _report(work_dir)
    video = plan.val_folder / plan.val[0].path
    command = ["mmcondense", "predict", *map(str, (video, work_dir / config, work_dir / last.name))]
    print(f"next: {shlex.join(command)}")


def _config(args: argparse.Namespace, plan: Plan, folder: Path) -> Any:
    from mmcondense.apis.small_config import Split, small_config

    return small_config(
        train=Split(str(folder / "train.csv"), os.path.abspath(args.folder)),
        val=Split(str(folder / "val.csv"), os.path.abspath(plan.val_folder)),
        classes=plan.classes,
        sizes=[(size.width, size.height) for size in plan.sizes],
        num_frames=[size.num_frames for size in plan.sizes],
        epochs=args.epochs,
        batch_size=min(args.batch_size, len(plan.train)),
        num_workers=args.workers,
        flip=not args.no_flip,
        seed=args.seed,
        work_dir=str(folder),
        scores=str(folder / SCORES),
        motion_only=args.motion_only,
    )


def _csv(videos: Sequence[Listed]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["path", "label"])
    writer.writerows((video.path, video.label) for video in videos)
    return file.getvalue()


def _check_same(folder: Path, lists: dict[str, str], cfg: Any, config: str) -> None:
    """Raises FolderError if the work dir holds another training than this one."""
    from mmcondense.apis.small_config import difference

    advice = "choose another --work-dir, or delete this one"
    for name in {IP_TSN, P_STREAM} - {config}:
        if (folder / name).is_file():
            raise FolderError(f"{folder / name} is of another training: {advice}")
    if not (folder / config).is_file():
        return
    for name, text in lists.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") != text:
            raise FolderError(f"{path} lists other videos or classes than there are now: {advice}")
    try:
        found = type(cfg).fromfile(folder / config)
    except Exception as error:  # a config is a program
        raise FolderError(f"{folder / config} cannot be read ({error}): {advice}") from error
    if changed := difference(found, cfg):
        raise FolderError(
            f"{folder / config} is of another training: {changed}; {advice}, or go on with it: "
            f"python tools/train.py {folder / config} --resume"
        )


def _hint_at_flips(args: argparse.Namespace, classes: Sequence[str]) -> None:
    text = " ".join(classes).lower()
    if not args.no_flip and "left" in text and "right" in text:
        print(
            "note: half of the training clips are mirrored, which makes left of right: with "
            "classes that say left and right, give --no-flip",
            file=sys.stderr,
        )


def _report(work_dir: Path) -> None:
    """Page and pictures, and their place and what they say in a few lines."""
    from mmcondense.apis.report import ReportError, write_pictures, write_report

    out = work_dir / "report.html"
    try:
        missing = write_report(work_dir, out, scores=work_dir / SCORES)
        metrics = write_pictures(work_dir, work_dir / SCORES)
    except ReportError as error:
        raise FolderError(str(error)) from error
    print(f"\ntop-1 {metrics['top1']:.1%}, mean of classes {metrics['mean1']:.1%}")
    print(f"page   {out}")
    for line in missing:
        print(f"       without {line}")
    print(f"       and {work_dir / 'curves.png'}, {work_dir / 'confusion_matrix.png'}")


if __name__ == "__main__":
    sys.exit(main())
