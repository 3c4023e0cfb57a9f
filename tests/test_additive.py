"""Importing mmcondense adds to MMAction2 and MMEngine, and changes nothing but what _compat names.

Run as a script, in an interpreter of its own, this file prints what the import changed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import FunctionType

from mmengine.registry import Registry

ROOT = Path(__file__).resolve().parents[1]
UPSTREAM = ("mmengine", "mmaction")


def load_compat():
    """``mmcondense/_compat.py`` alone, without the package around it."""
    spec = importlib.util.spec_from_file_location("compat", ROOT / "mmcondense" / "_compat.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upstream_modules() -> dict:
    """All modules of MMEngine and MMAction2 that can be imported here."""
    for package in UPSTREAM:
        path = importlib.import_module(package).__path__
        for info in pkgutil.walk_packages(path, f"{package}.", onerror=lambda name: None):
            try:
                importlib.import_module(info.name)
            except (ImportError, AttributeError):  # optional requirements, of ours none
                continue
    return {n: m for n, m in sys.modules.items() if n.split(".")[0] in UPSTREAM}


def snapshot(modules: dict) -> dict:
    """Every function and class in the modules, and what each is made of, by full name.

    The parts are held, so none of them makes room for a new one at the same address.
    """
    found: dict = {}
    for module_name, module in modules.items():
        for name, thing in vars(module).items():
            if not isinstance(thing, (type, FunctionType)):
                continue
            full_name = f"{module_name}.{name}"
            found[full_name] = [thing]
            if isinstance(thing, FunctionType):
                found[full_name] += [thing.__code__, thing.__defaults__, *vars(thing).values()]
            elif thing.__module__ == module_name:
                found.update({f"{full_name}.{n}": [part] for n, part in vars(thing).items()})
    return found


def is_same(before: list | None, after: list | None) -> bool:
    """Whether two lists hold the very same objects."""
    return None not in (before, after) and [*map(id, before)] == [*map(id, after)]


def registered(modules: dict) -> dict:
    """Every entry of every registry, by the registry's scope and name and the entry's key."""
    registries = {
        id(thing): thing
        for module in modules.values()
        for thing in vars(module).values()
        if isinstance(thing, Registry)
    }
    return {
        f"{registry.scope}::{registry.name}/{key}": entry
        for registry in registries.values()
        for key, entry in registry.module_dict.items()
    }


def report() -> dict:
    load_compat()._stand_in_for_drn()  # without it mmaction.models cannot be imported
    modules = upstream_modules()
    before, entries_before = snapshot(modules), registered(modules)
    mmcondense = importlib.import_module("mmcondense")
    assert Path(mmcondense.__file__).parents[1] == ROOT
    after, entries_after = snapshot(modules), registered(modules)
    added = entries_after.keys() - entries_before.keys()
    loaded_later = {n for n in sys.modules if n.split(".")[0] in UPSTREAM} - modules.keys()
    return dict(
        looked_at=len(before),
        changed=[
            n for n in before.keys() | after.keys() if not is_same(before.get(n), after.get(n))
        ],
        entries_changed=[n for n, e in entries_before.items() if entries_after.get(n) is not e],
        added={name: entries_after[name].__module__ for name in sorted(added)},
        loaded_later=sorted(loaded_later),
    )


def test_importing_only_adds_to_upstream() -> None:
    result = subprocess.run(
        [sys.executable, __file__], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["looked_at"] > 5000
    assert found["loaded_later"] == []  # else something was not looked at

    patched = set(load_compat().PATCHED)
    assert set(found["changed"]) == patched

    assert found["entries_changed"] == []
    assert "mmaction::model/CondenseRecognizer" in found["added"]
    strangers = {n: m for n, m in found["added"].items() if m.split(".")[0] != "mmcondense"}
    assert strangers == {}
    elsewhere = [name for name in found["added"] if not name.startswith("mmaction::")]
    assert elsewhere == ["mmengine::function/compact_collate"]  # MMAction2 has no such registry


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # not tests/, where a folder is called compressedvideo too
    print(json.dumps(report()))
