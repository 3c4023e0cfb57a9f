"""The C sources compile where compilers are other than GCC, and with the limited API."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "compressedvideo"
SOURCES = sorted(PACKAGE.rglob("*.c"))
COMPILER = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
MSVC = ["-U__GNUC__", "-U__x86_64__", "-U__SSE2__", "-D_MSC_VER=1940", "-D_M_X64=100"]
ONLY_GNU = re.compile(
    r"__attribute__|__builtin\w*|\b__?typeof\w*|\btypeof\b|__extension__|__int128|__asm\w*|\basm\b"
    r"|#pragma GCC|_Pragma|\b_mm\w+|\(\{"
)

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
each_source = pytest.mark.parametrize(
    "source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE))
)


def run(*arguments: str) -> str:
    result = subprocess.run([COMPILER, "-std=c11", *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@each_source
def test_standard_c_and_the_limited_api(source: Path) -> None:
    wrong = ["vla", "implicit-function-declaration", "incompatible-pointer-types", "int-conversion"]
    include = f"-I{sysconfig.get_path('include')}"
    if "Python.h" not in run("-M", include, str(source)):
        wrong.append("pedantic")  # Python's slots turn functions into void pointers
    run(
        "-fsyntax-only",
        "-Wall",
        *(f"-Werror={name}" for name in wrong),
        "-DPy_LIMITED_API=0x030b0000",
        include,
        str(source),
    )


@each_source
def test_nothing_of_gnu_outside_its_guards(source: Path, tmp_path: Path) -> None:
    """What is left for Microsoft's compiler, once headers of the system are empty files."""
    for path in [*source.parent.glob("*.c"), *source.parent.glob("*.h")]:
        for name in re.findall(r"#\s*include <([^>]+)>", path.read_text()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
    text = run("-E", "-P", "-nostdinc", "-undef", *MSVC, f"-I{tmp_path}", str(source))
    assert len(text) > 500
    assert ONLY_GNU.findall(text) == []
