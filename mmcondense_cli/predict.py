"""What happens in videos: a table, JSON lines, and copies with motion and predictions drawn in."""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from .starting import (
    import_plugin,
    load_config,
    missing_file,
    not_weights,
    plain_warnings,
    stop,
)

if TYPE_CHECKING:  # seconds of torch, which --help does without
    from rich.table import Table

LOG = "predictions.jsonl"


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mmcondense predict", description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="video or folder of videos")
    parser.add_argument("config", metavar="CONFIG", help="config file, of this package or stock")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="that was trained with it")
    parser.add_argument(
        "--label-map",
        metavar="FILE",
        help="class name per line; default: as the checkpoint or the config's data set has them",
    )
    parser.add_argument("--device", help="such as cpu or cuda:0; default: a GPU if there is one")
    parser.add_argument(
        "--out-dir",
        metavar="FOLDER",
        type=Path,
        help=f"for {LOG}, which a second run goes on with, and for the annotated videos",
    )
    parser.add_argument("--no-video", action="store_true", help=f"write {LOG} alone")
    parser.add_argument(
        "--style", choices=["arrows", "colours"], default="arrows", help="of motion"
    )
    parser.add_argument(
        "--window-seconds", type=float, help="predict windows of this length, for long videos"
    )
    parser.add_argument(
        "--stride-seconds", type=float, help="from window to window; default: no overlap"
    )
    parser.add_argument("--topk", type=int, default=5, help="classes to name (default: 5)")
    parser.add_argument(
        "--batch-size", type=int, default=1, help="windows at once, of one or several videos"
    )
    parser.add_argument(
        "--on-missing-motion",
        choices=["raise", "transcode"],
        help="of a codec without vectors (VP8, AV1): an error, or re-encode it in memory; default: "
        "as the config's test data set says, else an error",
    )
    parser.add_argument("--cfg-options", nargs="+", default=[], help="override config, key=value")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every input could be read, 1 if not; results of the others are written all the same."""
    args = parse_args(arguments)
    missing = missing_file(args)
    if missing:
        return stop(missing)
    if args.label_map is not None and not os.path.isfile(args.label_map):
        return stop(f"no label map at {args.label_map}: a file with a class name per line")
    if not any("://" in one or os.path.exists(one) for one in args.inputs):
        return stop(f"no such file or folder: {', '.join(args.inputs)}")
    try:
        import_plugin()
    except ImportError as error:  # in the base install, with all that is missing and how to get it
        return stop(str(error))
    from mmcondense.apis.inference_inputs import UsageError, expand_inputs
    from mmcondense.apis.inferencer import CompressedActionInferencer

    try:
        videos = expand_inputs(args.inputs)
        inferencer = CompressedActionInferencer(
            load_config(args.config, args.cfg_options),
            args.checkpoint,
            device=args.device,
            label_file=args.label_map,
            on_missing_motion=args.on_missing_motion,
        )
        if args.out_dir is not None:
            args.out_dir.mkdir(parents=True, exist_ok=True)
        with plain_warnings():
            return _predict(args, inferencer, videos)
    except (UsageError, FileNotFoundError) as error:
        return stop(str(error))
    except UnpicklingError:
        return stop(not_weights(args.checkpoint))


def _predict(args: argparse.Namespace, inferencer: Any, videos: Sequence[str]) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from compressedvideo import CodecError
    from mmcondense.apis.annotated_video import annotated_paths, write_annotated_video

    draws = args.out_dir is not None and not args.no_video
    paths = annotated_paths(videos, out_dir=str(args.out_dir)) if draws else {}
    stream = inferencer.stream(
        videos,
        batch_size=args.batch_size,
        top_k=args.topk,
        window_seconds=args.window_seconds,
        stride_seconds=args.stride_seconds,
        log=args.out_dir / LOG if args.out_dir is not None else None,
    )
    names = short_names(videos)
    rows: list[tuple[str, ...]] = []
    broken: dict[str, str] = {}
    resumed = num_done = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Predicting", total=len(videos))
        for video, predictions in groupby(stream, key=lambda one: one["input"]):
            windows = []
            for one in predictions:
                windows.append(_without_scores(one))
                share = len(windows) / one.get("num_windows", 1)
                progress.update(task, completed=num_done + share)
            for window in windows:
                if "error" in window:
                    broken[video] = window["error"]
            rows += table_rows(names[video], windows)
            all_resumed = all(one.get("resumed") for one in windows)
            resumed += all_resumed
            predicted = any("top_k" in one for one in windows)
            if draws and predicted and not (all_resumed and paths[video].exists()):
                progress.update(task, description="Drawing")
                try:
                    write_annotated_video(
                        video,
                        windows,
                        path=paths[video],
                        style=args.style,
                        on_missing_motion=inferencer.on_missing_motion,
                    )
                except CodecError as error:
                    broken.setdefault(video, str(error))
                progress.update(task, description="Predicting")
            num_done += 1
            progress.update(task, completed=num_done)
    Console().print(make_table(rows))
    if args.out_dir is not None:
        if resumed:
            print(f"{resumed} of {len(videos)} videos were predicted before")
        print(f"written to {args.out_dir}: {LOG}{' and the annotated videos' if draws else ''}")
    for message in broken.values():
        print(f"error: {message}", file=sys.stderr)
    if broken:
        print(f"{len(broken)} of {len(videos)} videos have errors", file=sys.stderr)
    return 1 if broken else 0


def _without_scores(prediction: dict) -> dict:
    """Of hours of video only the best classes are kept in memory."""
    return {key: value for key, value in prediction.items() if key != "pred_scores"}


def short_names(videos: Sequence[str]) -> dict[str, str]:
    """File names where no two are the same, else paths."""
    names = {video: os.path.basename(video) for video in videos}
    return names if len(set(names.values())) == len(names) else {video: video for video in videos}


def table_rows(video: str, predictions: Sequence[dict]) -> list[tuple[str, ...]]:
    """Video, time, best class, its score, and the next classes: a row for each change of the best.

    Scores are means over the windows of a row.
    """
    rows: list[tuple[str, ...]] = []
    for best, group in groupby(predictions, key=_best_name):
        windows = list(group)
        begin, end = windows[0].get("start_seconds"), windows[-1].get("end_seconds")
        time = "" if begin is None or end is None else f"{begin:.1f} - {end:.1f} s"
        if best is None:
            rows.append((video, time, "error, see below", "", ""))
            continue
        means = mean_scores(one["top_k"] for one in windows)
        name, score = best, means.pop(best)
        others = sorted(means.items(), key=lambda item: -item[1])[: len(windows[0]["top_k"]) - 1]
        following = ", ".join(f"{other} {mean:.2f}" for other, mean in others)
        rows.append((video, time, name, f"{score:.2f}", following))
    return rows


def _best_name(prediction: dict) -> str | None:
    return prediction["top_k"][0]["name"] if "top_k" in prediction else None


def mean_scores(windows: Iterable[Sequence[dict]]) -> dict[str, float]:
    """Mean over windows of the score of each class; 0 where a window does not name it."""
    sums: dict[str, float] = defaultdict(float)
    count = 0
    for best in windows:
        count += 1
        for entry in best:
            sums[entry["name"]] += entry["score"]
    return {name: total / count for name, total in sums.items()}


def make_table(rows: Sequence[tuple[str, ...]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("video", "time", "prediction", "score", "next", box=None, pad_edge=False)
    last = None
    for video, *cells in rows:
        name = "" if video == last else video
        table.add_row(Text(name, overflow="fold"), *map(Text, cells))
        last = video
    return table


if __name__ == "__main__":
    sys.exit(main())
