"""Faults in real processes, each with what must come of it, as a table.

    python tools/benchmarks/fault_table.py          # all, minutes
    python tools/benchmarks/fault_table.py --quick  # what CI runs

A function below is a fault: its docstring says the fault and the outcome. It raises AssertionError
where the outcome is another one.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fault_bench import CLIPS, LAST, Bench

Fault = Callable[[Bench, Path], None]
FAULTS: list[tuple[Fault, bool]] = []
KILLED, TOLD = -signal.SIGKILL, 128 + signal.SIGTERM


def fault(*, quick: bool = False) -> Callable[[Fault], Fault]:
    """Add a fault to the table."""

    def add(function: Fault) -> Fault:
        FAULTS.append((function, quick))
        return function

    return add


# Videos


def spoilt(bench: Bench, name: str, files: str, count: int) -> Path:
    """A config on data of which some files are empty."""
    data = bench.copy_data(name)
    for path in sorted((data / "videos").glob(files))[:count]:
        path.write_bytes(b"")
    return bench.write_config(name, data)


@fault(quick=True)
def broken_videos(bench: Bench, work: Path) -> None:
    """2 of 16 training videos are empty files | trained on the others, both are listed"""
    config = spoilt(bench, "broken", "train*", 2)
    says = (f"Skipped 2 of {CLIPS} training videos",)
    bench.train(work, config=config).expect(0, says=says)


@fault()
def broken_videos_and_kill(bench: Bench, work: Path) -> None:
    """the same, killed and resumed with other workers | the same weights"""
    config = spoilt(bench, "broken2", "train*", 2)
    bench.train(work, config=config).expect(0)
    cut = bench.folder / "broken2_cut"
    bench.train(cut, config=config, fault="kill 6", workers=2).expect(KILLED, traceback=None)
    bench.train(cut, "--resume", config=config).expect(0)
    first, second = (torch.load(x / LAST, weights_only=True)["state_dict"] for x in (work, cut))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@fault()
def all_videos_broken(bench: Bench, work: Path) -> None:
    """all training videos are empty files | an error that says so"""
    config = spoilt(bench, "all_broken", "train*", CLIPS)
    says = (f"none of its {CLIPS} videos can be read",)
    bench.train(work, config=config).expect(1, says=says, traceback=None)


@fault()
def broken_validation_video(bench: Bench, work: Path) -> None:
    """a validation video is an empty file | an error with its path, not a score over fewer"""
    config = spoilt(bench, "broken_val", "val*", 1)
    bench.train(work, config=config).expect(1, says=("val_00000.mp4",), traceback=None)


@fault()
def vanishing_videos(bench: Bench, work: Path) -> None:
    """3 videos vanish in the second epoch | trained on the others"""
    data = bench.copy_data("vanishing")
    config, videos = bench.write_config("vanishing", data), str(data / "videos")
    result = bench.train(work, config=config, fault="vanish 5", env=dict(VIDEOS=videos))
    result.expect(0, says=("Skipping a video",))


# Lists


def with_list(
    bench: Bench, name: str, change: Callable[[str], str], *, work: Path, **expected
) -> None:
    data = bench.copy_data(name)
    path = data / "train.txt"
    path.write_text(change(path.read_text()))
    code = expected.pop("code", 1)
    bench.train(work, config=bench.write_config(name, data)).expect(code, **expected)


@fault()
def marked_list(bench: Bench, work: Path) -> None:
    """a list with a byte order mark and blank lines | trained"""
    with_list(bench, "marked", lambda x: "\ufeff" + x.replace("\n", "\n\n"), work=work, code=0)
    bench.expect_whole(work)


@fault(quick=True)
def text_label(bench: Bench, work: Path) -> None:
    """a label that is a word | one line, with file and line"""
    says = ("train.txt, line 17: label 'jump' is no number",)
    with_list(bench, "word", lambda x: x + "a.mp4 jump\n", work=work, says=says)


@fault()
def label_out_of_range(bench: Bench, work: Path) -> None:
    """a label from the number of classes up | one line, with file and line"""
    says = ("train.txt, line 17: label 99 is out of range, allowed is 0 to 7",)
    with_list(bench, "range", lambda x: x + "a.mp4 99\n", work=work, says=says)


@fault()
def missing_label(bench: Bench, work: Path) -> None:
    """a line without a label | one line, with file and line"""
    says = ("train.txt, line 17: no label behind 'a.mp4'",)
    with_list(bench, "none", lambda x: x + "a.mp4\n", work=work, says=says)


@fault()
def space_in_path(bench: Bench, work: Path) -> None:
    """a space in a path | one line, with file and line"""
    says = ("train.txt, line 17:", "a space in its path")
    with_list(bench, "space", lambda x: x + "a b.mp4 1\n", work=work, says=says)


@fault()
def empty_list(bench: Bench, work: Path) -> None:
    """an empty list | one line, with the file"""
    with_list(bench, "empty", lambda _: "", work=work, says=("train.txt lists no videos",))


@fault(quick=True)
def missing_list(bench: Bench, work: Path) -> None:
    """no list | one message with the command that makes it"""
    config = bench.write_config("nowhere", bench.folder / "nowhere")
    says = ("this is needed, and is not there", "train.txt", "make_synthetic.py")
    bench.train(work, config=config).expect(1, says=says)


# Processes


@fault(quick=True)
def killed(bench: Bench, work: Path) -> None:
    """SIGKILL in the second epoch, --resume | the weights of an undisturbed training"""
    bench.train(work, fault="kill 6").expect(KILLED)
    bench.train(work, "--resume").expect(0)
    bench.expect_whole(work)


@fault(quick=True)
def told_to_end(bench: Bench, work: Path) -> None:
    """SIGTERM in the second epoch, --resume | saved, exit 143; the same weights"""
    bench.train(work, fault="term 6").expect(TOLD, says=("SIGTERM: saved",))
    bench.train(work, "--resume").expect(0, says=("Goes on behind batch 3 of 4",))
    bench.expect_whole(work)


@fault()
def killed_worker(bench: Bench, work: Path) -> None:
    """a DataLoader worker is killed, --resume | an error that says so; the same weights"""
    result = bench.train(work, fault="kill-worker 6", workers=2)
    result.expect(1, says=("killed by signal: Killed",), traceback=None)
    bench.train(work, "--resume").expect(0)
    bench.expect_whole(work)


@fault()
def killed_rank(bench: Bench, work: Path) -> None:
    """one of two processes is killed, --resume | the other ends, too; the same weights"""
    whole = bench.folder / "two"
    bench.train(whole, processes=2).expect(0, 0, traceback=None)
    codes = bench.train(work, fault="kill 6 1", processes=2).codes
    assert codes[1] == KILLED, codes
    assert codes[0] not in (0, None), codes
    bench.train(work, "--resume", processes=2).expect(0, 0, traceback=None)
    first, second = (torch.load(x / LAST, weights_only=True)["state_dict"] for x in (whole, work))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@fault()
def told_rank(bench: Bench, work: Path) -> None:
    """SIGTERM to one of two processes | both end with 143 after the same iteration"""
    result = bench.train(work, fault="term 6 1", processes=2)
    result.expect(TOLD, TOLD, says=("SIGTERM: saved", "after iteration 7"), traceback=None)


# Numbers and disks


@fault(quick=True)
def infinite_rate(bench: Bench, work: Path) -> None:
    """the loss becomes NaN | one message with the files of the batch; nothing is saved"""
    says = ("loss=nan", "in iteration 7 of epoch 2, on", ".mp4", "Nothing was saved since")
    bench.train(work, fault="nan 5").expect(1, says=says)
    assert [path.name for path in work.glob("epoch_*.pth")] == ["epoch_1.pth"]


@fault()
def full_disk(bench: Bench, work: Path) -> None:
    """the second checkpoint does not fit on the disk, --resume | an error; the same weights"""
    bench.train(work, fault="full-disk 5").expect(1, says=("File too large",), traceback=None)
    assert not list(work.glob("*.part"))
    bench.train(work, "--resume").expect(0)
    bench.expect_whole(work)


@fault()
def no_place_to_write(bench: Bench, work: Path) -> None:
    """the work dir lies where nobody may write | an error with its name"""
    result = bench.train(Path("/proc/work"))
    result.expect(1, says=("/proc/work",), traceback=None)


# Checkpoints


def spoil(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    spoilt = dict(cut=bytes(data[: len(data) // 3]), empty=b"", flipped=bytes(data))
    path.write_bytes(spoilt[how])


def resumed_despite(bench: Bench, work: Path, *says: str) -> None:
    bench.train(work, "--resume").expect(0, says=says)
    bench.expect_whole(work)


@fault(quick=True)
def cut_checkpoint(bench: Bench, work: Path) -> None:
    """the last checkpoint is cut, --resume | said; from the one before to the same"""
    bench.copy_work(work.name)
    spoil(work / LAST, "cut")
    resumed_despite(bench, work, f"{LAST} is damaged", "epoch_2.pth")


@fault()
def flipped_bit(bench: Bench, work: Path) -> None:
    """a bit of the last checkpoint flipped, --resume | said; from the one before to the same"""
    bench.copy_work(work.name)
    spoil(work / LAST, "flipped")
    resumed_despite(bench, work, f"{LAST} is damaged: the checksum of its part", "epoch_2.pth")


@fault()
def empty_note(bench: Bench, work: Path) -> None:
    """last_checkpoint is empty, --resume | said; from the newest one"""
    bench.copy_work(work.name)
    (work / LAST).unlink()
    (work / "last_checkpoint").write_text("")
    resumed_despite(bench, work, "last_checkpoint is empty", "epoch_2.pth")


@fault()
def wrong_note(bench: Bench, work: Path) -> None:
    """last_checkpoint names what is not there, --resume | said; from the newest one"""
    bench.copy_work(work.name)
    (work / LAST).unlink()
    resumed_despite(bench, work, "which is not there", "epoch_2.pth")


@fault(quick=True)
def all_checkpoints_damaged(bench: Bench, work: Path) -> None:
    """all checkpoints are damaged, --resume | one line; no training from the beginning"""
    bench.copy_work(work.name)
    for path in work.glob("epoch_*.pth"):
        spoil(path, "empty")
    bench.train(work, "--resume").expect(1, says=("nothing to resume from", "To begin anew"))


@fault(quick=True)
def damaged_argument(bench: Bench, work: Path) -> None:
    """--resume PATH is damaged | one line, exit 2"""
    bench.copy_work(work.name)
    spoil(work / LAST, "flipped")
    bench.train(work, "--resume", str(work / LAST)).expect(2, says=("is damaged: the checksum",))


@fault()
def checkpoint_of_another_model(bench: Bench, work: Path) -> None:
    """a test with another model's checkpoint | one line, not a score"""
    other = bench.folder / "other.pth"
    torch.save(dict(state_dict=torch.nn.Linear(2, 2).state_dict()), other)
    says = ("is no checkpoint of this model",)
    bench.run("test.py", bench.config, other, "--work-dir", work).expect(1, says=says)


@fault()
def checkpoint_with_code(bench: Bench, work: Path) -> None:
    """a test with a checkpoint that runs code | refused, nothing ran"""

    class Code:
        def __reduce__(self) -> tuple:
            return (os.mkdir, (str(bench.folder / "owned"),))

    torch.save(dict(state_dict=Code()), bench.folder / "code.pth")
    result = bench.run("test.py", bench.config, bench.folder / "code.pth", "--work-dir", work)
    result.expect(1, traceback=None)
    assert not (bench.folder / "owned").exists()


@fault()
def dump_with_code(bench: Bench, work: Path) -> None:
    """fusing predictions that run code | refused in one line, nothing ran"""

    class Code:
        def __reduce__(self) -> tuple:
            return (os.mkdir, (str(bench.folder / "owned"),))

    file = io.BytesIO()
    np.savez(file, pred_score=np.array([Code()], dtype=object))
    dump = bench.folder / "code.npz"
    dump.write_bytes(file.getvalue())
    tool = "analysis_tools/fuse_scores.py"
    result = bench.run(tool, "--preds", dump, "--coefficients", 1)
    result.expect(1, says=("is no dump of tools/test.py",))
    assert not (bench.folder / "owned").exists()


# Signals to tools


def many_videos(bench: Bench) -> Path:
    folder = bench.folder / "many"
    if not folder.exists():
        aside = folder.with_name("many.part")
        aside.mkdir()
        video = next((bench.data / "videos").glob("*.mp4"))
        for number in range(400):
            shutil.copy(video, aside / f"{number}.mp4")
        aside.rename(folder)
    return folder


def _signal_to(name: str, number: signal.Signals, *, quick: bool) -> None:
    tool, workers = dict(
        make_synthetic=("data/make_synthetic.py", 2),
        reencode=("data/reencode.py", 2),
        extract_flow=("data/extract_flow.py", 2),
        make_shards=("data/make_shards.py", 0),
        condense_dataset=("condense_dataset.py", 2),
    )[name]

    def stop(bench: Bench, work: Path) -> None:
        if name == "make_synthetic":
            arguments: tuple = ("--out", work, "--num-train", 4000, "--workers", 2)
        elif name == "reencode":
            arguments = (many_videos(bench), work, "--codec", "hevc", "--workers", 2)
        elif name == "extract_flow":
            arguments = (many_videos(bench), work, "--workers", 2)
        elif name == "make_shards":
            lines = (f"{path.name} 0\n" for path in many_videos(bench).iterdir())
            (bench.folder / "many.txt").write_text("".join(lines) * 400)
            arguments = (bench.folder / "many.txt", "--video-root", many_videos(bench))
            arguments += ("--out", work)
        else:
            data = bench.copy_data(work.name + "_data")
            shutil.copytree(many_videos(bench), data / "videos" / "many")
            names = "".join(f"videos/many/{number}.mp4 0\n" for number in range(400))
            (data / "train.txt").write_text(names)
            config = bench.folder / f"{work.name}_di.py"
            config.write_text(
                f"_base_ = '{Path(__file__).parents[2]}/configs/baselines/di_synthetic.py'\n"
                "train_dataloader = val_dataloader = test_dataloader = "
                f"dict(dataset=dict(data_root='{data}'))\n"
            )
            arguments = (config, "none", "--out", work, "--num-workers", 2)
        bench.stop(number, tool, *arguments, processes=workers + 1)

    left = "no process is left" if workers else "it ends"
    stop.__doc__ = f"{number.name} to {Path(tool).name} | {left}"
    FAULTS.append((stop, quick))


for _name in ("make_synthetic", "reencode", "extract_flow", "make_shards"):
    for _number in (signal.SIGTERM, signal.SIGKILL):
        _signal_to(_name, _number, quick=_name == "reencode")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only what CI runs")
    parser.add_argument("--only", help="faults whose description contains this")
    args = parser.parse_args()
    failed, begun = 0, time.monotonic()
    chosen = [
        function
        for function, quick in FAULTS
        if (quick or not args.quick) and (args.only or "") in (function.__doc__ or "")
    ]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        print("| fault | expected | seen | seconds |\n| --- | --- | --- | --- |", flush=True)
        for number, function in enumerate(chosen):
            start, seen = time.monotonic(), "as expected"
            try:
                function(bench, bench.folder / f"work{number}")
            except AssertionError as error:
                failed += 1
                seen = "**" + " ".join(str(error).split()) + "**"
            fault_text, _, expected = (function.__doc__ or "").partition(" | ")
            print(
                f"| {fault_text} | {expected} | {seen} | {time.monotonic() - start:.0f} |",
                flush=True,
            )
    seconds = time.monotonic() - begun
    print(f"\n{len(chosen)} faults, {len(chosen) - failed} as expected, {seconds:.0f} s")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
