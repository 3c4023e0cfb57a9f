"""Pictures of a data set as the network gets it: I-frames, motion, residuals, and predictions.

python tools/visualizations/browse_dataset.py CONFIG --split val --num 20 --out browse/
    [--checkpoint CHECKPOINT] [--html] [--bits] [--full-pixels PIXELS]

Arrows lie on the pixels of the frame that they belong to. Colours and arrows have one scale in all
pictures: the 99th percentile of up to 16 of the clips drawn, or the length that is given.
"""

from __future__ import annotations

import argparse
import html
import logging
import re
from collections.abc import Sequence
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from mmaction.registry import DATASETS
from mmaction.structures import ActionDataSample
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmengine.utils import import_modules_from_strings
from rich.progress import track

from compressedvideo import CodecError
from mmcondense.apis.checkpoint import load_recognizer
from mmcondense.apis.clip_picture import ClassScores, ClipView, draw_clip, full_length
from mmcondense.apis.own_pixels import with_own_pixels
from mmcondense.datasets import CompressedVideoDataset
from mmcondense.datasets.storage import open_video
from mmcondense.datasets.transforms import FormatCompressedShape

_CLIPS_FOR_SCALE = 16


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file")
    parser.add_argument("--split", choices=["train", "val", "test"], default="train")
    parser.add_argument("--num", type=int, default=10, help="clips, spread over the data set")
    parser.add_argument("--out", required=True, type=Path, help="folder for the pictures")
    parser.add_argument("--checkpoint", help="adds this model's highest scores to each picture")
    parser.add_argument(
        "--html", action="store_true", help="also write index.html with all of them"
    )
    parser.add_argument(
        "--bits",
        action="store_true",
        help="also draw what each macroblock cost in bits (MPEG-4 part 2, H.264, HEVC, VP9)",
    )
    parser.add_argument(
        "--full-pixels",
        type=float,
        metavar="PIXELS",
        help="motion of this length has full colour, as in other pictures; default: from the clips",
    )
    parser.add_argument("--segments", type=int, default=8, help="columns at most, evenly spread")
    parser.add_argument("--top-k", type=int, default=3, help="classes to list for each score")
    parser.add_argument(
        "--classes",
        type=Path,
        help="file with a class name per line; default: classes.txt beside the annotation file",
    )
    parser.add_argument("--seed", type=int, default=0, help="of random sampling, crops and flips")
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    args = parser.parse_args(arguments)
    if min(args.num, args.segments, args.top_k) < 1:
        parser.error("--num, --segments and --top-k must be at least 1")
    if args.full_pixels is not None and not args.full_pixels > 0:
        parser.error("--full-pixels must be above 0")
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if cfg.get("custom_imports"):
        import_modules_from_strings(**cfg.custom_imports)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    set_random_seed(args.seed)
    dataset = build_dataset(cfg, args.split)
    names = class_names(args.classes, dataset)
    model: BaseModel | None = None
    if args.checkpoint is not None:
        model = load_recognizer(cfg, args.checkpoint, device=args.device)

    args.out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    indices = np.unique(np.linspace(0, len(dataset) - 1, args.num).round().astype(int))
    full = args.full_pixels or scale_of(dataset, indices, segments=args.segments)
    set_random_seed(args.seed)
    for index in track(indices, description=f"Drawing {args.split}"):
        try:
            view, packed = view_sample(
                dataset, int(index), names=names, segments=args.segments, with_bits=args.bits
            )
        except CodecError as error:
            print_log(f"Skipping a video: {error}", level=logging.WARNING)
            continue
        view.full_pixels = full
        if model is not None:
            view.predictions = predict(model, packed, names=names, top_k=args.top_k)
        stem = re.sub(r"[^\w-]+", "_", Path(dataset.get_data_info(int(index))["filename"]).stem)
        path = args.out / f"{args.split}_{index:06d}_{stem}.png"
        draw_clip(view).savefig(path)
        written.append(path)
    if not written:
        raise SystemExit(f"none of the {len(indices)} videos could be read, see above")
    print(f"{len(written)} pictures in {args.out}")
    if args.html:
        page = args.out / "index.html"
        page.write_text(html_page(f"{args.config}, {args.split}", written), encoding="utf-8")
        print(f"All of them on one page: {page}")


def build_dataset(cfg: Config, split: str) -> CompressedVideoDataset:
    """The split's data set, out of any wrapper around it.

    Raises:
        SystemExit: if there is none, or it does not read compressed video.
    """
    loader = cfg.get(f"{split}_dataloader")
    if loader is None:
        raise SystemExit(f"{cfg.filename} has no {split}_dataloader")
    dataset = DATASETS.build(loader.dataset)
    while hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    if not isinstance(dataset, CompressedVideoDataset):
        raise SystemExit(
            f"{split}_dataloader has a {type(dataset).__name__}, and this tool draws "
            "CompressedVideoDataset; for others: MMAction2's tools/visualizations"
        )
    return dataset


def class_names(path: Path | None, dataset: CompressedVideoDataset) -> list[str]:
    """Class names by label; empty where no file gives them, and labels are shown as numbers."""
    path = path or Path(dataset.ann_file).parent / "classes.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def name_of(label: int, names: Sequence[str]) -> str:
    return names[label] if label < len(names) and names[label] else f"class {label}"


def scale_of(
    dataset: CompressedVideoDataset, indices: np.ndarray, *, segments: int
) -> float | None:
    """The motion length for full colour that goes with clips of a data set; None if none has any.

    Args:
        indices: Of the clips that will be drawn; up to 16 of them are looked at.
        segments: See :func:`view_sample`.
    """
    some = np.linspace(0, len(indices) - 1, min(len(indices), _CLIPS_FOR_SCALE)).round().astype(int)
    fields = []
    for index in indices[some]:
        try:
            view, _ = view_sample(dataset, int(index), names=[], segments=segments)
        except CodecError:
            continue  # which is said when it is to be drawn
        if view.motion is not None:
            fields.append(view.motion[:, ::2, ::2].reshape(-1, 2))
    return full_length(np.concatenate(fields)) if fields else None


def view_sample(
    dataset: CompressedVideoDataset,
    index: int,
    *,
    names: Sequence[str],
    segments: int,
    with_bits: bool = False,
) -> tuple[ClipView, dict]:
    """Run the pipeline, and look at the clip where it is formatted.

    Args:
        segments: Columns at most.
        with_bits: Add the bits of the macroblocks, from the file.

    Returns:
        The first clip and crop of the sample, and the packed sample.

    Raises:
        CodecError: if the video cannot be read.
        SystemExit: if the pipeline has no FormatCompressedShape.
    """
    results = dataset.get_data_info(index)
    label = " + ".join(name_of(i, names) for i in _labels(results["label"]))
    title = f"{results['filename']}    label: {label}"
    view: ClipView | None = None
    for transform in with_own_pixels(dataset.pipeline.transforms):
        results = transform(results)
        if isinstance(transform, FormatCompressedShape):
            columns = _columns(results["clip_len"], segments)
            view = _view(results, transform, columns=columns, title=title)
            if with_bits:
                frame_inds = np.asarray(results["frame_inds"])[columns]
                with open_video(results) as video:
                    view.bits = video.read(frame_inds, modalities=("bits",)).bits
    if view is None:
        raise SystemExit("the pipeline has no FormatCompressedShape, so there is nothing to draw")
    view.label = label
    return view, results


def _labels(label: int | torch.Tensor) -> list[int]:
    return [label] if isinstance(label, int) else torch.nonzero(label).flatten().tolist()


def _columns(clip_len: int, segments: int) -> np.ndarray:
    """Which segments of the first clip to draw, evenly spread."""
    return np.unique(np.linspace(0, clip_len - 1, min(segments, clip_len)).round().astype(int))


def _view(
    results: dict, formatter: FormatCompressedShape, *, columns: np.ndarray, title: str
) -> ClipView:
    clip_len = results["clip_len"]
    # a clip that is one GOP has one I-frame
    one_iframe = len(results["iframe_inds"]) < results["num_clips"] * clip_len
    iframe_columns = np.zeros_like(columns) if one_iframe else columns
    restored = {
        modality: formatter.restore(modality, results[modality])[
            iframe_columns if modality == "iframe" else columns
        ]
        for modality in ("iframe", "rgb", "motion", "flow", "residual")
        if modality in results
    }
    height, width = results["img_shape"]
    shown = f"{len(columns)} of {clip_len} segments" if len(columns) < clip_len else ""
    flipped = "flipped" if results.get("flip") else ""
    facts = [title, f"{width}x{height}", flipped, shown]
    virtual, types = results["iframe_is_virtual"], results["frame_types"]
    return ClipView(
        title="    ".join(fact for fact in facts if fact),
        iframes=restored.get("iframe"),
        rgb=restored.get("rgb"),
        motion=restored.get("motion"),
        flow=restored.get("flow"),
        residual=restored.get("residual"),
        iframe_captions=[
            f"frame {results['iframe_inds'][i]}{' (virtual)' if virtual[i] else ''}"
            for i in iframe_columns
        ],
        motion_captions=[f"frame {results['frame_inds'][i]}, {types[i]}" for i in columns],
    )


def predict(
    model: BaseModel, packed: dict, *, names: Sequence[str], top_k: int
) -> list[ClassScores]:
    """The fused scores and, where the model has them, each stream's."""
    with torch.no_grad():
        sample: ActionDataSample = model.test_step(pseudo_collate([packed]))[0]
    fields = [key for key in sample.all_keys() if key.endswith("_score")]
    fields.sort(key=lambda key: (key != "pred_score", key))
    blocks = []
    for key in fields:
        all_scores: torch.Tensor = sample.get(key)
        scores, labels = torch.topk(all_scores, min(top_k, len(all_scores)))
        blocks.append(
            ClassScores(
                name="prediction" if key == "pred_score" else key.removesuffix("_score"),
                classes=[name_of(label, names) for label in labels.tolist()],
                scores=scores.tolist(),
            )
        )
    return blocks


def html_page(title: str, pictures: Sequence[Path]) -> str:
    """A page that shows ``pictures``, which lie beside it, one below the other."""
    figures = "\n".join(
        f'<figure><img src="{html.escape(path.name)}" loading="lazy" alt="">'
        f"<figcaption>{html.escape(path.stem)}</figcaption></figure>"
        for path in pictures
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        "<style>body{font:14px sans-serif;margin:2em}figure{margin:0 0 2em}"
        "img{max-width:100%;border:1px solid #ddd}</style>"
        f"<h1>{html.escape(title)}</h1>\n{figures}\n</html>\n"
    )


if __name__ == "__main__":
    main()
