"""Extensions built with AddressSanitizer and UBSan, and random calls of them."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "compressedvideo"
LIBRARIES = ("libasan.so", "libubsan.so")


def build(folder: str, name: str, *, defines: tuple[str, ...], target: Path) -> Path:
    """``compressedvideo/FOLDER/csrc`` as an extension of its own, or skip where that cannot be."""
    compiler = shutil.which("gcc")
    headers = Path(sysconfig.get_path("include"))
    if compiler is None or not (headers / "Python.h").is_file():
        pytest.skip("no gcc, or no Python headers")
    if not all(path.is_absolute() for path in _libraries()):
        pytest.skip("gcc has no sanitizers")
    extension = target / f"{name}.so"
    command = [compiler, "-shared", "-fPIC", "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{headers}"]
    sources = sorted(map(str, (PACKAGE / folder / "csrc").glob("*.c")))
    subprocess.run([*command, *defines, *sources, "-o", str(extension)], check=True)
    return extension


def run(harness: Path, extension: Path, *arguments: int) -> dict[str, int]:
    """Run a script on an extension that was built so; returns the counts that it prints."""
    environment = {
        **os.environ,
        "LD_PRELOAD": " ".join(map(str, _libraries())),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own
        "PYTHONMALLOC": "malloc",
    }
    result = subprocess.run(
        [sys.executable, str(harness), str(extension), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return ast.literal_eval(result.stdout)


def _libraries() -> list[Path]:
    return [
        Path(
            subprocess.run(
                ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
            ).stdout.strip()
        )
        for name in LIBRARIES
    ]
