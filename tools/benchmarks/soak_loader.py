"""Read videos for as long as a training would: do memory, open files and threads stay the same?

    python tools/benchmarks/soak_loader.py FOLDER --reads 50000
    python tools/benchmarks/soak_loader.py clip.mp4 other.webm --reads 10000 --seed 1

Each read opens one of the videos, from its path or from memory, asks for a few random frames in
random modalities, and closes it. Errors that are a CodecError are counted; any other ends the run.
Prints resident memory, open files and threads as it goes (Linux). Exit status 1 if, after the
first 1,000 reads, memory has grown by 20 MB or more, or files or threads by any.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import av
import numpy as np
from fuzz_reader import random_request

from compressedvideo import ON_DAMAGE, CodecError, CompressedVideo

WARM_UP = 1000
"""Reads before memory counts: by then every codec has been met, and the heap has its size."""

MOST_GROWTH_MB = 20
REPORTS = 20


@dataclass(frozen=True)
class Resources:
    """What this process holds, from /proc."""

    resident_mb: float
    files: int
    threads: int

    @classmethod
    def now(cls) -> Resources:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                resident_mb = int(line.split()[1]) * 1024 / 1e6
        count = [sum(1 for _ in Path("/proc/self", part).iterdir()) for part in ("fd", "task")]
        return cls(resident_mb, files=count[0] - 1, threads=count[1])  # one file is the listing

    def __str__(self) -> str:
        return f"{self.resident_mb:.1f} MB resident, {self.files} files, {self.threads} threads"


def videos_of(sources: Sequence[Path]) -> list[Path]:
    """The files, and what lies in the folders, but for texts."""
    videos: list[Path] = []
    for source in sources:
        inside = sorted(source.rglob("*")) if source.is_dir() else [source]
        videos += [path for path in inside if path.is_file() and path.suffix not in (".md", ".txt")]
    if not videos:
        raise FileNotFoundError(f"no videos in {', '.join(map(str, sources))}")
    return videos


def read(path: Path, rng: Random) -> str:
    """One random read; 'read', or the name of the CodecError."""
    request = random_request(rng)
    shares = request.pop("frames")
    try:
        with CompressedVideo(
            str(path) if rng.random() < 0.7 else path.read_bytes(),
            virtual_gop=rng.choice((None, None, 12)),
            on_damage=rng.choice(ON_DAMAGE),
        ) as video:
            video.read(np.array([int(share * video.num_frames) for share in shares]), **request)
    except CodecError as error:
        return type(error).__name__
    return "read"


def soak(videos: Sequence[Path], *, reads: int, seed: int, outcomes: Counter) -> Iterator[int]:
    """Numbers of the reads, after each of them."""
    rng = Random(seed)
    for number in range(1, reads + 1):
        outcomes[read(rng.choice(videos), rng)] += 1
        yield number


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="+", type=Path, help="videos, or folders of them")
    parser.add_argument("--reads", type=int, default=50_000, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.reads <= WARM_UP:
        parser.error(f"--reads {args.reads}: more than {WARM_UP}, after which memory counts")
    videos = videos_of(args.sources)
    av.logging.set_level(av.logging.PANIC)
    warnings.simplefilter("ignore")
    outcomes: Counter = Counter()
    begin = time.monotonic()
    for number in soak(videos, reads=args.reads, seed=args.seed, outcomes=outcomes):
        if number == WARM_UP:
            first = Resources.now()
        if number in (WARM_UP, args.reads) or number % max(args.reads // REPORTS, 1) == 0:
            last = Resources.now()
            print(f"after {number} reads: {last}", flush=True)
    growth = last.resident_mb - first.resident_mb
    print(f"{len(videos)} videos, {time.monotonic() - begin:.0f} s; {dict(outcomes)}")
    print(f"memory grew by {growth:.1f} MB after the first {WARM_UP} reads")
    return growth >= MOST_GROWTH_MB or last.files > first.files or last.threads > first.threads


if __name__ == "__main__":
    sys.exit(main())
