"""Builds the C programs of the folder fuzz, with the sanitizers where the compiler has them."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[3] / "compressedvideo" / "bitstream" / "csrc"
DRIVERS = Path(__file__).with_name("fuzz")
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


VP9_SOURCES = ["vp9*", "bool_decoder", "record_list"]
TARGETS = {
    "h264": ["h264*", "nal", "cabac"],
    "headers": ["headers*", "record_list"],
    "hevc": ["hevc*", "nal", "cabac"],
    "mpeg4": ["mpeg4*"],
    "tracker": [
        *("vp8_headers", "vp9_headers", "vp9_tracker", "av1_headers", "av1_units"),
        *("bool_decoder", "record_list"),
    ],
    "vp9": VP9_SOURCES,
}
"""Sources of the parser that ``fuzz/TARGET_target.c`` feeds."""

LARGEST_ALLOCATION = 512  # MB: the sanitizer ends the program at a larger one


def build(
    program: str,
    sources: Sequence[str],
    folder: Path,
    *,
    beside: Sequence[str] = (),
    sanitize: bool = True,
) -> Path:
    """The binary of ``fuzz/PROGRAM.c`` with the parser's ``sources``; skips without a compiler.

    Args:
        program: Name of the file without its suffix.
        sources: Names in ``csrc`` without suffix; ``*`` stands for all, but for modules of Python.
        folder: Where the binary goes.
        beside: Names of more files in ``fuzz``.
        sanitize: With AddressSanitizer and UBSan; skips where the compiler has none.
    """
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no gcc or clang")
    flags = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{CSRC}"]
    if sanitize:
        flags += SANITIZERS
        empty = folder / "empty.c"
        empty.write_text("int main(void) { return 0; }\n")
        probe = [compiler, *SANITIZERS, str(empty), "-o", str(folder / "empty")]
        if subprocess.run(probe, capture_output=True, check=False).returncode:
            pytest.skip(f"{compiler} has no sanitizers")
    files = [str(path) for name in sources for path in sorted(CSRC.glob(f"{name}.c"))]
    files = [path for path in files if not path.endswith(("_module.c", "_python.c"))]
    files += [str(DRIVERS / f"{name}.c") for name in (program, *beside)]
    binary = folder / program
    subprocess.run([compiler, *flags, *files, "-o", str(binary)], check=True)
    return binary


def build_target(name: str, folder: Path) -> Path:
    """A fuzz target that mutates the streams itself, see ``fuzz/drive.c``."""
    return build(f"{name}_target", TARGETS[name], folder, beside=("target", "drive"))


def write_input(
    path: Path, extradata: bytes, packets: Sequence[bytes], *, options: int = 0
) -> Path:
    """A stream as the targets read it, see ``fuzz/target.h``."""
    heads = [options, *(0 for _ in packets)]
    parts = zip(heads, [extradata, *packets], strict=True)
    path.write_bytes(b"".join(struct.pack("<I", len(x) | head << 24) + x for head, x in parts))
    return path


def drive(target: Path, seed: int, packets: int, files: Sequence[Path]) -> dict[str, int]:
    """What came of at least that many mutated packets of the inputs."""
    done = subprocess.run(
        [str(target), str(seed), str(packets), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ASAN_OPTIONS": f"max_allocation_size_mb={LARGEST_ALLOCATION}"},
    )
    assert done.returncode == 0, done.stderr
    lines = (line.split(maxsplit=1) for line in done.stdout.splitlines())
    return {what: int(count) for count, what in lines}


def ivf_packets(path: Path) -> Iterator[bytes]:
    """Packets of an IVF file."""
    data = path.read_bytes()
    at = 32
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        yield data[at + 12 : at + 12 + size]
        at += 12 + size


def generate_vp9(folder: Path, seeds: range, *, frames: int = 12) -> list[Path]:
    """Random VP9 streams of all kinds of frames, see ``fuzz/vp9_generate.c``."""
    generator = build("vp9_generate", [], folder, sanitize=False)
    command = [str(generator), str(frames), str(folder), *map(str, seeds)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return [folder / f"{seed}.ivf" for seed in seeds]
