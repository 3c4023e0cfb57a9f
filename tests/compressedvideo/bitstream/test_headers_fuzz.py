"""Mutated packets through the header parsers, under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_PACKETS=1000000 python -m pytest tests/compressedvideo -k headers_fuzz
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.compressedvideo.bitstream.header_streams import encode, read_stream

CSRC = Path(__file__).resolve().parents[3] / "compressedvideo" / "bitstream" / "csrc"
HARNESS = Path(__file__).with_name("fuzz") / "headers_fuzz.c"
NUM_PACKETS = int(os.environ.get("MMCONDENSE_FUZZ_PACKETS", "20000"))

STREAMS = {
    "mpeg4": ("mpeg4", "avi", {"bf": "2", "flags": "+ildct+ilme"}),
    "mpeg12": ("mpeg2video", "mkv", {"bf": "2"}),
    "h263": ("h263p", "avi", {}),
    "h263i": ("h263p", "avi", {}),
    "flv1": ("flv", "flv", {}),
    "msmpeg4v1": ("msmpeg4v2", "avi", {}),
    "msmpeg4": ("msmpeg4", "avi", {}),
    "wmv2": ("wmv2", "avi", {}),
    "ffv1": ("ffv1", "mkv", {}),
    "intra": ("mjpeg", "avi", {}),
}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang")
    binary = tmp_path_factory.mktemp("fuzz") / "headers_fuzz"
    sources = [path for path in sorted(CSRC.glob("headers*.c")) if path.stem != "headers_python"]
    sources.append(CSRC / "record_list.c")
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


@pytest.mark.parametrize("codec", STREAMS)
def test_mutated_packets_are_harmless(harness, tmp_path, codec):
    encoder, suffix, options = STREAMS[codec]
    pixels = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
    path = encode(tmp_path / f"clip.{suffix}", encoder, options=options, pixel_format=pixels)
    stream = read_stream(path)
    if codec == "mpeg4":  # so that packets with two pictures count as packed
        stream.extradata += b"\x00\x00\x01\xb2DivX503b1393p"
    file = tmp_path / "stream.bin"
    parts = [stream.extradata, *stream.packets]
    file.write_bytes(b"".join(struct.pack("<I", len(part)) + part for part in parts))
    result = subprocess.run(
        [str(harness), "0", str(NUM_PACKETS), codec, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    counts = {line.split()[0]: int(line.split()[1]) for line in result.stdout.splitlines()}
    assert sum(counts.values()) > NUM_PACKETS // 4
    if codec not in ("intra", "ffv1"):
        assert len(counts) > 1
