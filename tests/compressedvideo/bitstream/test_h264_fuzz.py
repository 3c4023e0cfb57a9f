"""Mutated packets through the H.264 parser, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_H264=30000 python -m pytest tests/compressedvideo/bitstream/test_h264_fuzz.py
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import av
import pytest

from tests.compressedvideo.bitstream.h264_writer import (
    BOTTOM,
    TOP,
    B,
    I,
    P,
    Slice,
    Stream,
    packet,
    recovery_point,
)
from tests.compressedvideo.bitstream.sanitized import build_target, drive, write_input
from tests.compressedvideo.bitstream.x264 import encode, settings, tools

NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_H264", "4000"))
SLOWEST_MICROSECONDS = 50_000


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_target("h264", tmp_path_factory.mktemp("fuzz"))


def fields() -> list[bytes]:
    """Headers of field pictures, which no encoder at hand makes."""
    s = Stream(fields=True)
    packets = [packet(s.sps(), s.pps(), Slice(s, I, idr=True, structure=TOP))]
    packets.append(packet(Slice(s, P, poc=1, structure=BOTTOM)))
    for i in range(1, 12):
        kind = {"frame_num": i, "ref_idc": i % 3}
        pair = [
            Slice(s, B, poc=4 * i, structure=TOP, num_refs=(3, 2), **kind),
            Slice(s, P, poc=4 * i + 1, structure=BOTTOM, modifications=(((0, i),),), **kind),
        ]
        packets.append(packet(recovery_point(i), pair[0]))
        packets.append(packet(Slice(s, P, markings=((1, 0), (3, 1, 0)), **kind), pair[1]))
    return packets


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("streams")
    files = [write_input(folder / "fields.bin", b"", fields())]
    for seed in range(12):
        rng = random.Random(1000 + seed)
        options, pixel_format, (width, height) = tools(rng)
        if seed % 6 == 5:  # MBAFF
            options, pixel_format = settings(rng) | {"tff": 1}, "yuv420p"
        clip = encode(
            folder / f"{seed}.{rng.choice(['mp4', 'ts'])}",
            options,
            num_frames=16,
            width=width,
            height=height,
            pixel_format=pixel_format,
        )
        with av.open(str(clip)) as container:
            headers = container.streams.video[0].codec_context.extradata or b""
            packets = [bytes(data) for data in container.demux(video=0)]
        files.append(write_input(clip.with_suffix(".bin"), headers, packets))
    return files


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_packets_are_harmless(target, streams, seed):
    counts = drive(target, seed, NUM_PACKETS // 2, streams)
    assert counts.pop("mutated packets") >= NUM_PACKETS // 2
    assert counts.pop("us for the slowest") < SLOWEST_MICROSECONDS
    assert counts["parsed"] > NUM_PACKETS // 10
    assert len(counts) > 15  # kinds of damage
