"""What gets installed: the wheel's contents and requirements, and ``import mmcondense`` from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("configs", "tools", "model-index.yml")
BUILD = "from setuptools import build_meta; build_meta.build_{kind}({folder!r})"


@pytest.fixture(scope="module")
def source_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's sources: building leaves no traces in the checkout."""
    tree = tmp_path_factory.mktemp("source")
    left_out = shutil.ignore_patterns(".mim", "*.so", "__pycache__")
    for name in ("mmcondense", "configs", "tools"):
        shutil.copytree(ROOT / name, tree / name, ignore=left_out)
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, tree)
    shutil.copy2(ROOT / "model-index.yml", tree)
    return tree


def build(tree: Path, kind: str, folder: Path) -> Path:
    command = [sys.executable, "-c", BUILD.format(kind=kind, folder=str(folder))]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(source_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that the wheel was unpacked to."""
    wheel = build(source_tree, "wheel", tmp_path_factory.mktemp("wheel"))
    folder = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def shipped_files(folder: Path) -> set[str]:
    files = (path for name in SHIPPED for path in [folder / name, *(folder / name).rglob("*")])
    return {
        str(path.relative_to(folder))
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_code_configs_and_tools(installed: Path) -> None:
    modules = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mmcondense").rglob("*.py")
        if ".mim" not in path.parts
    }
    packed = {str(path.relative_to(installed)) for path in installed.rglob("*.py")}
    assert modules <= packed
    assert shipped_files(installed / "mmcondense" / ".mim") == shipped_files(ROOT)
    top = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert top == {"mmcondense"}


def test_requirements(installed: Path) -> None:
    metadata = next(installed.glob("*.dist-info")) / "METADATA"
    fields = Parser().parsestr(metadata.read_text())
    requirements = [Requirement(line) for line in fields.get_all("Requires-Dist", [])]
    always = {item.name: str(item.specifier) for item in requirements if item.marker is None}
    assert {"importlib_metadata", "mmaction2", "mmengine", "torch", "torchvision"} <= set(always)
    assert Requirement("setuptools" + always["setuptools"]).specifier.contains("81.0")
    assert not Requirement("setuptools" + always["setuptools"]).specifier.contains("82.0")
    assert "<" not in always["torch"]  # torch and torchvision have to match
    # neither mmcv nor a second OpenCV may be forced on anybody
    forced = [name for name in always if name.startswith(("mmcv", "opencv", "decord"))]
    assert forced == ["opencv-contrib-python"]
    lite = [item for item in requirements if item.name == "mmcv-lite"]
    assert [str(item.marker) for item in lite] == ['extra == "lite"']
    assert lite[0].specifier.contains("2.1.0")
    assert not lite[0].specifier.contains("2.2.0")  # mmaction2 1.2 refuses it


def test_imports_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = (
        "import mmcondense; from mmengine.config import Config; from pathlib import Path; "
        "home = Path(mmcondense.__file__).parent; print(home); "
        "[Config.fromfile(path) for path in sorted((home / '.mim/configs').glob('[a-z]*/*.py'))]"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(installed / "mmcondense")


def test_editable_install_links_to_the_clone(source_tree: Path, tmp_path: Path) -> None:
    build(source_tree, "editable", tmp_path)
    for name in SHIPPED:
        link = source_tree / "mmcondense" / ".mim" / name
        assert link.is_symlink()
        assert link.resolve() == (source_tree / name).resolve()


def test_model_index_names_every_metafile_and_each_config_exists() -> None:
    index = yaml.safe_load((ROOT / "model-index.yml").read_text())
    assert index["Import"] == sorted(
        str(path.relative_to(ROOT)) for path in ROOT.glob("configs/*/metafile.yml")
    )
    for metafile in index["Import"]:
        for model in yaml.safe_load((ROOT / metafile).read_text())["Models"]:
            assert (ROOT / model["Config"]).is_file(), model["Config"]
