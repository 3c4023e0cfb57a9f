"""Build script of mmcondense; the tool settings live in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

setup(
    name="mmcondense",
    version="0.1.0",
    description="Action recognition from compressed or condensed video, a plugin of MMAction2",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["mmcondense", "mmcondense.*"]),
    python_requires=">=3.10",
    install_requires=["av>=14", "numpy", "opencv-contrib-python"],
)
