"""Condense a data set once: a JPEG per clip, which any stock MMAction2 config trains on.

    python tools/condense_dataset.py CONFIG CHECKPOINT --out data/ucf101/ifs
    torchrun --nproc_per_node 4 tools/condense_dataset.py CONFIG CHECKPOINT --out data/ucf101/ifs

writes OUT/frames/VIDEO/img_00001.jpg, ..., one for each clip of each video of the annotation file,
and OUT/train.txt (with --split val OUT/val.txt), an annotation file for RawframeDataset with
data_prefix=dict(img='OUT/frames'); for UCF101 and HMDB51 OUT/train_split_1.txt and so on. The
config says how clips are read in condense_pipeline. A video's folder appears once it is complete,
so call the tool again to go on where it was cut, on any number of processes. Videos that cannot be
read are listed at the end and left out (exit code 1). CHECKPOINT is `none` for condensers that
learn nothing; it may be of other tasks or classes, only what condenses is loaded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import cv2
import numpy as np
import torch
from mmaction.datasets import VideoDataset
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.dist import all_reduce, barrier, get_rank, get_world_size, init_dist
from mmengine.registry import init_default_scope
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from torch.utils.data import DataLoader

from compressedvideo import CodecError
from mmcondense.models.condensers import CondenserModel, as_rgb, load_condenser
from mmcondense.models.condensers.condenser_model import flatten_views

_RECORD = "condense.json"
SUBSAMPLING = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}


@dataclass
class Totals:
    """What one process did; sums over processes make sense."""

    videos: int = 0
    """Condensed."""
    failed: int = 0
    """Not readable."""
    images: int = 0
    """Written."""
    bytes_images: int = 0
    """Size of these."""
    bytes_frames: float = 0.0
    """Estimate: the clips' frames as JPEGs of the same quality, all like the first of a clip."""
    bytes_videos: int = 0
    """Size of the condensed videos' files."""
    seconds_loader: float = 0.0
    """Waiting for clips."""
    seconds_network: float = 0.0
    """Condensing."""
    seconds_writing: float = 0.0
    """Encoding and writing JPEGs."""


class Videos(torch.utils.data.Dataset):
    """Chosen videos of a data set: number, packed clips or None, and what went wrong."""

    def __init__(self, dataset: VideoDataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: int) -> tuple[int, dict | None, str]:
        index = self.indices[item]
        try:
            return index, self.dataset[index], ""
        except CodecError as error:
            return index, None, str(error)


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="config of a CondenserModel or a CondenseRecognizer")
    parser.add_argument("checkpoint", help="its weights; none: the condenser has no parameters")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--split", choices=["train", "val", "test"], default="train")
    parser.add_argument("--quality", type=int, default=95, help="of the JPEGs (%(default)s)")
    parser.add_argument(
        "--subsampling",
        choices=list(SUBSAMPLING),
        default="444",
        help="of the JPEGs' colours: 420 halves their resolution, as most JPEGs do, and with it "
        "what colours of neighbouring pixels can carry (%(default)s)",
    )
    parser.add_argument(
        "--batch-size", type=int, default=32, help="clips condensed at once (%(default)s)"
    )
    parser.add_argument("--num-workers", type=int, default=2, help="per process (%(default)s)")
    parser.add_argument(
        "--untrained", action="store_true", help="random weights, seed 0: CHECKPOINT is none"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    args = parser.parse_args(arguments)
    if args.checkpoint != "none" and not Path(args.checkpoint).is_file():
        parser.error(f"no checkpoint at {args.checkpoint}")
    if args.untrained and args.checkpoint != "none":
        parser.error("--untrained and a checkpoint exclude each other")
    if not 1 <= args.quality <= 100 or args.batch_size < 1:
        parser.error("--quality is from 1 to 100, --batch-size at least 1")
    return args


def build_model(
    cfg: Config, checkpoint: str, *, untrained: bool = False, whole: bool = False
) -> CondenserModel:
    """The config's model for testing, its condenser filled from ``checkpoint``, or from ``none``.

    Args:
        untrained: Random weights will do.
        whole: Keep what only training needs, such as decoders: they are drawn.

    Raises:
        ValueError: if it has no condenser, or one with parameters and no checkpoint is given.
    """
    model_cfg = cfg.model.to_dict()
    if model_cfg.get("type") == "CondenseRecognizer":  # its recognizer takes no part
        model_cfg = dict(
            type="CondenserModel",
            condenser=model_cfg["condenser"],
            data_preprocessor=model_cfg.get("data_preprocessor"),
        )
    if "condenser" not in model_cfg:
        raise ValueError(f"{cfg.filename}: {model_cfg['type']} has no condenser")
    if not whole:
        model_cfg["condenser"] = condenser_cfg(cfg)
    model = MODELS.build(model_cfg)
    if checkpoint != "none":
        load_condenser(model.condenser, checkpoint)
    elif untrained:
        torch.manual_seed(0)
        model.init_weights()
    elif any(True for _ in model.condenser.parameters()):
        raise ValueError(f"{type(model.condenser).__name__} has parameters: give its checkpoint")
    return model.eval()


def condenser_cfg(cfg: Config) -> dict:
    """The config's condenser without decoders and the like, so that weights of any tasks fit."""
    condenser = cfg.model.condenser.to_dict()
    return MODELS.get(condenser["type"]).config_for_use(condenser)


def build_dataset(cfg: Config, split: str) -> VideoDataset:
    """The split's data set with the config's ``condense_pipeline``; broken videos raise.

    Raises:
        ValueError: if the config has no such pipeline.
    """
    if "condense_pipeline" not in cfg:
        raise ValueError(
            f"{cfg.filename} has no condense_pipeline: the test pipeline with "
            "SampleGOPClips(num_clips=None), without crops and flips"
        )
    dataset_cfg = cfg[f"{split}_dataloader"].dataset.to_dict()
    dataset_cfg.update(pipeline=cfg.condense_pipeline, test_mode=True)
    return DATASETS.build(dataset_cfg)


def folder_names(dataset: VideoDataset) -> list[str]:
    """A folder for each video, named as in the annotation file, without the suffix.

    Raises:
        ValueError: if two videos would share one.
    """
    root = dataset.data_prefix.get("video", "")
    names: list[str] = []
    for index in range(len(dataset)):
        path = dataset.get_data_info(index)["filename"]
        names.append(Path(os.path.relpath(path, root or ".")).with_suffix("").as_posix())
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"several videos would be condensed to the same folder: {twice[:5]}")
    if any(name.startswith("..") for name in names):
        raise ValueError(f"videos lie outside data_prefix.video={root!r}")
    return names


def claim_folder(out: Path, settings: dict) -> None:
    """Record the settings before the first picture.

    Raises:
        ValueError: if the folder was begun with others.
    """
    record = out / _RECORD
    if record.exists():
        found = json.loads(record.read_text())
        if found != settings:
            raise ValueError(f"{out} was begun with {found}, asked for {settings}: choose another")
        return
    _write(record, (json.dumps(settings, indent=2) + "\n").encode())


def settings_of(cfg: Config, args: argparse.Namespace) -> dict:
    """What decides the pictures' bytes."""
    weights = "untrained" if args.untrained else "none"
    if args.checkpoint != "none":
        weights = hashlib.sha256(Path(args.checkpoint).read_bytes()).hexdigest()
    settings = dict(
        condenser=condenser_cfg(cfg),
        pipeline=cfg.condense_pipeline,
        data_preprocessor=cfg.model.get("data_preprocessor"),
        weights_sha256=weights,
        quality=args.quality,
        subsampling=args.subsampling,
        batch_size=args.batch_size,  # sums of convolutions may depend on it
    )
    return json.loads(json.dumps(settings))


@torch.no_grad()
def condense(model: CondenserModel, packed: dict, *, batch_size: int) -> tuple[Tensor, Tensor, int]:
    """All clips of a video.

    Returns:
        [N, K, H, W, 3] uint8 RGB, condensed; [N, H, W, 3] uint8, the clips' first frames; and T.
    """
    inputs = model.data_preprocessor(pseudo_collate([packed]), False)["inputs"]
    clip, num_clips = flatten_views(inputs)
    if isinstance(clip, dict) and "iframe" in clip:
        first, clip_len = clip["iframe"], 1 + max(x.shape[2] for x in clip.values() if x.ndim == 5)
    else:
        first, clip_len = as_rgb(clip)[:, :, 0], as_rgb(clip).shape[2]
    frames = []
    for start in range(0, num_clips, batch_size):
        part = slice(start, start + batch_size)
        piece = clip[part] if isinstance(clip, Tensor) else {k: v[part] for k, v in clip.items()}
        frames.append(model.condenser(piece))
    condensed = torch.cat(frames).permute(0, 2, 3, 4, 1)
    return _to_uint8(condensed), _to_uint8(first.permute(0, 2, 3, 1)), clip_len


def _to_uint8(frames: Tensor) -> Tensor:
    return ((frames.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu()


def encode_jpeg(image: np.ndarray, *, quality: int, subsampling: str) -> bytes:
    """[H, W, 3] uint8 RGB as a JPEG; ``subsampling`` is one of SUBSAMPLING.

    Raises:
        OSError: if OpenCV does not write it.
    """
    settings = {
        cv2.IMWRITE_JPEG_QUALITY: quality,
        cv2.IMWRITE_JPEG_OPTIMIZE: 1,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: SUBSAMPLING[subsampling],
    }
    arguments = [number for pair in settings.items() for number in pair]
    done, data = cv2.imencode(".jpg", image[..., ::-1], arguments)
    if not done:
        raise OSError(f"OpenCV could not encode an image of {image.shape} as JPEG")
    return data.tobytes()


def write_folder(folder: Path, images: Iterator[bytes]) -> int:
    """Write img_00001.jpg, ... aside, then rename the folder; returns their size in bytes."""
    aside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    size = 0
    for number, data in enumerate(images, start=1):
        (aside / f"img_{number:05}.jpg").write_bytes(data)
        size += len(data)
    os.replace(aside, folder)
    return size


def run(
    model: CondenserModel, dataset: VideoDataset, names: Sequence[str], args: argparse.Namespace
) -> tuple[Totals, list[str]]:
    """Condense this process's share of the videos that are not there yet."""
    frames_root = args.out / "frames"
    todo = [i for i, name in enumerate(names) if not (frames_root / name).is_dir()]
    # every process must have listed the folders before the first one adds to them
    barrier()
    mine = todo[get_rank() :: get_world_size()]
    loader = DataLoader(
        Videos(dataset, mine), batch_size=None, num_workers=args.num_workers, prefetch_factor=None
    )
    totals, failures = Totals(), []
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), disable=get_rank() != 0) as progress:
        bar = progress.add_task("condensing", total=len(mine))
        started = time.perf_counter()
        for index, packed, error in loader:
            loaded = time.perf_counter()
            totals.seconds_loader += loaded - started
            if packed is None:
                failures.append(error)
                totals.failed += 1
                progress.console.print(f"failed: {error}", markup=False, soft_wrap=True)
            else:
                torch.manual_seed(zlib.crc32(names[index].encode()))  # for random condensers
                frames, first, clip_len = condense(model, packed, batch_size=args.batch_size)
                condensed = time.perf_counter()
                totals.seconds_network += condensed - loaded
                jpeg = dict(quality=args.quality, subsampling=args.subsampling)
                pictures = (encode_jpeg(i, **jpeg) for i in frames.flatten(0, 1).numpy())
                totals.bytes_images += write_folder(frames_root / names[index], pictures)
                totals.videos += 1
                totals.images += frames.shape[0] * frames.shape[1]
                totals.seconds_writing += time.perf_counter() - condensed
                sample = encode_jpeg(first[0].numpy(), **jpeg)
                totals.bytes_frames += len(sample) * len(first) * clip_len
                path = Path(dataset.get_data_info(index)["filename"])
                totals.bytes_videos += path.stat().st_size
            progress.update(bar, advance=1)
            started = time.perf_counter()
    return totals, failures


def annotation(dataset: VideoDataset, names: Sequence[str], frames_root: Path) -> str:
    """`folder number_of_images label` lines of the videos that were condensed."""
    lines = []
    for index, name in enumerate(names):
        if (frames_root / name).is_dir():
            label = dataset.get_data_info(index)["label"]
            labels = [label] if isinstance(label, int) else label
            count = sum(1 for _ in (frames_root / name).glob("img_*.jpg"))
            lines.append(f"{name} {count} {' '.join(map(str, labels))}\n")
    return "".join(lines)


def list_name(cfg: Config, part: str) -> str:
    """Of the annotation file: train.txt, or train_split_2.txt where the videos come in splits."""
    return f"{part}_split_{cfg.split}.txt" if "split" in cfg else f"{part}.txt"


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)


def add_up(totals: Totals) -> Totals:
    """The sums over all processes."""
    values = torch.tensor([float(v) for v in vars(totals).values()], dtype=torch.float64)
    all_reduce(values)
    return Totals(*values.tolist())


def describe(totals: Totals, *, seconds: float) -> str:
    busy = totals.seconds_loader + totals.seconds_network + totals.seconds_writing
    shares = [
        f"{100 * part / max(busy, 1e-9):.0f} %"
        for part in (totals.seconds_loader, totals.seconds_network, totals.seconds_writing)
    ]
    megabytes = totals.bytes_images / 2**20
    return (
        f"{totals.videos:.0f} videos condensed to {totals.images:.0f} images in {seconds:.1f} s: "
        f"{totals.images / max(seconds, 1e-9):.1f} images/s, {get_world_size()} process(es); "
        f"waiting for the loader {shares[0]}, network {shares[1]}, writing {shares[2]}\n"
        f"{megabytes:.2f} MiB of JPEGs in place of {totals.bytes_frames / 2**20:.2f} MiB for the "
        f"clips' frames as JPEGs (estimated from their first) and {totals.bytes_videos / 2**20:.2f}"
        f" MiB of videos; {totals.failed:.0f} failed"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    if "WORLD_SIZE" in os.environ and not torch.distributed.is_initialized():
        init_dist("pytorch", backend="nccl" if args.device == "cuda" else "gloo")
        if args.device == "cuda":
            args.device = f"cuda:{os.environ['LOCAL_RANK']}"
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        dataset = build_dataset(cfg, args.split)
        names = folder_names(dataset)
        model = build_model(cfg, args.checkpoint, untrained=args.untrained).to(args.device)
        if get_rank() == 0:
            claim_folder(args.out, settings_of(cfg, args))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    started = time.perf_counter()
    totals, failures = run(model, dataset, names, args)
    barrier()
    totals = add_up(totals)
    if get_rank() == 0:
        text = annotation(dataset, names, args.out / "frames")
        _write(args.out / list_name(cfg, args.split), text.encode())
        print(describe(totals, seconds=time.perf_counter() - started))
        for failure in failures:
            print(f"left out: {failure}", file=sys.stderr)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
