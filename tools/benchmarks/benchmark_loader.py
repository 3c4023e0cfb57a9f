"""Time our loader against FFmpeg's bare decode and against other loaders: what 16 segments cost.

Per file and variant one row: CPU and wall time of opening the video and reading what the variant
reads, as medians of several rounds. In a round every variant runs once, in one process, so that a
change of the machine's mood hits all alike.

    python tools/benchmarks/benchmark_loader.py clip.mp4 more.avi
    python tools/benchmarks/benchmark_loader.py --source any_video.mp4

The second form, and neither files nor source, makes the clips: MPEG-4 with GOP 12, H.264 (x264's
preset medium, with B-frames) with GOP 12 and 250, 3 and 10 seconds, 340x256.

Variants: ``full-decode`` decodes the whole clip with PyAV; ``needed-decode`` only what the sampled
P-frames need (see bare_decode.py), ``iframes-decode`` only their GOPs' key frames, ``pb-decode``
what segments of P- and B-frames need. All of them open the file, seek, demux and decode; colours
are not converted, vectors not exported. Ours open the file, too:
``BACKEND-previous`` and ``BACKEND-iframe`` return I-frames, motion and residuals of the segments,
``BACKEND-iframe-integer`` the same in CoViAR's whole pixels, ``BACKEND-pb`` those of the segments
of P- and B-frames, ``BACKEND-iframes-only`` the I-frames. ``BACKEND-vectors`` returns the motion
of every frame, painted: one float32 vector per pixel, in new memory. ``-reused`` writes them into
the memory of the round before (``read(out=...)``), ``-integer-reused`` as int16, and
``-by-gop-integer`` as int16, GOP by GOP; ``-cells`` returns a vector for each cell of 8x8 or 4x4
pixels. ``BACKEND-sampled-vectors`` and ``-sampled-cells`` are those of the segments alone.
Peers, where installed: ``motion-vector-extractor`` (vectors and BGR up to the last segment),
``mmaction2-pyav`` (PyAVDecodeMotionVector: vectors), ``decord`` (RGB of the segments).
``to_needed_decode`` divides by the bare decode of the packets that the variant needs, so for
``vectors`` by ``full-decode``, for ``iframes-only`` by ``iframes-decode``, for ``pb`` by
``pb-decode``.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from bare_decode import BareDecode
from benchmark_clips import make_clips
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from compressedvideo import (
    CompressedClip,
    CompressedVideo,
    NoMotionVectorsError,
    set_backend,
)

Variant = Callable[[], object]
MODALITIES = ("iframe", "motion", "residual")
YARDSTICKS = {
    "vectors": "full-decode",
    "vectors-reused": "full-decode",
    "vectors-integer-reused": "full-decode",
    "vectors-by-gop-integer": "full-decode",
    "vectors-cells": "full-decode",
    "iframes-only": "iframes-decode",
    "pb": "pb-decode",
}


def sample_frames(
    path: str, num_segments: int, *, kinds: tuple[str, ...] = ("P", "S")
) -> tuple[np.ndarray, np.ndarray]:
    """The P-frames that SampleCompressedFrames takes in testing, and their GOPs' I-frames.

    Returns:
        frame_inds [S], iframe_inds [K], K <= S, both ascending.
    """
    with CompressedVideo(path) as video:
        types = np.array(video.frame_types)
        predicted = np.flatnonzero(np.isin(types, kinds))
        keyframes = np.asarray(video.keyframes)
    middles = np.round((len(types) - 2) / num_segments * (np.arange(num_segments) + 0.5)) + 1
    frame_inds = predicted[np.maximum(np.searchsorted(predicted, middles, side="right") - 1, 0)]
    gops = np.searchsorted(keyframes, frame_inds, side="right") - 1
    return frame_inds, keyframes[np.unique(gops)]


def our_variants(
    path: str,
    frame_inds: np.ndarray,
    iframe_inds: np.ndarray,
    pb_inds: np.ndarray,
    *,
    backends: Sequence[str],
) -> dict[str, Variant]:
    """Our loader, opened anew by each call."""
    clips: dict[tuple[str, str], CompressedClip] = {}

    def read(backend: str, inds: np.ndarray | None, **kwargs) -> object:
        set_backend(backend)
        with CompressedVideo(path) as video:
            return video.read(np.arange(video.num_frames) if inds is None else inds, **kwargs)

    def read_again(backend: str, *, precision: str) -> object:
        set_backend(backend)
        key = backend, precision
        with CompressedVideo(path) as video:
            clips[key] = video.read(
                np.arange(video.num_frames),
                modalities=("motion",),
                precision=precision,
                out=clips.get(key),
            )
        return clips[key]

    def read_by_gop(backend: str) -> None:
        set_backend(backend)
        with CompressedVideo(path) as video:
            for begin, end in pairwise([*video.keyframes.tolist(), video.num_frames]):
                video.read(np.arange(begin, end), modalities=("motion",), precision="integer")

    readings: dict[str, Callable[[str], object]] = {
        "previous": partial(read, inds=frame_inds, reference="previous", modalities=MODALITIES),
        "iframe": partial(read, inds=frame_inds, reference="iframe", modalities=MODALITIES),
        "iframe-integer": partial(
            read, inds=frame_inds, reference="iframe", modalities=MODALITIES, precision="integer"
        ),
        "pb": partial(read, inds=pb_inds, reference="previous", modalities=MODALITIES),
        "vectors": partial(read, inds=None, modalities=("motion",)),
        "vectors-cells": partial(read, inds=None, modalities=("motion",), layout="cells"),
        "vectors-reused": partial(read_again, precision="subpixel"),
        "vectors-integer-reused": partial(read_again, precision="integer"),
        "vectors-by-gop-integer": read_by_gop,
        "sampled-vectors": partial(read, inds=frame_inds, modalities=("motion",)),
        "sampled-cells": partial(read, inds=frame_inds, modalities=("motion",), layout="cells"),
        "iframes-only": partial(read, inds=iframe_inds, modalities=("iframe",)),
    }
    return {
        f"{backend}-{name}": partial(reading, backend)
        for backend in backends
        for name, reading in readings.items()
    }


def available_backends() -> list[str]:
    backends = ["numpy"]
    try:
        set_backend("compiled")
        backends.append("compiled")
    except ImportError:
        pass
    return backends


def peer_variants(path: str, frame_inds: np.ndarray) -> dict[str, Variant]:
    """The same segments by other loaders, as far as those are installed."""
    variants: dict[str, Variant] = {}
    if extractor := _import("mvextractor.videocap"):

        def motion_vector_extractor() -> list:
            capture = extractor.VideoCap()
            capture.open(path)
            wanted, clip = set(frame_inds.tolist()), []
            for i in range(int(frame_inds.max()) + 1):
                _, bgr, vectors, _ = capture.read()
                if i in wanted:
                    clip.append((bgr, vectors))
            capture.release()
            return clip

        variants["motion-vector-extractor"] = motion_vector_extractor
    transforms = _import("mmaction.datasets.transforms")
    if transforms:
        init, decode = transforms.PyAVInit(), transforms.PyAVDecodeMotionVector()
        variants["mmaction2-pyav"] = lambda: decode(
            init(dict(filename=path, frame_inds=frame_inds, modality="RGB"))
        )
    if decord := _import("decord"):
        variants["decord"] = lambda: (
            decord.VideoReader(path, num_threads=1).get_batch(frame_inds).asnumpy()
        )
    return variants


def without_failing(variants: Mapping[str, Variant], console: Console) -> dict[str, Variant]:
    """Those that can read the file: peers fail on vectors and codecs that ours takes."""
    working = {}
    for name, variant in variants.items():
        try:
            variant()
            working[name] = variant
        except Exception as error:  # whatever foreign code raises
            console.print(f"Left out {name}: {type(error).__name__}: {error}", style="yellow")
    return working


def _import(name: str):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def time_variants(
    variants: Mapping[str, Variant], *, rounds: int, on_round: Callable[[], None]
) -> dict[str, tuple[float, float]]:
    """Median (CPU, wall) milliseconds per variant; one more round before warms up."""
    gc.collect()
    gc.freeze()  # what was imported needs no looking through again and again
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, variant in variants.items():
            gc.collect()  # so that nobody pays for another's garbage
            cpu, wall = time.process_time(), time.perf_counter()
            result = variant()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            del result
            if number > 0:
                times[name].append((cpu * 1e3, wall * 1e3))
        on_round()
    return {
        name: (statistics.median(c for c, _ in runs), statistics.median(w for _, w in runs))
        for name, runs in times.items()
    }


def benchmark(
    path: str,
    *,
    num_segments: int,
    rounds: int,
    backends: Sequence[str],
    console: Console,
    on_round: Callable[[], None] = lambda: None,
) -> list[dict]:
    """One object per variant: file, variant, cpu_ms, wall_ms, to_needed_decode, to_full_decode.

    Raises:
        CodecError: if our loader cannot read the file.
    """
    frame_inds, iframe_inds = sample_frames(path, num_segments)
    bare = BareDecode(path)
    needed, iframes = bare.plan(frame_inds), bare.plan(iframe_inds)
    pb_inds, _ = sample_frames(path, num_segments, kinds=("P", "S", "B"))
    needed_with_b = bare.plan(pb_inds)
    variants: dict[str, Variant] = {
        "full-decode": bare.decode_all,
        "needed-decode": lambda: bare.decode(needed),
        "iframes-decode": lambda: bare.decode(iframes),
        "pb-decode": lambda: bare.decode(needed_with_b),
        **our_variants(path, frame_inds, iframe_inds, pb_inds, backends=backends),
        **without_failing(peer_variants(path, frame_inds), console),
    }
    times = time_variants(variants, rounds=rounds, on_round=on_round)
    rows = []
    for name, (cpu_ms, wall_ms) in times.items():
        what = name.split("-", 1)[1] if name.startswith(("numpy-", "compiled-")) else name
        yardstick = YARDSTICKS.get(what, "needed-decode")
        rows.append(
            dict(
                file=path,
                variant=name,
                cpu_ms=round(cpu_ms, 3),
                wall_ms=round(wall_ms, 3),
                to_needed_decode=round(cpu_ms / times[yardstick][0], 3),
                to_full_decode=round(cpu_ms / times["full-decode"][0], 3),
            )
        )
    return rows


def print_table(rows: list[dict], console: Console) -> None:
    for path in dict.fromkeys(row["file"] for row in rows):
        table = Table(Column("variant", no_wrap=True), title=path, title_justify="left")
        for column in ("cpu_ms", "wall_ms", "to_needed_decode", "to_full_decode"):
            table.add_column(column, justify="right")
        for row in rows:
            if row["file"] == path:
                times = (f"{row[key]:.1f}" for key in ("cpu_ms", "wall_ms"))
                ratios = (f"{row[key]:.2f}" for key in ("to_needed_decode", "to_full_decode"))
                table.add_row(row["variant"], *times, *ratios)
        console.print(table)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILES", help="videos to read")
    parser.add_argument("--source", help="a video to make the clips of")
    parser.add_argument("--clips", help="folder for the clips made, to keep them")
    parser.add_argument("--segments", type=int, default=16, help="P-frames to read (default 16)")
    parser.add_argument("--rounds", type=int, default=7, help="at least 7 (the default)")
    parser.add_argument(
        "--backends",
        nargs="+",
        choices=available_backends(),
        default=available_backends(),
        help="of our kernels (default: those there are)",
    )
    parser.add_argument("--json", action="store_true", help="print all rows as the last line")
    args = parser.parse_args(argv)
    if args.rounds < 7:
        parser.error(f"--rounds {args.rounds}: medians need at least 7")
    if args.segments < 1:
        parser.error(f"--segments {args.segments}: at least 1")
    for path in [*args.files, *([args.source] if args.source else [])]:
        if not Path(path).is_file():
            parser.error(f"{path}: no such file")
    return args


def main() -> None:
    args = parse_args()
    console = Console(stderr=args.json)
    with tempfile.TemporaryDirectory() as scratch, Progress(console=console) as progress:
        files = list(args.files)
        if args.source or not files:
            files += make_clips(args.clips or scratch, source=args.source)
        rows: list[dict] = []
        bar = progress.add_task("measuring", total=len(files) * (args.rounds + 1))
        for path in files:
            try:
                rows += benchmark(
                    path,
                    num_segments=args.segments,
                    rounds=args.rounds,
                    backends=args.backends,
                    console=progress.console,
                    on_round=lambda: progress.advance(bar),
                )
            except NoMotionVectorsError as error:
                progress.console.print(f"Left out: {error}", style="yellow")
                progress.advance(bar, args.rounds + 1)
    print_table(rows, console)
    if args.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
