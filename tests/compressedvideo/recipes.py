"""tools/benchmarks/clip_recipes.py as a module: clips of a panning texture, and odd ones."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_TOOLS = str(Path(__file__).resolve().parents[2] / "tools" / "benchmarks")

sys.path.insert(0, _TOOLS)
clip_recipes = importlib.import_module("clip_recipes")
sys.path.remove(_TOOLS)
