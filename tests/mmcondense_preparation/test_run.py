"""Cut, killed, repeated, twice at once: always the same files and the same manifest."""

from __future__ import annotations

import hashlib
import itertools
import json
import multiprocessing
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmcondense_preparation import Item
from mmcondense_preparation.parts import Part
from tests.mmcondense_preparation.conftest import make_items, tree

ROOT = Path(__file__).resolve().parents[2]
COUNT = 24
fork = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one run in one process leaves."""
    from tests.mmcondense_preparation.conftest import Execution, Writing, prepare

    out = tmp_path_factory.mktemp("whole")
    execution = Execution(workers=0)
    prepare(Writing(), make_items(COUNT), out=out, execution=execution, title="write")
    return tree(out)


def test_a_manifest_says_what_was_made(run: Callable, tmp_path: Path) -> None:
    outcome = run(make_items(COUNT), tmp_path, workers=2)
    assert (outcome.made, outcome.there, outcome.errors) == (COUNT, 0, [])
    assert outcome.is_complete
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [line["item"] for line in lines] == [f"k{number}" for number in range(COUNT)]
    data = (tmp_path / "1" / "1.txt").read_bytes()
    assert lines[1] == dict(
        item="k1",
        output="1/1.txt",
        files=1,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    files = [(tmp_path / "0" / "0" / name).read_bytes() for name in "ab"]
    assert (lines[0]["files"], lines[0]["bytes"]) == (2, sum(map(len, files)))
    sums = [hashlib.sha256(data).hexdigest() for data in files]
    names = f"a\0{sums[0]}\nb\0{sums[1]}\n".encode()
    assert lines[0]["sha256"] == hashlib.sha256(names).hexdigest()


def test_what_is_there_stays(run: Callable, whole: dict, tmp_path: Path) -> None:
    run(make_items(COUNT), tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "1" / "1.txt").write_text("cut")  # as a copy that was stopped
    (tmp_path / "0" / "2.txt").unlink()
    outcome = run(make_items(COUNT), tmp_path, workers=2)
    assert (outcome.made, outcome.there) == (2, COUNT - 2)
    assert tree(tmp_path) == whole
    anew = {path.name for path, then in times.items() if path.stat().st_mtime_ns != then}
    assert anew == {"1.txt", "2.txt"}  # the manifest is as it was, and is not written again


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_parts_in_any_order_and_twice(
    run: Callable, whole: dict, tmp_path: Path, order: tuple[int, ...]
) -> None:
    missing = []
    for index in (*order, *order):
        outcome = run(make_items(COUNT), tmp_path, executor="array", part=Part(index, 3))
        missing.append(outcome.missing)
    assert missing == [16, 8, 0, 0, 0, 0]
    assert tree(tmp_path) == whole


def test_the_same_part_twice_at_once(run: Callable, whole: dict, tmp_path: Path) -> None:
    def work(part: Part) -> None:
        run(make_items(COUNT), tmp_path, executor="array", part=part, seconds=0.003)
        os._exit(0)

    parts = [Part(0, 2), Part(1, 2), Part(0, 2), Part(0, 1)]  # and all of it beside
    processes = [fork.Process(target=work, args=(part,)) for part in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    run(make_items(COUNT), tmp_path)
    assert tree(tmp_path) == whole


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_ten_random_moments(
    run: Callable, whole: dict, tmp_path: Path, workers: int
) -> None:
    def work() -> None:
        os.setsid()
        run(make_items(COUNT), tmp_path, workers=workers, seconds=0.02)
        os._exit(0)

    moments = random.Random(workers)
    read, write = os.pipe()  # which all processes inherit
    for _ in range(10):
        process = fork.Process(target=work)
        process.start()
        time.sleep(moments.uniform(0, 0.12))
        os.kill(process.pid, signal.SIGKILL)  # its workers work for half a second still
        process.join()
        assert process.exitcode in (-signal.SIGKILL, 0)
        for name, data in tree(tmp_path, hidden=False).items():  # workers may write aside still
            assert data == whole[name]
    os.close(write)
    assert select.select([read], [], [], 60)[0]  # the last worker has ended
    os.close(read)
    assert run(make_items(COUNT), tmp_path, workers=workers).is_complete
    assert tree(tmp_path) == whole


@pytest.mark.parametrize("workers", [0, 2])
def test_what_fails_is_listed_and_tried_again(
    run: Callable, whole: dict, tmp_path: Path, workers: int
) -> None:
    faults = dict(k2="broken", k5="disk", **(dict(k8="end") if workers else {}))
    for _ in range(2):
        outcome = run(make_items(COUNT, **faults), tmp_path, workers=workers, retries=1)
        assert outcome.is_complete
        assert len(outcome.errors) == len(faults)
    lines = [
        json.loads(line) for line in (tmp_path / "manifest.failed.jsonl").read_text().splitlines()
    ]
    assert [(line["item"], line["next"]) for line in lines] == [
        ("k2", "retry"),
        ("k5", "retry"),
        ("k8", "quarantine"),
    ][: len(faults)]
    assert lines[0]["error"] == "sources/2: is broken"
    assert lines[1]["error"] == "sources/5: the disk is away"
    manifest = (tmp_path / "manifest.jsonl").read_text()
    assert manifest.count("\n") == COUNT - len(faults)
    # What is mended is made; what ended its process is passed over, until it is asked for.
    outcome = run(make_items(COUNT), tmp_path, workers=workers)
    assert outcome.made == 2
    assert len(outcome.errors) == len(faults) - 2
    assert run(make_items(COUNT), tmp_path, workers=workers, again=True).errors == []
    assert tree(tmp_path) == whole


def test_a_fault_that_passes_is_no_failure(
    run: Callable, whole: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.mmcondense_preparation.conftest import Writing

    make, tries = Writing.make, []

    def sometimes(self: Writing, item: Item, path: Path, loaded: object) -> None:
        tries.append(item.key)
        if tries.count("k7") in (1, 2) and item.key == "k7":
            raise OSError("the network is away")
        make(self, item, path, loaded)

    monkeypatch.setattr(Writing, "make", sometimes)
    outcome = run(make_items(COUNT), tmp_path, retries=2)
    assert (outcome.made, outcome.errors) == (COUNT, [])
    assert tries == [*(f"k{number}" for number in range(COUNT)), "k7", "k7"]
    assert tree(tmp_path) == whole


def test_what_is_gone_and_fails_is_not_in_the_manifest(run: Callable, tmp_path: Path) -> None:
    run(make_items(COUNT), tmp_path)
    (tmp_path / "0" / "2.txt").unlink()
    run(make_items(COUNT, k2="broken"), tmp_path)
    assert '"k2"' not in (tmp_path / "manifest.jsonl").read_text()
    assert '"k2"' in (tmp_path / "manifest.failed.jsonl").read_text()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_bug_ends_the_run(run: Callable, tmp_path: Path, workers: int) -> None:
    with pytest.raises(KeyError, match="of ours"):
        run(make_items(COUNT, k3="bug"), tmp_path, workers=workers)
    assert not (tmp_path / "manifest.jsonl").exists()


def test_two_items_of_one_name_and_strange_files_are_refused(run: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 items are in the list twice, such as k0"):
        run([*make_items(3), make_items(1)[0]], tmp_path)
    (tmp_path / "manifest.jsonl").write_text('{"input": "a"}\n')
    with pytest.raises(ValueError, match=r"manifest\.jsonl, line 1: this is no manifest"):
        run(make_items(3), tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_long_list_needs_little_memory(tmp_path: Path) -> None:
    """50,000 items, all made, then all known: below 500 MB."""
    code = (
        "import sys; from pathlib import Path\n"
        "from mmcondense_preparation import *\n"
        "class Nothing(Preparation):\n"
        "    def make(self, item, path, loaded): return Made(dict(codec='h264', frames=300))\n"
        "items = [Item(f'class_{n % 400:04d}/video_{n:06d}.mp4', f'videos/{n:06d}.mp4')"
        " for n in range(50_000)]\n"
        "for _ in range(2):\n"
        "    found = prepare(Nothing(), items, out=Path(sys.argv[1]),"
        " execution=Execution(workers=0), title='nothing')\n"
        "    print(found.made, found.there, found.missing)\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) // 1024)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *counts, megabytes = result.stdout.split()
    assert counts == ["50000", "0", "0", "0", "50000", "0"]
    assert int(megabytes) < 500
