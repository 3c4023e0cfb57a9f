"""What gets installed: the wheel's contents and requirements, and what it does where only it is."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from mmcondense._compat import _REQUIRED

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    *("compressedvideo", "mmcondense", "mmcondense_cli", "mmcondense_preparation"),
    "mmcondense_runtime",
)
SHIPPED = ("configs", "tools", "demo", "model-index.yml")
BUILD = "from setuptools import build_meta; build_meta.build_{kind}({folder!r})"
USE_INSTALLED = ROOT / "tests" / "compressedvideo" / "use_installed.py"
WITHOUT_COMPILER = {"CC": "/bin/false"}
needs_compiler = pytest.mark.skipif(
    shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) is None,
    reason="no C compiler",
)


@pytest.fixture(scope="session")
def source_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources: building leaves no traces in the checkout."""
    tree = tmp_path_factory.mktemp("source")
    left_out = shutil.ignore_patterns(".mim", "*.so", "__pycache__")
    for name in (*PACKAGES, "configs", "tools", "demo"):
        shutil.copytree(ROOT / name, tree / name, ignore=left_out)
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, tree)
    shutil.copy2(ROOT / "model-index.yml", tree)
    return tree


def build(tree: Path, kind: str, folder: Path, **env: str) -> tuple[Path, str]:
    """What the build backend makes, and everything it says."""
    command = [sys.executable, "-c", BUILD.format(kind=kind, folder=str(folder))]
    result = subprocess.run(
        command, cwd=tree, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    (built,) = folder.iterdir()
    return built, result.stdout + result.stderr


def build_wheel(source_tree: Path, folder: Path, **env: str) -> tuple[Path, str]:
    """By way of a source distribution, as ``python -m build`` does."""
    (folder / "sdist").mkdir(parents=True)
    (folder / "wheel").mkdir()
    sdist, _ = build(source_tree, "sdist", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (tree,) = (folder / "unpacked").iterdir()
    return build(tree, "wheel", folder / "wheel", **env)


@pytest.fixture(scope="session")
def wheel(source_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once, whichever of the test processes comes first."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    with open(base / "wheel.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "shared_wheel").exists():
            build_wheel(source_tree, base / "building")
            (base / "building" / "wheel").rename(base / "shared_wheel")
    (built,) = (base / "shared_wheel").iterdir()
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that the wheel was unpacked to."""
    folder = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def make_bare_environment(folder: Path, wheel: Path) -> Path:
    """Python of an environment with nothing but av, numpy and the wheel.

    pip installs it without an index: whatever else it required could not be had.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    for name in ("av", "numpy"):
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or []} - {".."}:
            (site_packages / top).symlink_to(str(distribution.locate_file(top)))
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([*command, str(wheel)], env=env, check=True, capture_output=True)
    return python


@pytest.fixture(scope="session")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pip")
    return make_bare_environment(tmp_path_factory.mktemp("bare") / "venv", wheel)


def run_isolated(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Without the checkout on the path, wherever it runs."""
    return subprocess.run([python, "-I", *arguments], capture_output=True, text=True)


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
        for package in PACKAGES
        for pattern in ("*.py", "*.pyi", "py.typed", "*.jinja")
        for path in (ROOT / package).rglob(pattern)
        if ".mim" not in path.parts
    }
    packed = {str(path.relative_to(installed)) for path in installed.rglob("*.py*")}
    for name in ("py.typed", "*.jinja"):
        packed |= {str(path.relative_to(installed)) for path in installed.rglob(name)}
    assert modules <= packed
    assert {"compressedvideo/py.typed", "mmcondense/py.typed"} <= modules
    assert shipped_files(installed / "mmcondense" / ".mim") == shipped_files(ROOT)
    top = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert top == set(PACKAGES)


@needs_compiler
def test_wheel_serves_later_pythons_too(wheel: Path, installed: Path) -> None:
    extensions = {path.name for path in installed.rglob("*.so")}
    assert not any(b".debug_info" in path.read_bytes() for path in installed.rglob("*.so"))
    if sys.version_info < (3, 11):
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        assert "-cp310-cp310-" in wheel.name
    else:
        suffix = ".abi3.so"
        assert "-cp311-abi3-" in wheel.name
    assert extensions == {f"{name}{suffix}" for name in ("_colours", "_kernels", "_parsers")}


def test_metadata(installed: Path) -> None:
    metadata = next(installed.glob("*.dist-info")) / "METADATA"
    fields = Parser().parsestr(metadata.read_text())
    assert fields["License-Expression"] == "Apache-2.0"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert fields["Version"] == citation["version"]
    assert [fields["Author"]] == [author["name"] for author in citation["authors"]]
    assert fields["License-Expression"] == citation["license"]
    assert fields.get_all("License-File") == ["LICENSE"]
    requirements = [Requirement(line) for line in fields.get_all("Requires-Dist", [])]

    def of_extra(extra: str) -> dict[str, Requirement]:
        return {
            item.name: item
            for item in requirements
            if item.marker is not None and item.marker.evaluate({"extra": extra})
        }

    assert {item.name for item in requirements if item.marker is None} == {"av", "numpy"}
    mmaction, lite, dev = of_extra("mmaction"), of_extra("lite"), of_extra("dev")
    assert set(_REQUIRED.values()) - set(mmaction) == {"mmcv"}
    assert {"mmpretrain", "timm", "torchvision"} <= set(mmaction)
    assert mmaction["setuptools"].specifier.contains("81.0")
    assert not mmaction["setuptools"].specifier.contains("82.0")
    assert "<" not in str(mmaction["torch"].specifier)  # torch and torchvision have to match
    assert not mmaction["torch"].specifier.contains("2.5.1")  # loads checkpoints as pickles
    # neither mmcv nor a second OpenCV may be forced on anybody
    forced = [name for name in mmaction if name.startswith(("mmcv", "opencv", "decord"))]
    assert forced == ["opencv-contrib-python"]
    assert set(lite) == {*mmaction, "mmcv-lite"}
    assert lite["mmcv-lite"].specifier.contains("2.1.0")
    assert not lite["mmcv-lite"].specifier.contains("2.2.0")  # mmaction2 1.2 refuses it
    assert set(of_extra("draw")) == {"pillow"} <= set(mmaction)
    assert set(lite) | set(of_extra("deploy")) | set(of_extra("serve")) < set(dev)


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


@needs_compiler
def test_reads_beside_av_and_numpy_alone(bare_python: Path, tmp_path: Path) -> None:
    result = run_isolated(bare_python, str(USE_INSTALLED), str(tmp_path), "--compiled")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert Path(found["package"]).is_relative_to(bare_python.parents[1])
    assert found["loaded"] == ["av", "compressedvideo", "numpy"]
    assert result.stderr == ""


def test_the_plugin_names_what_is_missing_there(bare_python: Path) -> None:
    result = run_isolated(bare_python, "-c", "import mmcondense")
    line = result.stderr.splitlines()[-1]
    assert line.startswith("ImportError: mmcondense needs opencv-contrib-python, einops, ")
    assert "torch, mmcv: pip install 'mmcondense[lite]'" in line


def test_type_checkers_see_the_types(bare_python: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "from compressedvideo import CompressedVideo, backend\n"
        "reveal_type(CompressedVideo('a.mp4').read([0]).frame_types)\n"
        "reveal_type(backend())\n"
    )
    options = ["--python-executable", str(bare_python), "--cache-dir", str(tmp_path / "cache")]
    result = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "user.py"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    assert 'user.py:2: note: Revealed type is "list[str]"' in result.stdout.replace("builtins.", "")
    assert 'user.py:3: note: Revealed type is "str"' in result.stdout.replace("builtins.", "")


def test_installs_and_reads_without_a_compiler(source_tree: Path, tmp_path: Path) -> None:
    pytest.importorskip("pip")
    wheel, said = build_wheel(source_tree, tmp_path / "build", **WITHOUT_COMPILER)
    for name in ("bitstream._parsers", "motion._kernels"):
        assert f'building extension "compressedvideo.{name}" failed' in said
    python = make_bare_environment(tmp_path / "venv", wheel)
    result = run_isolated(python, str(USE_INSTALLED), str(tmp_path))
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["backend"] == "numpy"
    assert "compiled parser" in found["mpeg4_b_frames"]
    assert "reinstall with a C compiler present" in found["mpeg4_b_frames"]
    for missing, warning in zip(("kernels", "parsers"), result.stderr.splitlines(), strict=True):
        assert warning.startswith(
            f"The compiled {missing} were not built (no C compiler at installation?)"
        )
    chosen = run_isolated(
        python, "-c", "import compressedvideo; compressedvideo.set_backend('compiled')"
    )
    assert "ImportError: compressedvideo.motion._kernels was not built" in chosen.stderr


def test_editable_install_links_to_the_clone(source_tree: Path, tmp_path: Path) -> None:
    build(source_tree, "editable", tmp_path, **WITHOUT_COMPILER)  # saves compiling a second time
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


def test_the_command_works_beside_av_and_numpy_alone(bare_python: Path, tmp_path: Path) -> None:
    command = bare_python.with_name("mmcondense")
    video = tmp_path / "grey.mp4"
    write = (
        "import sys, numpy as np; from compressedvideo import encode_frames; "
        "noise = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), 'u1'); "
        "encode_frames(sys.argv[1], noise)"
    )
    assert run_isolated(bare_python, "-c", write, str(video)).returncode == 0

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(command), *arguments], capture_output=True, text=True)

    shown = run("motion", str(video))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "mpeg4, 32x32, 9 frames" in shown.stdout
    drawn = run("motion", str(video), "--out-dir", str(tmp_path / "out"))
    assert drawn.returncode == 1
    assert drawn.stderr == (
        "error: drawing needs Pillow: pip install 'mmcondense[draw]' "
        "(in a clone: pip install -e '.[draw]')\n"
    )
    examined = run("doctor")
    assert examined.returncode == 0
    assert "torch                  missing: models" in examined.stdout
    assert "pip install 'mmcondense[lite]'" in examined.stdout
    (tmp_path / "config.py").touch()
    (tmp_path / "weights.pth").touch()
    refused = run("predict", str(video), str(tmp_path / "config.py"), str(tmp_path / "weights.pth"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: mmcondense needs opencv-contrib-python, einops, ")
    assert len(refused.stderr.splitlines()) == 1
