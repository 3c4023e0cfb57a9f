"""docs/reproduce.md: each config builds and trains a step, each recipe starts its stages.

What a command reads is what another one before it leaves.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

from mmcondense.apis.cli import load_config
from mmcondense.apis.preflight import missing_inputs
from tests.test_configs import CONFIGS, NAMES, train_and_validate
from tests.test_configs import tiny_videos as tiny_videos  # a fixture

ROOT = CONFIGS.parent
PAGE = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
COMMANDS = list(
    dict.fromkeys(re.findall(r"`((?:[A-Z_]+=\S+ )*(?:python|bash) tools/[^`]+)`", PAGE))
)


def parse(command: str) -> tuple[dict[str, str], list[str]]:
    """Its environment, and its words."""
    words = shlex.split(command)
    count = next(i for i, word in enumerate(words) if "=" not in word)
    return dict(word.split("=", 1) for word in words[:count]), words[count:]


def options_of(words: list[str]) -> dict[str, str]:
    """What follows ``--cfg-options``, which is the last argument on this page."""
    options = words[words.index("--cfg-options") + 1 :] if "--cfg-options" in words else []
    return dict(option.split("=", 1) for option in options)


def parsed(pairs: dict[str, str]) -> dict[str, object]:
    return {key: DictAction._parse_iterable(text) for key, text in pairs.items()}


def value_of(words: list[str], name: str) -> str | None:
    return words[words.index(name) + 1] if name in words else None


OF_CONFIGS = [c for c in COMMANDS if any(w.startswith("configs/") for w in parse(c)[1])]
OF_RECIPES = [c for c in COMMANDS if "bash tools/train_" in c]


def test_the_page_has_commands_of_all_five_papers():
    assert len(OF_CONFIGS) > 30
    for name in ("train_ip_tsn", "train_attp", "train_ifs", "train_avd"):
        assert any(name in command for command in OF_RECIPES)
    assert any("configs/tsd" in command for command in OF_CONFIGS)
    for command in COMMANDS:
        assert (ROOT / parse(command)[1][1]).is_file(), command


@pytest.mark.parametrize("command", OF_CONFIGS)
def test_a_command_of_the_page_trains_a_step(command, tiny_videos, tmp_path, monkeypatch):
    environment, words = parse(command)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = next(word for word in words if word.startswith("configs/"))
    cfg = Config.fromfile(ROOT / path)
    pairs = options_of(words)
    trains = Path(words[1]).name == "train.py"
    if not trains:  # times or tests a model: its entries are there
        for key in pairs:
            entry = cfg
            for part in key.split("."):
                entry = entry[int(part) if part.isdigit() else part]
    cfg.merge_from_dict(parsed(pairs))
    if (not pairs and set(environment) <= {"SPLIT"}) if trains else "CROPS" not in environment:
        # its step is tests/test_configs.py's
        assert str(Path(path).relative_to("configs")) in NAMES
        return
    train_and_validate(cfg, tiny_videos, tmp_path)


@pytest.mark.parametrize("command", OF_RECIPES)
def test_a_recipe_of_the_page_starts_its_stages(command, calls_of):
    environment, words = parse(command)
    calls = calls_of(Path(words[1]).name, *words[2:], **environment)
    assert any("/test.py" in " ".join(call) for call in calls)
    for call in calls:
        for word in call:
            if word.startswith(str(ROOT)) and word.endswith(".py"):
                assert Path(word).is_file()


def files_of(command: str, calls_of, monkeypatch) -> tuple[set[str], set[str]]:
    """The weights and scores that a command reads, and those that it leaves."""
    environment, words = parse(command)
    tool = Path(words[1]).name
    if tool == "test.py":
        return {words[3]}, {value_of(words, "--dump") or command}
    if tool == "fuse_scores.py":
        scores = (word for word in words if re.search(r"\.(npz|pkl)(:\w+)?$", word))
        return {re.sub(r":\w+$", "", word) for word in scores}, set()
    if command in OF_RECIPES:
        calls = calls_of(tool, *words[2:], **environment)
        return set(), {file for call in calls for file in recipe_leaves(call)}
    if tool != "train.py":
        return set(), set()
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        arguments = argparse.Namespace(
            config=str(ROOT / words[2]), work_dir=value_of(words, "--work-dir")
        )
        cfg = load_config(argparse.Namespace(**vars(arguments), launcher="none", local_rank=0))
    cfg.merge_from_dict(parsed(options_of(words)))
    missing = missing_inputs(cfg, loaders=("train_dataloader",))
    return (
        {m.path for m in missing if m.path.startswith("work_dirs")},
        {f"{cfg.work_dir}/final.pth"},
    )


def recipe_leaves(call: list[str]) -> Iterator[str]:
    work_dir = value_of(call, "--work-dir")
    if work_dir and "--check" not in call:
        is_test = any(word.endswith("/test.py") for word in call)
        yield f"{work_dir}/{'test.pkl' if is_test else 'final.pth'}"


def test_what_a_command_reads_is_what_those_before_it_leave(calls_of, tmp_path, monkeypatch):
    """And none writes over what another one left, but recipes, which skip what is there."""
    monkeypatch.chdir(tmp_path)  # where nothing is
    left: set[str] = set()
    for command in COMMANDS:
        reads, leaves = files_of(command, calls_of, monkeypatch)
        assert reads <= left, f"nothing above leaves {reads - left}, of {command}"
        assert command in OF_RECIPES or not leaves & left, f"written before: {leaves & left}"
        left |= leaves
    assert len(left) > 100
