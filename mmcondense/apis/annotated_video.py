"""Predictions of a video's windows in, a copy of the video with them in a timeline out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from mmcondense.datasets.opened_video import OpenedVideo

_MAX_ROWS = 5


def write_annotated_videos(
    predictions: Sequence[Mapping[str, Any]],
    *,
    out_dir: str,
    style: str = "arrows",
    on_missing_motion: str = "raise",
) -> list[str]:
    """One for each video of which any window was predicted, see :func:`write_annotated_video`.

    Returns:
        Their paths, in the order of the videos.
    """
    by_video: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for prediction in predictions:
        by_video[prediction["input"]].append(prediction)
    paths = annotated_paths(list(by_video), out_dir=out_dir)
    written = []
    for video, windows in by_video.items():
        if any("top_k" in window for window in windows):
            write_annotated_video(
                video,
                windows,
                path=paths[video],
                style=style,
                on_missing_motion=on_missing_motion,
            )
            written.append(str(paths[video]))
    return written


def annotated_paths(videos: Sequence[str], *, out_dir: str) -> dict[str, Path]:
    """A file in ``out_dir`` for each video, and none for two: ``clip.mp4``, ``clip_2.mp4``, ...

    None is one of the videos.
    """
    paths: dict[str, Path] = {}
    taken = {Path(video).resolve() for video in videos}
    for video in videos:
        stem = Path(video).stem
        path, number = Path(out_dir, f"{stem}.mp4"), 1
        while path.resolve() in taken:
            number += 1
            path = Path(out_dir, f"{stem}_{number}.mp4")
        paths[video] = path
        taken.add(path.resolve())
    return paths


def write_annotated_video(
    video: str,
    predictions: Sequence[Mapping[str, Any]],
    *,
    path: Path,
    style: str = "arrows",
    on_missing_motion: str = "raise",
) -> None:
    """Draw motion on each frame, and below it the best classes over time.

    Args:
        video: Path or address.
        predictions: Of its windows, in order, with ``top_k``; those with ``error`` stay empty.
        path: File to write, in an existing folder.
        style: ``'arrows'`` or ``'colours'``.
        on_missing_motion: Of CompressedVideo.

    Raises:
        CodecError: If a frame cannot be read.
    """
    from compressedvideo.drawing.annotate import annotate, caption_of
    from compressedvideo.drawing.overlay import picture_size
    from compressedvideo.drawing.timeline import Timeline

    with OpenedVideo(video, on_missing_motion=on_missing_motion) as opened:
        reader = opened.open()
        duration = opened.num_frames / (opened.fps or 25)
        timeline = Timeline(
            picture_size(reader.width, reader.height)[0],
            duration,
            rows=score_rows(predictions, duration=duration),
            caption=caption_of(reader, style=style),
        )
        annotate(reader, path, timeline, style=style)


def score_rows(predictions: Sequence[Mapping[str, Any]], *, duration: float) -> list:
    """Of the best classes, by their mean score, the spans in which each score holds.

    Where windows overlap, a score holds from halfway to the window before to halfway to the next.
    """
    from compressedvideo.drawing.timeline import ScoreRow

    windows = [prediction for prediction in predictions if "start_seconds" in prediction]
    middles = [(w["start_seconds"] + w["end_seconds"]) / 2 for w in windows]
    between = [(a + b) / 2 for a, b in pairwise(middles)]
    begins, ends = [0.0, *between], [*between, duration + 1]
    spans: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for window, begin, end in zip(windows, begins, ends, strict=True):
        if "top_k" not in window:
            continue
        for best in window["top_k"]:
            spans[best["name"]].append((begin, end, best["score"]))
    totals = {name: sum(s * (e - b) for b, e, s in found) for name, found in spans.items()}
    names = sorted(totals, key=lambda name: (-totals[name], name))[:_MAX_ROWS]
    return [ScoreRow(name, spans[name]) for name in names]
