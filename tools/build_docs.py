"""Build the documentation site, strictly: a link that leads nowhere is an error.

    python tools/build_docs.py          # build/site/README.html is its first page
    python tools/build_docs.py --serve  # and look at it at http://127.0.0.1:8000

The site is the repository's own pages, in the same folders, so that a link works on both; files
that they link to come along, and pages of the API are made of docstrings. Needs the extra docs:
pip install -e '.[docs]'
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "build" / "site_source"
FOLDERS = ("docs", "configs", "tools")
LINK = re.compile(r"\]\((?![a-z]+://|#|mailto:)([^)#\s]+)")
API = {
    "compressedvideo": "The reader; with examples on [its own page](../docs/compressedvideo.md).",
    "apis": "For programs that [predict videos](../docs/inference.md).",
    "datasets": "Data sets and transforms: `type` in a config.",
    "models": "Recognizers, condensers, fusion, losses: `type` in a config.",
    "engine": "Hooks and metrics: `type` in a config.",
}
REGISTRIES = {
    "datasets": ("DATASETS", "TRANSFORMS"),
    "models": ("MODELS",),
    "engine": ("HOOKS", "METRICS"),
}


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--serve", action="store_true", help="instead of building, on this machine")
    args = parser.parse_args()
    try:
        import mkdocs  # noqa: F401
        import mkdocstrings  # noqa: F401
    except ImportError:
        print("error: mkdocs is missing: pip install -e '.[docs]'", file=sys.stderr)
        return 1
    gather()
    command = [sys.executable, "-m", "mkdocs", "serve" if args.serve else "build", "--strict"]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # of its theme's makers, to all who build
    # Not --quiet: what that keeps from being said does not count for --strict.
    status = subprocess.run(command, cwd=ROOT, env=env).returncode
    if not status and not args.serve:
        print(f"{ROOT / 'build' / 'site' / 'README.html'}")
    return status


def gather() -> None:
    """Copy all pages, and what they link to."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    pages = [*ROOT.glob("*.md")]
    for folder in FOLDERS:
        pages += (ROOT / folder).rglob("*.md")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for link in LINK.findall(text):
            linked = (page.parent / link).resolve()
            if linked.is_file() and linked.suffix != ".md":
                shutil.copy2(linked, target_of(linked))
            elif linked.is_dir():  # which only a repository shows
                text = re.sub(rf"\[([^]]+)\]\({re.escape(link)}\)", r"\1", text)
        target_of(page).write_text(text, encoding="utf-8")
    (SOURCE / "api").mkdir()
    for name, purpose in API.items():
        (SOURCE / "api" / f"{name}.md").write_text(api_page(name, purpose), encoding="utf-8")


def target_of(file: Path) -> Path:
    """Where a file of the repository goes; its folder is made."""
    target = SOURCE / file.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def api_page(name: str, purpose: str) -> str:
    """A page of what a package exports, or of what it registers."""
    if name in REGISTRIES:
        importlib.import_module("mmcondense")
        registries = importlib.import_module("mmaction.registry")
        values = {
            value.__module__ + "." + value.__name__
            for registry in REGISTRIES[name]
            for value in getattr(registries, registry).module_dict.values()
            if value.__module__.startswith("mmcondense.")
        }
    else:
        package = name if name == "compressedvideo" else f"mmcondense.{name}"
        module = importlib.import_module(package)
        members = [getattr(module, member) for member in module.__all__]
        values = {f"{m.__module__}.{m.__name__}" for m in members if callable(m)}
    title = name if name == "compressedvideo" else f"mmcondense: {name}"
    names = sorted(values, key=lambda value: value.rsplit(".", 1)[1].lower())
    return "\n".join([f"# {title}", "", purpose, "", *(f"::: {value}\n" for value in names)])


if __name__ == "__main__":
    sys.exit(main())
