"""Where, and in which frames, a recognizer sees the class that it names: class-activation maps.

    python tools/visualizations/draw_cam.py CONFIG CHECKPOINT VIDEO [VIDEO ...] --out cam/

writes a picture for each video, with a row for each stream (of IP-TSN I- and P-frames): the frames
that the network got, their own pixels in grey, and over them what speaks for the class, from dark
to bright; a line is drawn where it is half of the most. One scale for all frames of a stream. For
IP-TSN, CoViAR and recognizers of one stream, 2D or 3D, of this package or of MMAction2's for RGB.
Needs pytorch-grad-cam: pip install 'mmcondense[cam]'.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.config import Config, DictAction

from compressedvideo import CodecError
from mmcondense.apis import CompressedActionInferencer
from mmcondense.apis.class_activation import METHODS, StreamInput, activation_maps, streams_of
from mmcondense.apis.inference_inputs import UsageError, expand_inputs
from mmcondense.apis.own_pixels import with_own_pixels
from mmcondense.datasets.transforms import FormatCompressedShape

_TILE_INCHES, _DPI = 2.35, 110


@dataclass
class Row:
    """One stream's frames and what speaks for the class in them."""

    title: str
    pixels: np.ndarray  # [S, H, W, 3] uint8
    maps: np.ndarray  # [S, H, W] float32, 0 to 1
    captions: list[str]


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="config file")
    parser.add_argument("checkpoint", help="that was trained with it")
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="video or folder of videos")
    parser.add_argument("--out", required=True, type=Path, help="folder for the pictures")
    parser.add_argument("--label", type=int, help="class to look for; default: the one predicted")
    parser.add_argument(
        "--layer",
        help="of the backbones, such as layer3, whose maps are finer; default: their output",
    )
    parser.add_argument("--method", choices=METHODS, default="gradcam", help="(%(default)s)")
    parser.add_argument("--segments", type=int, default=8, help="columns at most, evenly spread")
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    args = parser.parse_args(arguments)
    if args.segments < 1:
        parser.error("--segments must be at least 1")
    return args


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    try:
        videos = expand_inputs(args.videos)
        cfg = Config.fromfile(args.config)
        if args.cfg_options is not None:
            cfg.merge_from_dict(args.cfg_options)
        inferencer = CompressedActionInferencer(cfg, args.checkpoint, device=args.device)
        args.out.mkdir(parents=True, exist_ok=True)
        failed = [video for video in videos if not _draw(inferencer, video, args)]
    except (FileNotFoundError, ImportError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if failed else 0


def _draw(inferencer: CompressedActionInferencer, video: str, args: argparse.Namespace) -> bool:
    """Whether the video could be read."""
    try:
        title, rows = explain(
            inferencer, video, label=args.label, layer=args.layer, method=args.method
        )
    except CodecError as error:
        print(f"error: {error}", file=sys.stderr)
        return False
    path = args.out / f"{Path(video).stem}_cam.png"
    draw_rows(title, rows, segments=args.segments).savefig(path)
    print(f"{path}: {title}")
    return True


def explain(
    inferencer: CompressedActionInferencer,
    video: str,
    *,
    label: int | None = None,
    layer: str | None = None,
    method: str = "gradcam",
) -> tuple[str, list[Row]]:
    """What speaks for a class in the first view of a video.

    Args:
        inferencer: Of a config and its checkpoint.
        video: Path or address.
        label: The class. None: the one predicted.
        layer, method: See :func:`~mmcondense.apis.class_activation.activation_maps`.

    Returns:
        A title, and a row for each stream.

    Raises:
        CodecError: If the video cannot be read.
        UsageError: If the model is none of those that are explained, or has no such class or layer.
    """
    results = dict(filename=video, label=-1, start_index=0, modality="RGB")
    seen: dict[str, Any] = {}
    for transform in with_own_pixels(inferencer.pipeline.transforms):
        results = transform(results)
        if isinstance(transform, FormatCompressedShape):
            seen = dict(results)
        elif "frame_inds" in results:
            seen = {"frame_inds": results["frame_inds"], **seen}
    sample = inferencer.collate_fn([results])
    prediction = inferencer.pred2dict(inferencer.forward(sample)[0], top_k=1)
    scores = prediction["pred_scores"]
    label = prediction["pred_labels"][0] if label is None else label
    if not 0 <= label < len(scores):
        raise UsageError(f"label {label} is none of the {len(scores)} classes, numbered from 0")
    rows = []
    for name, stream in streams_of(inferencer.model, sample).items():
        maps = activation_maps(stream, label, layer=layer, method=method)
        pixels, captions = _frames_of(stream, results, seen)
        count = min(len(maps), len(pixels), len(captions))
        rows.append(Row(name, pixels[:count], maps[:count], captions[:count]))
    return f"{Path(video).name}    {inferencer.name_of(label)}  {scores[label]:.2f}", rows


def _frames_of(
    stream: StreamInput, results: dict, seen: dict[str, Any]
) -> tuple[np.ndarray, list[str]]:
    """The pictures of a stream's first view, [S, H, W, 3] uint8, and what stands below them."""
    if "rgb" not in seen:  # a stock pipeline: they are what the network gets
        pixels = results["inputs"].numpy()
        captions = [f"frame {index}" for index in np.ravel(seen["frame_inds"])]
    elif stream.modality == "iframe":
        pixels = np.asarray(seen["iframe"])
        captions = [f"frame {index}, I" for index in seen["iframe_inds"]]
    else:
        pixels = np.asarray(seen["rgb"])
        pairs = zip(seen["frame_inds"], seen["frame_types"], strict=True)
        captions = [f"frame {index}, {kind}" for index, kind in pairs]
    if pixels.ndim == 5:  # [V, 3, S, H, W]
        pixels = pixels[0].swapaxes(0, 1)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), captions


def draw_rows(title: str, rows: Sequence[Row], *, segments: int) -> Figure:
    """The rows, of ``segments`` frames at most; save it with ``figure.savefig(path)``."""
    shown = [
        np.unique(np.linspace(0, len(row.maps) - 1, min(segments, len(row.maps))).round())
        for row in rows
    ]
    columns = max(map(len, shown))
    height, width = rows[0].maps.shape[1:]
    size = columns * _TILE_INCHES + 0.3, len(rows) * (_TILE_INCHES * height / width + 0.3) + 0.4
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left", parse_math=False)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes_of_row, row, indices in zip(grid, rows, shown, strict=True):
        for axes in axes_of_row[len(indices) :]:
            axes.set_axis_off()
        for axes, index in zip(axes_of_row, indices.astype(int), strict=False):
            grey = row.pixels[index].mean(axis=-1) / 255
            heat = row.maps[index]
            extent = (-0.5, heat.shape[1] - 0.5, heat.shape[0] - 0.5, -0.5)
            axes.imshow(grey, cmap="gray", vmin=0, vmax=1, extent=extent, interpolation="nearest")
            axes.imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=0.75 * heat, extent=extent)
            if heat.min() < 0.5 < heat.max():
                axes.contour(heat, [0.5], colors="white", linewidths=1)
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(row.captions[index], fontsize=8, labelpad=2)
        axes_of_row[0].set_ylabel(row.title, fontsize=9)
    return figure


if __name__ == "__main__":
    sys.exit(main())
