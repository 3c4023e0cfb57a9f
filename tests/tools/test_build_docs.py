"""tools/build_docs.py: what is gathered. CI builds the site, by the command in CONTRIBUTING.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def source(load_tool, monkeypatch, tmp_path) -> Path:
    tool = load_tool("build_docs.py")
    monkeypatch.setattr(tool, "SOURCE", tmp_path / "source")
    tool.gather()
    return tmp_path / "source"


def test_all_pages_are_in_the_menu(source: Path) -> None:
    menu = (ROOT / "mkdocs.yml").read_text()
    named = set(re.findall(r": ([\w/.]+\.md)$", menu, re.MULTILINE))
    pages = {str(page.relative_to(source)) for page in source.rglob("*.md")}
    assert named <= pages
    left_out = {page for page in pages - named if not page.startswith("tools/")}
    assert not left_out
    assert yaml.safe_load(menu)["docs_dir"] == "build/site_source"


def test_pictures_come_along(source: Path) -> None:
    original = ROOT / "docs" / "images" / "gop.jpg"
    assert (source / "docs" / "images" / "gop.jpg").read_bytes() == original.read_bytes()


def test_the_api_is_what_can_be_used(source: Path) -> None:
    def names(page: str) -> set[str]:
        return set(re.findall(r"^::: (\S+)$", (source / "api" / page).read_text(), re.MULTILINE))

    assert "compressedvideo.video.CompressedVideo" in names("compressedvideo.md")
    assert "compressedvideo.errors.CodecError" in names("compressedvideo.md")
    datasets = names("datasets.md")
    assert "mmcondense.datasets.compressed_video_dataset.CompressedVideoDataset" in datasets
    models = names("models.md")
    assert "mmcondense.models.condensers.ifs.IFS" in models
    assert len(models) > 20
    assert all(name.startswith("mmcondense.") for name in models | datasets)
