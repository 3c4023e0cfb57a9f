"""What TSD's split saves: bytes sent, accuracy, and time on each side, beside uniform sampling.

    python tools/benchmarks/benchmark_tsd.py CONFIG DIR [--codec jpeg] [--quality 90]

DIR holds client.onnx and cloud.onnx (``mmcondense export --split halves``); clips are those of the
config's test data. Rows, per video, means over the data set:

- all frames: what sending every frame would take; nobody classifies them
- TSD: the distilled frames
- uniform: as many frames at equal distances, at the same quality
- uniform, equal bytes: the same frames at the highest quality that takes no more bytes than TSD

Uniform frames go to ``--uniform-cloud``, a recognizer trained on such, else to TSD's own cloud.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mmcondense.apis import TSDClient, TSDCloud
from mmcondense.apis.tsd_packet import CODECS, pack

_CALIBRATION_VIDEOS = 30


@dataclass
class Row:
    """Sums over the videos so far."""

    name: str
    quality: int | None
    num_bytes: int = 0
    num_correct: int = 0
    client_seconds: float = 0.0
    cloud_seconds: float = 0.0
    has_scores: bool = field(default=True)


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file, for its test data")
    parser.add_argument("folder", type=Path, help="folder of client.onnx and cloud.onnx")
    parser.add_argument("--uniform-cloud", type=Path, help="cloud.onnx for uniform frames")
    parser.add_argument("--codec", choices=CODECS, default="jpeg")
    parser.add_argument("--quality", type=int, default=90, help="of jpeg and webp, 1 to 100")
    parser.add_argument("--num", type=int, help="videos, evenly spread; default: all")
    parser.add_argument("--num-threads", type=int, default=1, help="of one network")
    parser.add_argument("--json", action="store_true", help="print the rows as the last line")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    return parser.parse_args(arguments)


def uniform_frames(clip: np.ndarray, num_frames: int) -> np.ndarray:
    """[T, H, W, 3] to the frames in the middle of equal segments, as UniformFrames."""
    return clip[((np.arange(num_frames) + 0.5) * len(clip) / num_frames).astype(int)]


def equal_quality(pairs: Sequence[tuple[np.ndarray, int]], *, codec: str) -> int:
    """The highest quality at which the frames take no more bytes than allowed, all together.

    Args:
        pairs: Frames [K, H, W, 3] and the bytes that they may take.
        codec: ``jpeg`` or ``webp``.

    Returns:
        1 to 100; 1 also where even that takes more.
    """
    allowed = sum(num_bytes for _, num_bytes in pairs)
    low, high = 1, 100
    while low < high:
        middle = (low + high + 1) // 2
        if sum(len(pack(frames, codec=codec, quality=middle)) for frames, _ in pairs) <= allowed:
            low = middle
        else:
            high = middle - 1
    return low


def load_clips(dataset: object, index: int) -> tuple[np.ndarray, int]:
    """[Q, T, H, W, 3] uint8 of a video, and its label."""
    sample = dataset[index]  # type: ignore[index]
    clips = sample["inputs"].permute(0, 2, 3, 4, 1).contiguous().numpy()
    return clips, int(sample["data_samples"].gt_label)


def send(row: Row, client_frames: Sequence[np.ndarray], label: int, codec: str, cloud: TSDCloud):
    """Pack, classify, and add to the row."""
    start = time.perf_counter()
    packets = [pack(f, codec=codec, quality=row.quality or 100) for f in client_frames]
    sent = time.perf_counter()
    scores = cloud(packets)
    row.client_seconds += sent - start
    row.cloud_seconds += time.perf_counter() - sent
    row.num_bytes += sum(map(len, packets))
    row.num_correct += int(scores.argmax()) == label


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if cfg.get("custom_imports"):
        import_modules_from_strings(**cfg.custom_imports)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    client = TSDClient(args.folder / "client.onnx", num_threads=args.num_threads)
    cloud = TSDCloud(args.folder / "cloud.onnx", num_threads=args.num_threads)
    uniform_cloud = cloud
    if args.uniform_cloud is not None:
        uniform_cloud = TSDCloud(args.uniform_cloud, num_threads=args.num_threads)
    num_kept = cloud.shape[0]
    num_videos = min(args.num or len(dataset), len(dataset))
    indices = np.linspace(0, len(dataset) - 1, num_videos).round().astype(int).tolist()

    lossy = args.codec in ("jpeg", "webp")
    quality = args.quality if lossy else None
    rows = [
        Row("all frames", quality, has_scores=False),
        Row("TSD", quality),
        Row("uniform", quality),
    ]
    if lossy:
        pairs = []
        for index in indices[:: max(1, num_videos // _CALIBRATION_VIDEOS)]:
            for clip in load_clips(dataset, index)[0]:
                packet = pack(client.distil(clip), codec=args.codec, quality=args.quality)
                pairs.append((uniform_frames(clip, num_kept), len(packet)))
        rows.append(Row("uniform, equal bytes", equal_quality(pairs, codec=args.codec)))

    for index in track(indices, description="Sending"):
        clips, label = load_clips(dataset, index)
        all_frames, tsd, *uniforms = rows
        for clip in clips:
            all_frames.num_bytes += len(pack(clip, codec=args.codec, quality=quality or 100))
        start = time.perf_counter()
        distilled = [client.distil(clip) for clip in clips]
        tsd.client_seconds += time.perf_counter() - start
        send(tsd, distilled, label, args.codec, cloud)
        for row in uniforms:
            frames = [uniform_frames(clip, num_kept) for clip in clips]
            send(row, frames, label, args.codec, uniform_cloud)
    report(rows, num_videos, args)


def report(rows: Sequence[Row], num_videos: int, args: argparse.Namespace) -> None:
    table = Table(
        title=f"{args.config}, {num_videos} videos, {args.codec}, {args.num_threads} thread(s)",
        title_justify="left",
    )
    table.add_column("sent")
    for column in ("quality", "bytes", "of all frames", "top-1, %", "client, ms", "cloud, ms"):
        table.add_column(column, justify="right")
    for row in rows:
        share = row.num_bytes / rows[0].num_bytes
        cells = ["", "", ""]
        if row.has_scores:
            cells = [
                f"{100 * row.num_correct / num_videos:.1f}",
                f"{1e3 * row.client_seconds / num_videos:.1f}",
                f"{1e3 * row.cloud_seconds / num_videos:.1f}",
            ]
        quality = "" if row.quality is None else str(row.quality)
        table.add_row(
            row.name, quality, f"{row.num_bytes / num_videos:,.0f}", f"{share:.1%}", *cells
        )
    Console(width=110).print(table)
    if args.json:
        print(json.dumps(dict(num_videos=num_videos, rows=[asdict(row) for row in rows])))


if __name__ == "__main__":
    main()
