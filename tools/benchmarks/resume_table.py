"""Kill trainings at random moments, resume them, and compare their weights bit by bit.

    python tools/benchmarks/resume_table.py --moments 10

Each training is ``tools/train.py`` on a few synthetic clips, in real processes that end by SIGKILL
and are started again with ``--resume``; with 0, 1 and 2 workers, alone and two together (gloo).
What a seed of this script draws is where: the iteration, and whether before it, behind it, while
its checkpoint is written, or in the validation. All must end with the weights of the training that
nothing interrupts.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import runpy
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook

from mmcondense.datasets.synthetic import make_synthetic

ROOT = Path(__file__).resolve().parents[2]
CLIPS, BATCH, EPOCHS = 24, 4, 3
ITERATIONS = EPOCHS * CLIPS // BATCH
POINTS = ("before_train_iter", "after_train_iter", "writing", "before_val_iter")


@HOOKS.register_module()
class KillAtPoint(Hook):
    """End the process with SIGKILL, once: the moment is ``POINT ITERATION`` in $KILL_AT."""

    priority = "LOWEST"

    def __init__(self) -> None:
        point, iteration = os.environ.get("KILL_AT", "never 0").split()
        self.point, self.iteration = point, int(iteration)

    def _kill(self, point: str, iteration: int) -> None:
        if point == self.point and iteration >= self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._kill("before_train_iter", runner.iter)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self._kill("after_train_iter", runner.iter)

    def before_val_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._kill("before_val_iter", runner.iter - 1)

    def before_save_checkpoint(self, runner, checkpoint) -> None:
        if self.point == "writing" and runner.iter >= self.iteration:
            # a stand-in for the file system: the first half is on the disk
            checkpoint["kill"] = _KillsWhenPickled()


class _KillsWhenPickled:
    def __reduce__(self) -> tuple:
        os.kill(os.getpid(), signal.SIGKILL)
        return (int, ())


def train(work_dir: Path, data: Path, *, workers: int, processes: int, kill_at: str) -> list[int]:
    """Run ``tools/train.py`` once; the processes' exit codes."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    options = [f"train_cfg.max_epochs={EPOCHS}", "default_hooks.checkpoint.by_epoch=False"]
    options += ["default_hooks.checkpoint.interval=2", "default_hooks.checkpoint.max_keep_ckpts=1"]
    for split in ("train", "val"):
        loader = f"{split}_dataloader"
        number = workers if split == "train" else 0
        options += [f"{loader}.dataset.data_root={data}", f"{loader}.num_workers={number}"]
        options += [f"{loader}.batch_size={BATCH // processes}"]
        options += [f"{loader}.persistent_workers={number > 0}"]
    config = work_dir.parent / "config.py"
    config.write_text(
        f"_base_ = '{ROOT}/configs/ipts/ip_tsn_synthetic.py'\n"
        "custom_hooks = [*_base_.custom_hooks, dict(type='KillAtPoint')]\n"
    )

    def work(rank: int) -> None:
        log = os.open(work_dir.parent / f"{work_dir.name}.rank{rank}.log", os.O_CREAT | os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        torch.set_num_threads(1)
        os.environ["KILL_AT"] = kill_at
        sys.argv = ["train.py", str(config), "--work-dir", str(work_dir), "--seed", "0", "--resume"]
        if processes > 1:
            os.environ["RANK"] = os.environ["LOCAL_RANK"] = str(rank)
            os.environ["WORLD_SIZE"] = str(processes)
            os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", str(port)
            sys.argv += ["--launcher", "pytorch"]
        sys.argv += ["--cfg-options", *options]
        runpy.run_path(str(ROOT / "tools" / "train.py"), run_name="__main__")

    context = multiprocessing.get_context("fork")  # importing takes longer than training
    ranks = [context.Process(target=work, args=(rank,)) for rank in range(processes)]
    for each in ranks:
        each.start()
    for each in ranks:
        each.join(60 if any(other.exitcode for other in ranks) else None)
        each.kill()
        each.join()
    return [each.exitcode or 0 for each in ranks]


def weights_of(work_dir: Path) -> dict[str, torch.Tensor]:
    return torch.load(work_dir / f"iter_{ITERATIONS}.pth", weights_only=True)["state_dict"]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=10, help="of each combination (10)")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    moments = random.Random(args.seed)
    failed = 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        make_synthetic(
            data, num_train=CLIPS, num_val=8, num_frames=24, size=64, show_progress=False
        )
        for processes in args.processes:
            whole = Path(folder, f"whole{processes}")
            codes = train(whole, data, workers=0, processes=processes, kill_at="never 0")
            assert not any(codes), (whole.parent / f"{whole.name}.rank0.log").read_text()
            expected = weights_of(whole)
            for workers, number in itertools.product(args.workers, range(args.moments)):
                moment = f"{moments.choice(POINTS)} {moments.randrange(1, ITERATIONS - 1)}"
                work_dir = Path(folder, f"p{processes}w{workers}n{number}")
                options = dict(workers=workers, processes=processes)
                killed = train(work_dir, data, kill_at=moment, **options)
                resumed = train(work_dir, data, kill_at="never 0", **options)
                equal = 0
                if not any(resumed):
                    weights = weights_of(work_dir)
                    equal = sum(torch.equal(x, weights[name]) for name, x in expected.items())
                passed = -signal.SIGKILL in killed and equal == len(expected)
                failed += not passed
                print(
                    f"{processes} processes, {workers} workers, {moment}: exits {killed}, then "
                    f"{resumed}; {equal} of {len(expected)} tensors equal"
                    + ("" if passed else "  FAILED"),
                    flush=True,
                )
                if not passed:
                    print((work_dir.parent / f"{work_dir.name}.rank0.log").read_text()[-3000:])
    print(f"{failed} failed, {time.monotonic() - begun:.0f} s")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
