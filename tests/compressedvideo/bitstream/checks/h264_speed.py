"""CPU time of the H.264 parser against FFmpeg's bare decode of the same packets, on one thread.

    PYTHONPATH=. python tests/compressedvideo/bitstream/checks/h264_speed.py CLIP...

Encodes each clip again (x264 medium, 340x256, GOP 12 and 250, crf 23 and 28) and prints the best of
some rounds, in microseconds a picture: vectors as cells, with what macroblocks cost, headers alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from compressedvideo.bitstream.h264 import H264Parser


def encode(source: Path, target: Path, *, crf: int, gop: int, num_frames: int) -> None:
    with av.open(str(source)) as clip, av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 340, 256, "yuv420p"
        stream.options = {"preset": "medium", "crf": str(crf), "g": str(gop)}
        for number, frame in enumerate(clip.decode(video=0)):
            if number == num_frames:
                break
            frame = frame.reformat(340, 256, "yuv420p")
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 25), 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def best_of(rounds: int, work: Callable[[], object]) -> float:
    """CPU seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measure(path: Path, rounds: int) -> dict[str, float]:
    """Seconds a picture."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        extradata = stream.codec_context.extradata
        packets = [packet for packet in container.demux(stream) if packet.size]
    data = [bytes(packet) for packet in packets]
    every = b"\1" * len(data)

    def decode() -> None:
        context = av.CodecContext.create("h264", "r")
        context.extradata, context.thread_count = extradata, 1
        for packet in packets:
            context.decode(packet)

    work = {
        "decode": decode,
        "cells": lambda: H264Parser(extradata).parse(data, needed=every, wanted=every),
        "costs": lambda: H264Parser(extradata).parse(data, needed=every, wanted=every, costs=True),
        "headers": lambda: H264Parser(extradata).headers(data),
    }
    return {name: best_of(rounds, function) / len(data) for name, function in work.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("clips", nargs="+", type=Path)
    arguments.add_argument("--num-frames", type=int, default=250)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for clip in options.clips:
            for crf in (23, 28):
                for gop in (12, 250):
                    path = Path(folder) / f"{clip.stem}.mp4"
                    encode(clip, path, crf=crf, gop=gop, num_frames=options.num_frames)
                    seconds = measure(path, options.rounds)
                    ratios = {name: value / seconds["decode"] for name, value in seconds.items()}
                    print(
                        f"{clip.name} crf {crf} GOP {gop}: decode {1e6 * seconds['decode']:.0f}",
                        *(
                            f"{name} {1e6 * seconds[name]:.1f} ({ratios[name]:.3f})"
                            for name in ("cells", "costs", "headers")
                        ),
                        flush=True,
                    )


if __name__ == "__main__":
    main()
