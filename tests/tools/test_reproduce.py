"""docs/reproduce.md: each config builds and trains a step, each recipe starts its stages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

from tests.test_configs import CONFIGS, NAMES, train_and_validate
from tests.test_configs import tiny_videos as tiny_videos  # a fixture

ROOT = CONFIGS.parent
PAGE = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`((?:[A-Z_]+=\S+ )*(?:python|bash) tools/[^`]+)`", PAGE)))


def parse(command: str) -> tuple[dict[str, str], list[str]]:
    """Its environment, and its words."""
    words = shlex.split(command)
    count = next(i for i, word in enumerate(words) if "=" not in word)
    return dict(word.split("=", 1) for word in words[:count]), words[count:]


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
    options = words[words.index("--cfg-options") + 1 :] if "--cfg-options" in words else []
    pairs = dict(option.split("=", 1) for option in options)
    if Path(words[1]).name != "train.py":  # times or tests a model: its entries are there
        for key in pairs:
            entry = cfg
            for part in key.split("."):
                entry = entry[int(part) if part.isdigit() else part]
    cfg.merge_from_dict({key: DictAction._parse_iterable(text) for key, text in pairs.items()})
    is_timed = Path(words[1]).name == "benchmark_latency.py"
    plain = is_timed or (not options and set(environment) <= {"SPLIT", "CROPS"})
    if plain:  # its step is tests/test_configs.py's
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
