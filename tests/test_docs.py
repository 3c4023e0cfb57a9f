"""What the documentation names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("configs/**/*.md")],
    key=str,
)
PATHS = re.compile(r"(?<![\w/.-])(?:configs|docs|mmcondense|tests|tools|\.ci)/[\w./-]*[\w/]")
LINKS = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [name for name in PATHS.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in LINKS.findall(text) if not (page.parent / name).exists()]
    assert not missing


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
