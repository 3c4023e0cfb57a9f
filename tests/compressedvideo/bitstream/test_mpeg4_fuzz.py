"""Mutated packets through the MPEG-4 part 2 parser, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_VOPS=50000 python -m pytest tests/compressedvideo/test_mpeg4_fuzz.py
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import av
import pytest

from tests.compressedvideo.bitstream.test_mpeg4_against_ffmpeg import (
    ENCODER_OPTIONS,
    encode,
    moving_shapes,
)

CSRC = Path(__file__).resolve().parents[3] / "compressedvideo" / "bitstream" / "csrc"
HARNESS = Path(__file__).with_name("fuzz") / "mpeg4_fuzz.c"
NUM_VOPS = int(os.environ.get("MMCONDENSE_FUZZ_VOPS", "4000"))
STREAMS = ("b-4mv", "packets-4mv", "packets-b-4mv-qpel", "fine", "custom-matrices")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang")
    binary = tmp_path_factory.mktemp("fuzz") / "mpeg4_fuzz"
    sources = [path for path in sorted(CSRC.glob("mpeg4*.c")) if path.stem != "mpeg4_module"]
    command = [compiler, "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    empty = binary.with_name("empty.c")
    empty.write_text("int main(void) { return 0; }\n")
    probe = [compiler, *sanitizers, str(empty), "-o", str(binary.with_name("empty"))]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip(f"{compiler} has no sanitizers")
    command += [*sanitizers, f"-I{CSRC}", str(HARNESS), *map(str, sources), "-o", str(binary)]
    subprocess.run(command, check=True)
    return binary


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files as the harness wants them: headers, then packets, each behind its size."""
    folder = tmp_path_factory.mktemp("streams")
    files = []
    for name in STREAMS:
        clip = encode(
            folder / f"{name}.avi",
            moving_shapes(24, 112, 80),
            width=112,
            height=80,
            options=ENCODER_OPTIONS[name],
        )
        with av.open(str(clip)) as container:
            headers = container.streams.video[0].codec_context.extradata or b""
            packets = [headers, *(bytes(packet) for packet in container.demux(video=0))]
        files.append(clip.with_suffix(".bin"))
        files[-1].write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in packets))
    return files


@pytest.mark.parametrize("seed", [0, 1])
def test_mutated_vops_are_harmless(harness, streams, seed):
    result = subprocess.run(
        [str(harness), str(seed), str(NUM_VOPS // 2), *map(str, streams)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    counts = {
        message: int(count)
        for count, message in (line.split(maxsplit=1) for line in result.stdout.splitlines())
    }
    assert counts.pop("mutated VOPs") >= NUM_VOPS // 2
    assert counts["parsed"] > NUM_VOPS // 10
    assert len(counts) > 15  # kinds of damage
