"""Random calls of the compiled kernels under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_CALLS=100000 python -m pytest tests/compressedvideo/test_kernels_sanitized.py
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[3] / "compressedvideo" / "motion" / "csrc"
HARNESS = Path(__file__).with_name("fuzz") / "kernels_fuzz.py"
NUM_CALLS = int(os.environ.get("MMCONDENSE_FUZZ_CALLS", "6000"))


@pytest.fixture(scope="module", params=[(), ("-DPORTABLE_ONLY",)], ids=["all", "portable"])
def sanitized(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The extension, built with sanitizers, and the environment to load it in."""
    compiler = shutil.which("gcc")
    headers = Path(sysconfig.get_path("include"))
    if compiler is None or not (headers / "Python.h").is_file():
        pytest.skip("no gcc, or no Python headers")
    names = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    if not all(Path(name).is_absolute() for name in names):
        pytest.skip("gcc has no sanitizers")
    extension = tmp_path_factory.mktemp("sanitized") / "_kernels.so"
    command = [compiler, "-shared", "-fPIC", "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{headers}"]
    sources = sorted(map(str, CSRC.glob("kernels*.c")))
    subprocess.run([*command, *request.param, *sources, "-o", str(extension)], check=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": " ".join(names),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own
        "PYTHONMALLOC": "malloc",
    }
    return extension, environment


def test_random_calls_stay_inside_their_arrays(sanitized: tuple[Path, dict[str, str]]) -> None:
    extension, environment = sanitized
    result = subprocess.run(
        [sys.executable, str(HARNESS), str(extension), "0", str(NUM_CALLS // 2)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    counts = ast.literal_eval(result.stdout)
    assert counts["done"] >= NUM_CALLS // 4
    assert counts["refused"] > counts["done"] * 0.7
