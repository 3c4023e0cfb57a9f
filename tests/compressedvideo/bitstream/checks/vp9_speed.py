"""CPU time of reading VP9 motion, beside FFmpeg's bare decode of the same packets on one thread.

    python -m tests.compressedvideo.bitstream.checks.vp9_speed clip.webm ...

Motion of every frame, as cells; the least of several rounds, milliseconds a shown frame.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import av

from compressedvideo.bitstream import vp9
from tests.compressedvideo.bitstream.against_decoder import read_packets

ROUNDS = 15


def parse_seconds(packets: list[bytes]) -> float:
    flags = bytes([1]) * len(packets)
    start = time.thread_time()
    vp9.Parser().parse(packets, flags, flags, False)
    return time.thread_time() - start


def decode_seconds(packets: list[bytes]) -> tuple[float, int]:
    context = av.CodecContext.create("vp9", "r")
    context.thread_count = 1
    data = [*map(av.Packet, packets), None]
    start = time.thread_time()
    count = sum(len(context.decode(packet)) for packet in data)
    return time.thread_time() - start, count


def main() -> None:
    total_parse = total_decode = 0.0
    for name in sys.argv[1:]:
        packets = read_packets(Path(name))[2]
        times = [(parse_seconds(packets), *decode_seconds(packets)) for _ in range(ROUNDS)]
        parsed, decoded = (min(column) for column in list(zip(*times, strict=True))[:2])
        count = times[0][2]
        total_parse, total_decode = total_parse + parsed, total_decode + decoded
        print(
            f"{Path(name).name:32} {8e-3 * sum(map(len, packets)) / count:8.1f} kbit a frame, "
            f"parse {1e3 * parsed / count:.3f} ms, decode {1e3 * decoded / count:.3f} ms, "
            f"ratio {parsed / decoded:.3f}"
        )
    print(f"all: {total_parse / total_decode:.3f}")


if __name__ == "__main__":
    main()
