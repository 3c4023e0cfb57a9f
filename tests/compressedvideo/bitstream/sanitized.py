"""Builds the C drivers of the folder fuzz, with the sanitizers where the compiler has them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[3] / "compressedvideo" / "bitstream" / "csrc"
DRIVERS = Path(__file__).with_name("fuzz")
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def build(driver: str, sources: list[str], folder: Path, *, sanitize: bool = True) -> Path:
    """The binary of ``fuzz/DRIVER.c`` with the parser's ``sources``; skips without a compiler.

    Args:
        driver: Name of the file without its suffix.
        sources: Names in ``csrc`` without suffix; ``*`` stands for all, but for ``*_module``.
        folder: Where the binary goes.
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
    files = [path for path in files if not path.endswith("_module.c")]
    binary = folder / driver
    command = [compiler, *flags, str(DRIVERS / f"{driver}.c"), *files, "-o", str(binary)]
    subprocess.run(command, check=True)
    return binary


VP9_SOURCES = ["vp9*", "bool_decoder", "record_list"]


def generate_vp9(folder: Path, seeds: range, *, frames: int = 12) -> list[Path]:
    """Random VP9 streams of all kinds of frames, see ``fuzz/vp9_generate.c``."""
    generator = build("vp9_generate", [], folder, sanitize=False)
    command = [str(generator), str(frames), str(folder), *map(str, seeds)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return [folder / f"{seed}.ivf" for seed in seeds]
