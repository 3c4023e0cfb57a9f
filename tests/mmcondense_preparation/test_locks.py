"""What is held by whom: this process, another, one that is dead."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from mmcondense_preparation.aside import Aside, publish, sweep
from mmcondense_preparation.locks import hold_left, open_held

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
fork = multiprocessing.get_context("fork")


def test_what_another_process_holds_is_left_until_it_ends(tmp_path: Path) -> None:
    def hold() -> None:
        aside = Aside(tmp_path)
        aside.path("half").write_text("half")
        (tmp_path / "begun").touch()
        time.sleep(60)

    process = fork.Process(target=hold, daemon=True)
    process.start()
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.01)
    (half,) = tmp_path.glob(".preparation/aside/*/half")
    sweep(tmp_path)
    assert half.read_text() == "half"
    assert hold_left(half.with_name("lock")) is None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    sweep(tmp_path)
    assert not half.parent.exists()


def test_who_waits_for_a_file_that_is_removed_makes_it_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log"
    process = fork.Process(target=_write, args=(path,), daemon=True)
    process.start()  # before: it would inherit what is held
    with open_held(path) as file:
        (tmp_path / "held").touch()
        time.sleep(0.3)  # it waits now
        file.write(b"lost")
        path.unlink()
        path.parent.rmdir()
    process.join(20)
    assert process.exitcode == 0
    assert path.read_bytes() == b"kept"
    assert hold_left(tmp_path / "none") is None


def _write(path: Path) -> None:
    while not (path.parents[1] / "held").exists():
        time.sleep(0.01)
    with open_held(path) as file:
        file.write(b"kept")


def test_a_folder_takes_anothers_place(tmp_path: Path) -> None:
    for content in ("old", "new"):
        aside = Aside(tmp_path)
        path = aside.path("a")
        path.mkdir()
        (path / content).touch()
        publish(path, tmp_path / "x" / "a")
        aside.close()
    assert [path.name for path in (tmp_path / "x" / "a").iterdir()] == ["new"]
    assert not list(tmp_path.glob(".preparation/aside/*"))
