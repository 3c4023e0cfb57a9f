"""Do two processes read twice as many clips as one?

    python tools/benchmarks/parallel_loader.py clip.mp4

Each read opens the file and returns I-frames, accumulated motion and residuals of 16 segments.
Prints clips per second and CPU time per clip of one process and of two side by side, in rounds that
take turns. Where other work keeps the cores busy only the CPU time means anything.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time

import numpy as np
from benchmark_loader import sample_frames

from compressedvideo import CompressedVideo

ROUNDS = 5


def read(path: str, frame_inds: np.ndarray) -> None:
    with CompressedVideo(path) as video:
        video.read(frame_inds, reference="iframe")


def time_processes(
    path: str, frame_inds: np.ndarray, *, num_processes: int, reads: int
) -> tuple[float, float]:
    """Clips per second of all processes together, and CPU milliseconds per clip.

    They are started beforehand and wait for each other.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(num_processes + 1)
    cpu_ms = context.Array("d", num_processes)

    def work(number: int) -> None:
        read(path, frame_inds)
        barrier.wait()
        cpu = time.process_time()
        for _ in range(reads):
            read(path, frame_inds)
        cpu_ms[number] = 1e3 * (time.process_time() - cpu) / reads
        barrier.wait()

    processes = [context.Process(target=work, args=(i,)) for i in range(num_processes)]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - start
    for process in processes:
        process.join()
    return num_processes * reads / seconds, statistics.mean(cpu_ms[:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="a video")
    parser.add_argument("--reads", type=int, default=100, help="a process and round")
    args = parser.parse_args()
    frame_inds, _ = sample_frames(args.file, 16)
    rounds: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for num_processes, measured in rounds.items():
            measured.append(
                time_processes(args.file, frame_inds, num_processes=num_processes, reads=args.reads)
            )
    speeds, costs = (
        [statistics.median(values[i] for values in measured) for measured in rounds.values()]
        for i in (0, 1)
    )
    print(
        f"clips per second: {speeds[0]:.1f}, by two {speeds[1]:.1f} ({speeds[1] / speeds[0]:.2f})"
    )
    print(f"CPU ms per clip: {costs[0]:.2f}, beside another {costs[1]:.2f}")


if __name__ == "__main__":
    main()
