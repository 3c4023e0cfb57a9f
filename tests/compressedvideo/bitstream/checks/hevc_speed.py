"""The HEVC parser's time against FFmpeg's bare decode, one thread each, CPU time.

python -m tests.compressedvideo.bitstream.checks.hevc_speed CLIP WIDTH HEIGHT NUM_FRAMES [CRF...]

re-encodes the first frames of any clip with x265's medium preset, once for each CRF (28), reads all
vectors, with and without what units cost, and decodes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np

from compressedvideo.bitstream.hevc import HevcParser
from tests.compressedvideo.bitstream.hevc_clips import encode, packets_of

REPEATS = 5


def frames(path: Path, width: int, height: int, count: int) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for _, frame in zip(range(count), container.decode(video=0), strict=False):
            yield frame.reformat(width, height, "rgb24", threads=1).to_ndarray()


def best(work: Callable[[], object]) -> float:
    """Milliseconds of CPU time, the least of several."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def decode(path: Path) -> float:
    """Milliseconds of CPU time in the decoder alone."""
    times = []
    for _ in range(REPEATS):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            packets = list(container.demux(stream))
            start = time.process_time()
            for packet in packets:
                stream.codec_context.decode(packet if packet.size else None)
            times.append(time.process_time() - start)
    return 1000 * min(times)


def read(extradata: bytes, packets: list[bytes], *, costs: bool) -> None:
    ones = b"\1" * len(packets)
    HevcParser(extradata).parse(packets, needed=ones, wanted=ones, costs=costs)


def main() -> None:
    clip, width, height, count, *crfs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for crf in map(int, crfs or ["28"]):
            pictures = frames(Path(clip), int(width), int(height), int(count))
            path = encode(Path(folder) / "clip.mp4", pictures, crf=crf)
            extradata, packets, _ = packets_of(path)
            number = len(packets)
            vectors = best(partial(read, extradata, packets, costs=False))
            with_costs = best(partial(read, extradata, packets, costs=True))
            decoded = decode(path)
            size = sum(map(len, packets)) / number
            print(
                f"{width}x{height} crf {crf}: {number} pictures of {size:.0f} bytes; per picture "
                f"vectors {vectors / number:.3f} ms, with costs {with_costs / number:.3f}, "
                f"decode {decoded / number:.3f}; {vectors / decoded:.3f} and "
                f"{with_costs / decoded:.3f} of it"
            )


if __name__ == "__main__":
    main()
