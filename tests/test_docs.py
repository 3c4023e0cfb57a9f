"""What the documentation names exists."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import compressedvideo

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("configs/**/*.md")],
    key=str,
)
PATHS = re.compile(
    r"(?<![\w/.-])(?:compressedvideo|configs|docs|mmcondense|tests|tools|\.ci)/[\w./-]*[\w/]"
)
LINKS = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [name for name in PATHS.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in LINKS.findall(text) if not (page.parent / name).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_are_whole(page: Path) -> None:
    """Head, rule and rows of as many cells, without a blank line between them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for table in re.findall(r"(?:^ *\|.*\n?)+", text, re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", row.strip()) for row in table.splitlines()]
        assert len(rows) > 2, table
        assert all(re.fullmatch(r" *:?-+:? *", cell) for cell in rows[1][1:-1]), table
        assert {len(row) for row in rows} == {len(rows[0])}, table


def test_recipes_are_printed_as_they_are() -> None:
    """Each block of docs/mixing.md is part of the config that was linked last before it."""
    page = ROOT / "docs" / "mixing.md"
    text = page.read_text(encoding="utf-8")
    pieces = re.split(r"^```text\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    config = page
    for prose, block in zip(pieces[::2], pieces[1::2], strict=False):
        names = LINKS.findall(prose)
        config = page.parent / names[-1] if names else config
        assert block in config.read_text(encoding="utf-8"), f"{config}:\n{block}"
    linked = {(page.parent / name).resolve() for name in LINKS.findall(text)}
    assert set((ROOT / "configs" / "mixing").glob("*.py")) <= linked


# docs/compressedvideo.md

READER_PAGE = (ROOT / "docs" / "compressedvideo.md").read_text(encoding="utf-8")


def test_the_reader_prints_what_its_page_says(tmp_path: Path) -> None:
    """Each block runs in a process of its own, as .ci/run_commands.py does; in one folder."""
    blocks = re.findall(r"^```python\n(.*?)^```$", READER_PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 10
    for block in blocks:
        said = re.findall(r"^ *print\(.*\)  # (.+)$", block, re.MULTILINE)
        assert len(said) == block.count("print(")
        result = subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines() == said


def test_the_readers_page_uses_all_of_it() -> None:
    video = compressedvideo.CompressedVideo
    names = {
        *compressedvideo.__all__,
        *(name for name in dir(video) if not name.startswith("_")),
        *(inspect.signature(video).parameters.keys() - {"source"}),
        *(inspect.signature(video.read).parameters.keys() - {"self", "frame_inds"}),
        *(field.name for field in dataclasses.fields(compressedvideo.CompressedClip)),
        *(inspect.signature(compressedvideo.VideoWriter).parameters.keys() - {"path"}),
        *(inspect.signature(compressedvideo.reencode).parameters.keys() - {"src", "dst"}),
    } - {"CompressedClip"}  # what read() returns
    assert {name for name in names if not re.search(rf"\b{name}\b", READER_PAGE)} == set()
