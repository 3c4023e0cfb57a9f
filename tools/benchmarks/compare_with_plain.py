"""Hold what the reader says of videos against a plain decode of them: is anything wrong?

    python tools/benchmarks/compare_with_plain.py videos/ clip.mp4 --list more.txt --json
    python tools/benchmarks/compare_with_plain.py --matrix 'h264*'

For each file every frame is read alone in random order, a share of them (``--fresh``) by a reader
that was just opened, and all together. Against a plain decode stand number, order, types, pixels,
I-frames, times, and the vectors that FFmpeg exports; against itself, that no answer depends on what
was asked before, and that reference + residual along the motion is the frame, computed anew from
what was returned. What cannot be read must be a CodecError that names the file: ``refused``, which
is no fault unless ``--strict``. Everything else that is raised is one.
``--matrix`` encodes small clips (clip_matrix.py), of which each says what may be refused.

A file has ``--seconds``: after half of them no further frame is read alone, after all of them it
counts as too slow. Each is compared in a process of its own; one that dies is that file's verdict.

Prints a row per file, what is wrong with it, and what was refused. ``--json``: the last line is a
list of one object per file. Exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import av.logging
from clip_matrix import all_cases
from comparison import compare
from comparison_report import Report
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn
from rich.table import Table

from compressedvideo.container.folders import files_below, is_video


def compare_apart(
    path: str,
    *,
    seconds: float,
    comparing: Callable[..., Report] = compare,
    on_progress: Callable[[float], None] = lambda done: None,
    **options,
) -> Report:
    """Compare a file in a process of its own, which may die or take too long."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_work, args=(comparing, path, theirs, ours), kwargs={"seconds": seconds, **options}
    )
    start = time.monotonic()
    process.start()
    theirs.close()
    broke = ""
    try:
        while True:
            left = start + seconds - time.monotonic()
            if not ours.poll(max(left, 0)):
                broke = f"took more than {seconds:g} s"
                break
            message = ours.recv()
            if isinstance(message, Report):
                return message
            if isinstance(message, str):
                broke = message
                break
            on_progress(message)
    except EOFError:
        process.join()
        code = process.exitcode or 0
        broke = f"died ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"
    finally:
        if process.is_alive():
            process.kill()
        process.join()
        ours.close()
    return Report(path, broke=broke, seconds=round(time.monotonic() - start, 2))


def _work(
    comparing: Callable[..., Report],
    path: str,
    pipe: Connection,
    other: Connection,
    *,
    seconds: float,
    **options,
) -> None:
    other.close()
    av.logging.set_level(av.logging.PANIC)
    last = 0.0

    def tell(done: float) -> None:
        nonlocal last
        if time.monotonic() - last > 0.2:
            last = time.monotonic()
            pipe.send(done)

    try:
        pipe.send(comparing(path, seconds=seconds / 2, on_progress=tell, **options))
    except Exception:  # not the reader's: those are caught where it is called
        pipe.send(f"the comparison failed: {traceback.format_exc(limit=-3)}")


def find_videos(sources: Iterable[str]) -> list[str]:
    """Files as they are; of folders those with a video's suffix, sorted."""
    found = []
    for source in sources:
        if os.path.isdir(source):
            found += [str(path) for path in files_below(Path(source)) if is_video(path)]
        else:
            found.append(source)
    return found


def print_table(reports: Sequence[Report], console: Console) -> None:
    """A row per file, then what was wrong and what was refused."""
    table = Table(title="The reader against a plain decode")
    for name in ("file", "codec", "container"):
        table.add_column(name, overflow="fold")
    for name in ("frames", "keyframes", "B", "alone", "checks", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("verdict", overflow="fold")
    base = os.path.commonpath([os.path.dirname(os.path.abspath(r.file)) for r in reports] or ["."])
    for report in reports:
        passed = sum(not check.failed for check in report.checks.values())
        colour = "red" if report.is_wrong else "green" if report.verdict == "right" else "yellow"
        table.add_row(
            escape(os.path.relpath(report.file, base)),
            report.codec,
            report.container.split(",")[0],
            str(report.frames),
            str(report.keyframes),
            "yes" if report.has_b_frames else "",
            str(report.read_alone),
            f"{passed}/{len(report.checks)}",
            f"{report.seconds:.1f}",
            f"[{colour}]{escape(report.verdict.splitlines()[0])}[/{colour}]",
        )
    console.print(table)
    for report in reports:
        if report.verdict == "right":
            continue
        console.print(escape(os.path.relpath(report.file, base)), style="bold")
        if report.broke:
            console.print(f"  {escape(report.broke)}")
        for name, check in report.checks.items():
            if check.failed:
                console.print(f"  {name}: {escape(str(check))}")
        for message, count in report.refusals.items():
            console.print(f"  refused {count}x: {escape(message)}")
        for doubt, count in Counter(report.doubts).items():
            console.print(
                f"  not well defined: {escape(doubt)}" + (f" ({count}x)" if count > 1 else "")
            )


def print_summary(reports: Sequence[Report], console: Console) -> None:
    wrong = sum(report.is_wrong for report in reports)
    refused = sum(report.verdict == "refused" for report in reports)
    faults = Counter(fault for report in reports for fault in report.faults)
    kinds = ", ".join(f"{name} {count}" for name, count in faults.most_common())
    console.print(
        f"{len(reports)} files: {len(reports) - wrong - refused} right, {refused} refused, "
        f"{wrong} wrong{f' ({kinds})' if kinds else ''}; "
        f"{sum(report.frames for report in reports)} frames, "
        f"{sum(report.seconds for report in reports):.0f} s"
    )


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="videos, or folders of videos")
    parser.add_argument("--list", metavar="TXT", help="a file that names one on each line")
    parser.add_argument(
        "--matrix", nargs="?", const="*", metavar="PATTERN", help="encode clips of such names"
    )
    parser.add_argument("--limit", type=int, help="at most this many files, the first")
    parser.add_argument("--seed", type=int, default=0, help="of all orders (default 0)")
    parser.add_argument("--seconds", type=float, default=120, help="for each file (default 120)")
    parser.add_argument(
        "--fresh", type=float, default=0.25, help="share read by fresh readers (default 0.25)"
    )
    parser.add_argument("--strict", action="store_true", help="refusals count as wrong")
    parser.add_argument("--json", action="store_true", help="the last line is JSON")
    args = parser.parse_args(arguments)
    if args.seconds <= 0:
        parser.error(f"--seconds {args.seconds}: more than 0")
    if not 0 <= args.fresh <= 1:
        parser.error(f"--fresh {args.fresh}: 0 to 1")
    if args.list is not None:
        try:
            lines = Path(args.list).read_text().splitlines()
        except OSError as error:
            parser.error(f"--list {args.list}: {error.strerror}")
        args.files += [line for line in lines if line.strip()]
    args.files = find_videos(args.files)
    if args.limit is not None and args.limit < 1:
        parser.error(f"--limit {args.limit}: at least 1")
    if args.matrix is None and not args.files:
        parser.error("no videos: name files, folders, a --list, or --matrix")
    names = [case.name for case in all_cases()]
    if args.matrix is not None and not fnmatch.filter(names, args.matrix):
        parser.error(f"--matrix {args.matrix!r}: no clip has such a name, but {names[0]!r} is one")
    return args


def _advance(progress: Progress, task: TaskID, number: int, done: float) -> None:
    progress.update(task, completed=number + done)


def compare_all(
    files: Sequence[str],
    *,
    may_refuse: Mapping[str, str],
    seconds: float,
    seed: int,
    fresh_share: float,
) -> list[Report]:
    """Compare files one after the other, and show how far it is."""
    reports = []
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("comparing", total=len(files))
        for number, path in enumerate(files):
            progress.update(task, description=escape(os.path.basename(path)), completed=number)
            report = compare_apart(
                path,
                seconds=seconds,
                seed=seed,
                fresh_share=fresh_share,
                on_progress=partial(_advance, progress, task, number),
            )
            report.may_refuse = may_refuse.get(path, "pixels")
            reports.append(report)
    return reports


def write_matrix(folder: str, pattern: str) -> dict[str, str]:
    """Encode the matrix's clips of such names. Returns what may be refused of each file."""
    found = {}
    for case in all_cases():
        if fnmatch.fnmatchcase(case.name, pattern):
            path = os.path.join(folder, case.name)
            case.write(Path(path))
            found[path] = case.may_refuse
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    with tempfile.TemporaryDirectory() as folder:
        may_refuse = dict.fromkeys(args.files, "" if args.strict else "pixels")
        if args.matrix is not None:
            may_refuse |= write_matrix(folder, args.matrix)
        reports = compare_all(
            list(may_refuse)[: args.limit],
            may_refuse=may_refuse,
            seconds=args.seconds,
            seed=args.seed,
            fresh_share=args.fresh,
        )
    print_table(reports, console)
    print_summary(reports, console)
    if args.json:
        print(json.dumps([report.as_json() for report in reports]))
    return int(any(report.is_wrong for report in reports))


if __name__ == "__main__":
    sys.exit(main())
