"""Imports point one way.

``compressedvideo → mmcondense_runtime, mmcondense_preparation → mmcondense.{datasets → models →
apis} → mmcondense_cli, tools``
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FROM = {  # what each layer may import of this repository, beside itself
    "compressedvideo": set(),
    "mmcondense_runtime": {"compressedvideo"},
    "mmcondense_preparation": {"compressedvideo"},
    "mmcondense.version": set(),
    "mmcondense._compat": {"mmcondense.models"},  # where it is called, not when it is imported
    "mmcondense.datasets": {"compressedvideo", "mmcondense_runtime", "mmcondense_preparation"},
    "mmcondense.models": {"compressedvideo", "mmcondense_runtime", "mmcondense.datasets"},
    "mmcondense.engine": {"compressedvideo", "mmcondense.datasets", "mmcondense.models"},
    "mmcondense.evaluation": {"compressedvideo", "mmcondense.datasets", "mmcondense.models"},
    "mmcondense.apis": {
        *("compressedvideo", "mmcondense_runtime", "mmcondense.datasets", "mmcondense.models"),
        *("mmcondense.engine", "mmcondense.evaluation", "mmcondense.version"),
        "mmcondense_preparation",
    },
    "mmcondense_cli": {"compressedvideo", "mmcondense_preparation", "mmcondense.apis"},
}
PACKAGES = (
    *("compressedvideo", "mmcondense_runtime", "mmcondense_preparation", "mmcondense"),
    "mmcondense_cli",
)
TOPS = (*PACKAGES, "tools", "demo", "configs", "tests")


def imports_of(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in it, its own package resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            home = parts[: len(parts) - node.level + is_package] if node.level else []
            base = ".".join([*home, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def layer_of(name: str) -> str:
    """``mmcondense.models`` of ``mmcondense.models.heads.PoolingHead``."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "mmcondense" else parts[0]


def modules_of(top: str) -> Iterator[tuple[str, list[str]]]:
    """Each module of a package of this repository, with what it imports."""
    for path in sorted((ROOT / top).rglob("*.py")):
        if ".mim" in path.parts:
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        yield module, list(imports_of(path.read_text(encoding="utf-8"), module, is_package))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from . import shards", {"a.b.shards"}),
        ("from .. import models", {"a.models"}),
        ("from ..models.heads import Head", {"a.models.heads.Head"}),
        ("def f():\n    import cv2, torch.nn", {"cv2", "torch.nn"}),
        ("from mmcondense import apis", {"mmcondense.apis"}),
    ],
)
def test_names_are_resolved(source: str, names: set[str]) -> None:
    assert set(imports_of(source, "a.b.c", is_package=False)) == names
    assert set(imports_of(source, "a.b", is_package=True)) == names


def test_layers_import_only_what_lies_before_them() -> None:
    seen, wrong = set(), []
    for top in PACKAGES:
        for module, imported in modules_of(top):
            layer = layer_of(module)
            if layer == "mmcondense":  # its __init__ puts everything together
                continue
            seen.add(layer)
            for name in imported:
                other = layer_of(name)
                if other.split(".")[0] in TOPS and other not in FROM[layer] | {layer}:
                    wrong.append(f"{module} imports {name}")
    assert wrong == []
    assert seen == FROM.keys()


def test_the_reader_imports_numpy_and_pyav_only() -> None:
    allowed = {"compressedvideo", "numpy", "av", *sys.stdlib_module_names}
    modules = dict(modules_of("compressedvideo"))
    assert "compressedvideo.motion.kernels" in modules
    strangers = {
        f"{module} imports {name}"
        for module, imported in modules.items()
        for name in imported
        if name.split(".")[0] not in allowed
    }
    drawing = {one for one in strangers if one.startswith("compressedvideo.drawing")}
    assert {one.split()[-1].split(".")[0] for one in drawing} == {"PIL"}  # which asks for it
    assert strangers == drawing
    importers = {
        module
        for module, imported in modules.items()
        if any(name.startswith("compressedvideo.drawing") for name in imported)
    }
    assert all(module.startswith("compressedvideo.drawing") for module in importers)


def test_importing_the_reader_loads_nothing_else() -> None:
    code = (
        "import sys; import numpy, av; before = set(sys.modules); import compressedvideo; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "compressedvideo" in loaded
    assert loaded - {"compressedvideo"} <= set(sys.stdlib_module_names)
