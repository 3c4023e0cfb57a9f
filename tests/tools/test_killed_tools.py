"""Tools that are told to end, or killed, leave no process behind; the tools in forked processes."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
import time
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcondense.datasets.synthetic import make_synthetic

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20  # torch's workers look for their parent every five
SECONDS_TO_BEGIN = 60  # on a busy machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def session(leader: int) -> set[int]:
    """The living processes of a session."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = path.read_text().rsplit(")", 1)[1].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_session) == leader and state != "Z":
            found.add(int(path.parent.name))
    return found


def wait_for(condition, seconds: float = SECONDS) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def kill_within(number: signal.Signals, tool: str, *arguments: object, processes: int) -> None:
    """Start a tool, send it a signal once it has workers, and wait for the end of them all."""

    def work() -> None:
        os.setsid()
        torch.set_num_threads(1)
        sys.argv = [tool, *map(str, arguments)]
        runpy.run_path(str(ROOT / "tools" / tool), run_name="__main__")

    parent = multiprocessing.get_context("fork").Process(target=work)
    parent.start()
    try:
        has_workers = wait_for(lambda: len(session(parent.pid)) == processes, SECONDS_TO_BEGIN)
        assert has_workers, "has no workers"
        os.kill(parent.pid, number)
        parent.join(SECONDS)
        assert parent.exitcode == -number
        assert wait_for(lambda: not session(parent.pid)), "workers are left"
    finally:
        for process in session(parent.pid):
            os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_make_synthetic(number: signal.Signals, tmp_path: Path) -> None:
    arguments = ("--out", tmp_path / "out", "--num-train", 2000, "--workers", 2)
    kill_within(number, "data/make_synthetic.py", *arguments, processes=3)


def test_condense_dataset(tmp_path: Path) -> None:
    init_default_scope("mmaction")
    make_synthetic(tmp_path, num_train=1, num_val=1, size=64, num_frames=24, show_progress=False)
    # Enough for it to be at work still when it is looked at, on whatever machine.
    (entry,) = (tmp_path / "train.txt").read_text().splitlines()
    name, label = entry.split()
    more = [name.replace("00000", f"{number:05d}") for number in range(1, 2000)]
    for other in more:
        (tmp_path / other).hardlink_to(tmp_path / name)
    (tmp_path / "train.txt").write_text("".join(f"{n} {label}\n" for n in [name, *more]))
    config = tmp_path / "di.py"
    loader = f"dict(dataset=dict(data_root='{tmp_path}'))"
    config.write_text(
        f"_base_ = '{ROOT}/configs/baselines/di_synthetic.py'\n"
        f"train_dataloader = val_dataloader = test_dataloader = {loader}\n"
    )
    model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / "di.pth")
    arguments = (config, tmp_path / "di.pth", "--out", tmp_path / "out", "--num-workers", 2)
    kill_within(signal.SIGKILL, "condense_dataset.py", *arguments, processes=3)
