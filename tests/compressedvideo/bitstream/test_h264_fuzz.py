"""Mutated packets through the H.264 parser, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_H264=30000 python -m pytest tests/compressedvideo/bitstream/test_h264_fuzz.py
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
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
from tests.compressedvideo.bitstream.x264 import encode, settings, tools

CSRC = Path(__file__).resolve().parents[3] / "compressedvideo" / "bitstream" / "csrc"
HARNESS = Path(__file__).with_name("fuzz") / "h264_fuzz.c"
NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_H264", "4000"))
SLOWEST_MICROSECONDS = 50_000


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang")
    binary = tmp_path_factory.mktemp("fuzz") / "h264_fuzz"
    sources = [path for path in sorted(CSRC.glob("h264*.c")) if path.stem != "h264_module"]
    sources += [CSRC / "nal.c", CSRC / "cabac.c"]
    command = [compiler, "-std=c11", "-D_POSIX_C_SOURCE=199309L", "-g", "-O1", "-Wall", "-Wextra"]
    command.append("-Werror")
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    empty = binary.with_name("empty.c")
    empty.write_text("int main(void) { return 0; }\n")
    probe = [compiler, *sanitizers, str(empty), "-o", str(binary.with_name("empty"))]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip(f"{compiler} has no sanitizers")
    command += [*sanitizers, f"-I{CSRC}", str(HARNESS), *map(str, sources), "-o", str(binary)]
    subprocess.run(command, check=True)
    return binary


def write(path: Path, packets: list[bytes]) -> Path:
    """A file as the harness wants it: headers, then packets, each behind its size."""
    path.write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in packets))
    return path


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
    files = [write(folder / "fields.bin", [b"", *fields()])]
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
            packets = [headers, *(bytes(data) for data in container.demux(video=0))]
        files.append(write(clip.with_suffix(".bin"), packets))
    return files


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_packets_are_harmless(harness, streams, seed):
    result = subprocess.run(
        [str(harness), str(seed), str(NUM_PACKETS // 2), *map(str, streams)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    counts = {
        message: int(count)
        for count, message in (line.split(maxsplit=1) for line in result.stdout.splitlines())
    }
    assert counts.pop("mutated packets") >= NUM_PACKETS // 2
    assert counts.pop("us for the slowest") < SLOWEST_MICROSECONDS
    assert counts["parsed"] > NUM_PACKETS // 10
    assert len(counts) > 15  # kinds of damage
