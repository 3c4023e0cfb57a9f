"""Where faults are tried: a few synthetic clips, tools in real processes, and what they say."""

from __future__ import annotations

import multiprocessing
import os
import resource
import runpy
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook

from mmcondense.datasets.synthetic import make_synthetic

ROOT = Path(__file__).resolve().parents[2]
CLIPS, BATCH, EPOCHS = 16, 4, 3
LAST = f"epoch_{EPOCHS}.pth"
SECONDS = 120


@HOOKS.register_module()
class FaultHook(Hook):
    """Do to a training, once, what $FAULT says: ``WHAT ITERATION [RANK]``."""

    priority = "HIGHEST"

    def __init__(self) -> None:
        what, iteration, *rank = os.environ.get("FAULT", "nothing 0").split()
        self.what, self.iteration = what, int(iteration)
        self.rank = int(rank[0]) if rank else None

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter != self.iteration or self.rank not in (None, runner.rank):
            return
        if self.what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.what == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.what == "kill-worker":
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            os.kill(int(children[0]), signal.SIGKILL)
        elif self.what == "full-disk":  # as near as one comes to it without a disk of one's own
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        elif self.what == "vanish":
            for path in sorted(Path(os.environ["VIDEOS"]).glob("*.mp4"))[:3]:
                path.unlink()
        elif self.what == "nan":
            runner.optim_wrapper.optimizer.param_groups[0]["lr"] = float("nan")


@dataclass
class Result:
    """What a process left."""

    codes: list[int]
    """Exit codes; below 0: the signal."""

    output: str
    """Standard output and error of all."""

    def expect(
        self, *codes: int, says: tuple[str, ...] = (), traceback: bool | None = False
    ) -> None:
        """Raises AssertionError, unless it ended so; ``traceback=None``: no matter."""
        end = self.output[-2000:]
        assert self.codes == list(codes), f"exits {self.codes}, expected {list(codes)}: {end}"
        missing = [text for text in says if text not in self.output]
        assert not missing, f"does not say {missing}: {end}"
        if traceback is not None:
            assert ("Traceback (most recent" in self.output) == traceback, f"traceback: {end}"


class Bench:
    """A folder with data, a config, and the weights of a training that nothing disturbs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        make_synthetic(
            self.data, num_train=CLIPS, num_val=4, num_frames=24, size=64, show_progress=False
        )
        self.config = self.write_config("config", self.data)
        self.whole = folder / "whole"
        self.train(self.whole).expect(0)

    def write_config(self, name: str, data: Path) -> Path:
        """A config of ``EPOCHS`` epochs on a folder like ``self.data``."""
        loader = f"dict(batch_size={BATCH}, num_workers=0, persistent_workers=False, "
        loader += f"dataset=dict(data_root='{data}'))"
        path = self.folder / f"{name}.py"
        path.write_text(
            f"_base_ = '{ROOT}/configs/ipts/ip_tsn_synthetic.py'\n"
            f"train_dataloader = val_dataloader = {loader}\n"
            f"test_dataloader = val_dataloader\n"
            f"train_cfg = dict(max_epochs={EPOCHS})\n"
            "custom_hooks = [*_base_.custom_hooks, dict(type='FaultHook')]\n"
        )
        return path

    def copy_data(self, name: str) -> Path:
        """The data, to be spoilt."""
        return Path(shutil.copytree(self.data, self.folder / name))

    def copy_work(self, name: str) -> Path:
        """The work dir of the undisturbed training."""
        work = Path(shutil.copytree(self.whole, self.folder / name))
        (work / "last_checkpoint").write_text(str(work / LAST))
        return work

    def train(
        self,
        work_dir: Path,
        *arguments: str,
        config: Path | None = None,
        fault: str = "nothing 0",
        workers: int = 0,
        processes: int = 1,
        env: dict[str, str] | None = None,
    ) -> Result:
        """``tools/train.py``, in so many processes together."""
        options = [f"train_dataloader.num_workers={workers}"]
        options += [f"train_dataloader.batch_size={BATCH // processes}"]
        launcher = ["--launcher", "pytorch"] if processes > 1 else []
        return self.run(
            "train.py",
            *(config or self.config, "--work-dir", work_dir, "--seed", "0", *arguments, *launcher),
            *("--cfg-options", *options),
            processes=processes,
            env={"FAULT": fault, **(env or {})},
        )

    def run(
        self, tool: str, *arguments: object, processes: int = 1, env: dict[str, str] | None = None
    ) -> Result:
        """A script of ``tools/`` to its end."""
        ranks = self.start(tool, *arguments, processes=processes, env=env)
        until = time.monotonic() + SECONDS
        for rank in ranks:
            rank.join(max(until - time.monotonic(), 0))
        hangs = [rank for rank in ranks if rank.is_alive()]
        for rank in hangs:
            rank.kill()
            rank.join()
        assert not hangs, f"hangs: {self._output(ranks)[-2000:]}"
        return Result([rank.exitcode for rank in ranks], self._output(ranks))

    def start(
        self, tool: str, *arguments: object, processes: int = 1, env: dict[str, str] | None = None
    ) -> list:
        """A script, begun; each process in a session of its own."""
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]

        def work(rank: int) -> None:
            os.setsid()
            log = os.open(self.folder / f"{os.getpid()}.log", os.O_CREAT | os.O_WRONLY)
            os.dup2(log, 1)
            os.dup2(log, 2)
            torch.set_num_threads(1)
            os.environ |= env or {}
            if processes > 1:
                os.environ["RANK"] = os.environ["LOCAL_RANK"] = str(rank)
                os.environ["WORLD_SIZE"] = str(processes)
                os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", str(port)
            sys.argv = [tool, *map(str, arguments)]
            runpy.run_path(str(ROOT / "tools" / tool), run_name="__main__")

        context = multiprocessing.get_context("fork")  # importing takes longer than training
        ranks = [context.Process(target=work, args=(rank,)) for rank in range(processes)]
        for rank in ranks:
            rank.start()
        return ranks

    def stop(self, number: signal.Signals, tool: str, *arguments: object, processes: int) -> None:
        """Start a tool, send a signal once it has so many processes; none may be left."""
        (leader,) = self.start(tool, *arguments)
        try:
            assert wait_for(lambda: len(session(leader.pid)) >= processes), "has no workers"
            os.kill(leader.pid, number)
            leader.join(SECONDS)
            assert leader.exitcode == -number, f"exit {leader.exitcode}"
            assert wait_for(lambda: not session(leader.pid)), "processes are left"
        finally:
            for process in session(leader.pid):
                os.kill(process, signal.SIGKILL)

    def expect_whole(self, work_dir: Path) -> None:
        """Raises AssertionError, unless the weights are those of the undisturbed training."""
        weights, expected = (
            torch.load(path / LAST, weights_only=True)["state_dict"]
            for path in (work_dir, self.whole)
        )
        other = [name for name, value in expected.items() if not torch.equal(value, weights[name])]
        assert not other, f"{len(other)} of {len(expected)} tensors differ"

    def _output(self, ranks: list) -> str:
        logs = [self.folder / f"{rank.pid}.log" for rank in ranks]
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())


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


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether a condition holds within ``SECONDS``."""
    until = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()
