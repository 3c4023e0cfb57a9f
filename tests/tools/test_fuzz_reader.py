"""A minute of the reader against damaged files, and whether the tool would see a fault."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

import compressedvideo.video
from compressedvideo import CorruptVideoError

TOOLS = str(Path(__file__).resolve().parents[2] / "tools" / "benchmarks")
sys.path.insert(0, TOOLS)
fuzz_reader = importlib.import_module("fuzz_reader")
fuzz_mutations = importlib.import_module("fuzz_mutations")
sys.path.remove(TOOLS)

SECONDS = 60


@pytest.fixture(scope="module")
def clips():
    return fuzz_reader.make_clips()


@pytest.fixture(scope="module")
def few():
    return fuzz_reader.make_clips("mpeg4-b2.m[ko]v")


def problems(outcomes) -> list[str]:
    return [
        f"{o.number} {o.clip} {o.mutation}: {problem}" for o in outcomes for problem in o.problems
    ]


def test_a_minute_of_damaged_files(clips, tmp_path: Path) -> None:
    """In numbers that repeat: a failure is one of ``fuzz_reader.py --only NUMBER``."""
    outcomes = list(fuzz_reader.fuzz(clips, seconds=SECONDS, keep=tmp_path))
    assert problems(outcomes) == [], fuzz_reader.report(outcomes, clips)
    codecs = {outcome.clip.split("-")[0].split(".")[0] for outcome in outcomes}
    suffixes = {Path(outcome.clip).suffix for outcome in outcomes}
    results = Counter(outcome.result for outcome in outcomes)
    assert len(outcomes) > 200
    assert len(codecs) >= 10
    assert len(suffixes) >= 10
    assert min(results[name] for name in ("read", "error", "refused")) > len(outcomes) / 20


def test_inputs_repeat_and_differ(few) -> None:
    made = [fuzz_reader.make_input(number, seed=3, clips=few)[0] for number in range(200)]
    assert made == [fuzz_reader.make_input(n, seed=3, clips=few)[0] for n in range(200)]
    assert len(set(made)) > 190
    assert made[0] != fuzz_reader.make_input(0, seed=4, clips=few)[0]


@pytest.mark.parametrize("name", fuzz_mutations.MUTATIONS)
def test_each_mutation_changes_what_it_names(name: str, few) -> None:
    changed = 0
    for number in range(40):
        data = bytearray(few[0].data)
        fuzz_mutations.MUTATIONS[name](data, few[0], few, Random(number))
        changed += data != few[0].data
    assert changed > 20


def outcomes_with(monkeypatch, few, fault, count: int = 3) -> list[str]:
    monkeypatch.setattr(compressedvideo.video.CompressedVideo, "read", fault)
    return problems(fuzz_reader.fuzz(few, count=count, seed=1))


def sound(monkeypatch) -> None:
    """Leave the clips as they are."""
    monkeypatch.setattr(fuzz_reader, "mutate", lambda clip, others, rng: (clip.data, "nothing"))


def test_nothing_is_found_in_sound_clips(monkeypatch, few) -> None:
    sound(monkeypatch)
    outcomes = list(fuzz_reader.fuzz(few, count=20))
    assert problems(outcomes) == []
    assert {outcome.result for outcome in outcomes} == {"read"}
    assert [outcome.number for outcome in outcomes] == list(range(20))


def test_a_crash_is_found_and_the_rest_goes_on(monkeypatch, few) -> None:
    sound(monkeypatch)
    found = outcomes_with(monkeypatch, few, lambda self, *a, **k: os.kill(os.getpid(), 9))
    assert [line.split(": ", 1)[1] for line in found] == ["crash: signal 9"] * 3


def test_a_hang_is_found(monkeypatch, few) -> None:
    sound(monkeypatch)
    monkeypatch.setattr(fuzz_reader, "SECONDS_AN_INPUT", 1)
    found = outcomes_with(monkeypatch, few, lambda self, *a, **k: time.sleep(60), count=1)
    assert len(found) == 1
    assert "hang: more than 1 s" in found[0]


def test_a_foreign_exception_is_found(monkeypatch, few) -> None:
    sound(monkeypatch)

    def fault(self, *args, **kwargs):
        raise KeyError(7)

    found = outcomes_with(monkeypatch, few, fault)
    assert len(found) == 3
    assert all("foreign: KeyError in test_fuzz_reader.py fault: 7" in line for line in found)


def test_an_error_without_its_path_is_found(monkeypatch, few) -> None:
    sound(monkeypatch)

    def fault(self, *args, **kwargs):
        raise CorruptVideoError("is broken")

    assert "CorruptVideoError without the path" in outcomes_with(monkeypatch, few, fault)[0]


def test_memory_is_found(monkeypatch, few) -> None:
    sound(monkeypatch)
    monkeypatch.setattr(fuzz_reader, "MEGABYTES_AN_INPUT", 50)
    read = compressedvideo.video.CompressedVideo.read

    def fault(self, *args, **kwargs):
        bytearray(b"x" * (80 << 20))
        return read(self, *args, **kwargs)

    found = outcomes_with(monkeypatch, few, fault)
    assert len(found) == 3
    assert all("memory: " in line for line in found)


def test_a_dependence_on_history_is_found(monkeypatch, few) -> None:
    sound(monkeypatch)
    read = compressedvideo.video.CompressedVideo.read
    seen: dict[int, int] = {}

    def fault(self, *args, **kwargs):
        seen[id(self)] = seen.get(id(self), 0) + 1
        clip = read(self, *args, **kwargs)
        clip.pts_seconds += seen[id(self)]
        return clip

    found = outcomes_with(monkeypatch, few, fault)
    assert len(found) >= 3
    assert all("history: " in line or "bytes: " in line for line in found)
