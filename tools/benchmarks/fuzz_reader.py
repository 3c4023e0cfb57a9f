"""The whole reader against damaged files: mutated clips of every codec and container.

    python tools/benchmarks/fuzz_reader.py --count 30000
    python tools/benchmarks/fuzz_reader.py --only 1234
    python tools/benchmarks/fuzz_reader.py --seconds 60 --clips 'h264*' --keep FOLDER

Input N is the same for the same ``--seed``, ``--clips`` and version of the encoders. Each is read
from its path, from bytes, in another order of reads and with damage kept, in a forked process that
reads a few inputs. It is a problem

- if the process dies, or an input takes longer than 10 s, or more than 500 MB,
- if anything but a CodecError with the input's path is raised,
- if a read from memory differs from one from the path (``bytes``), or one in a fresh reader from
  one after others (``history``): in what it returns, or whether it is an error.

Exit status 1 if there is one. Errors that the reader's boundary had to translate are counted by
what they were: they are no problems, but the place to look for checks that are missing.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import hashlib
import io
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import BinaryIO

import av
import numpy as np
from clip_matrix import all_cases
from fuzz_mutations import Clip, examine, mutate

from compressedvideo import CodecError, CompressedVideo

BATCH = 25
"""Inputs that one process reads."""

SECONDS_AN_INPUT = 10
MEGABYTES_AN_INPUT = 500
ADDRESS_SPACE = 8 << 30

CLIPS = "*"
LEFT_OUT = ("turned", "open", "table", "varying", "gap", "wrap", "equal", "gray", "one-frame")
"""Parts of the names of clips that differ from others in what mutations change anyway."""

MODALITIES = (
    ("iframe", "motion", "residual"),
    ("motion",),
    ("rgb",),
    ("iframe",),
    ("motion_past", "motion_future"),
    ("cells", "bits"),
    ("residual",),
)


@dataclass
class Outcome:
    """What became of one input."""

    number: int
    clip: str = ""
    mutation: str = ""
    result: str = ""
    """``'read'``, ``'refused'`` (at opening), ``'error'`` (in some reads)."""
    problems: list[str] = field(default_factory=list)
    translated: list[str] = field(default_factory=list)
    """What the boundary made a CodecError of."""
    seconds: float = 0
    megabytes: float = 0


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="inputs; default %(default)s")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first input's")
    parser.add_argument("--seconds", type=float, help="stop after; --count does not matter then")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", default=CLIPS, metavar="PATTERN", help="names, as a shell's")
    parser.add_argument("--only", type=int, metavar="N", help="read this input here, and say how")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write inputs with problems")
    args = parser.parse_args()
    clips = make_clips(args.clips)
    if args.only is not None:
        outcome = examine_input(args.only, seed=args.seed, clips=clips, keep=args.keep, says=True)
        print(json.dumps(outcome.__dict__, indent=1))
        return bool(outcome.problems)
    outcomes = list(
        fuzz(
            clips,
            seed=args.seed,
            first=args.first,
            count=None if args.seconds else args.count,
            seconds=args.seconds,
            keep=args.keep,
        )
    )
    print(report(outcomes, clips))
    return any(outcome.problems for outcome in outcomes)


def make_clips(pattern: str = CLIPS) -> list[Clip]:
    """Clips of the matrix."""
    clips = []
    with tempfile.TemporaryDirectory() as folder:
        for case in all_cases():
            left_out = any(part in case.name for part in LEFT_OUT)
            if fnmatch.fnmatchcase(case.name, pattern) and not left_out:
                path = Path(folder) / case.name
                case.write(path)
                clips.append(examine(case.name, path.read_bytes()))
    if not clips:
        raise ValueError(f"no clip of the matrix is called {pattern!r}")
    return clips


def fuzz(
    clips: Sequence[Clip],
    *,
    seed: int = 0,
    first: int = 0,
    count: int | None = None,
    seconds: float | None = None,
    keep: Path | None = None,
) -> Iterator[Outcome]:
    """Read inputs in processes of their own, batch by batch.

    Args:
        clips: What is mutated.
        seed: Of all that is random.
        first: Number of the first input.
        count: How many; None: until the time is over.
        seconds: When no further batch is begun.
        keep: Where inputs with problems are written.
    """
    begin = time.monotonic()
    number = first
    while (count is None or number < first + count) and (
        seconds is None or time.monotonic() - begin < seconds
    ):
        stop = number + BATCH if count is None else min(number + BATCH, first + count)
        for outcome in _read_batch(range(number, stop), clips, seed=seed, keep=keep):
            yield outcome
            number = outcome.number + 1


def _read_batch(
    numbers: range, clips: Sequence[Clip], *, seed: int, keep: Path | None
) -> Iterator[Outcome]:
    """Outcomes of the inputs, up to the first that ends the process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _serve(numbers, clips, seed=seed, keep=keep, to=writing)
    os.close(writing)
    done = numbers.start
    problem = ""
    with os.fdopen(reading, "rb", buffering=0) as lines:
        pending = b""
        while done < numbers.stop:
            ready, _, _ = select.select([lines], [], [], SECONDS_AN_INPUT)
            chunk = lines.read(1 << 16) if ready else b""
            if not chunk:
                problem = "died" if ready else f"hang: more than {SECONDS_AN_INPUT} s"
                break
            *complete, pending = (pending + chunk).split(b"\n")
            for line in complete:
                outcome = Outcome(**json.loads(line))
                done = outcome.number + 1
                yield outcome
    if problem:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if problem == "died" and os.WIFSIGNALED(status):
        problem = f"crash: signal {os.WTERMSIG(status)}"
    if problem == "died" and os.WIFEXITED(status) and os.WEXITSTATUS(status) == _TOO_LARGE:
        return  # said so itself, and the next process begins with little memory
    if problem:
        data, clip, mutation = make_input(done, seed=seed, clips=clips)
        _keep(data, clip, done, keep)
        yield Outcome(done, clip.name, mutation, "", [problem])


_TOO_LARGE = 3


def _serve(numbers: range, clips: Sequence[Clip], *, seed: int, keep: Path | None, to: int) -> None:
    """In the child: read, and write a line each."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        gc.freeze()  # the parent's garbage, freed here, would hide what an input takes
        for number in numbers:
            outcome = examine_input(number, seed=seed, clips=clips, keep=keep)
            os.write(to, json.dumps(outcome.__dict__).encode() + b"\n")
            if outcome.megabytes > MEGABYTES_AN_INPUT:
                os._exit(_TOO_LARGE)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


# ------------------------------------------------------------------------------ one input


def make_input(number: int, *, seed: int, clips: Sequence[Clip]) -> tuple[bytes, Clip, str]:
    """The bytes, the clip that they were, and what was done to them."""
    rng = Random(f"{seed} {number}")
    clip = rng.choice(clips)
    codec = clip.name.split("-")[0].split(".")[0]
    kin = [other for other in clips if other.name.startswith(codec)]
    data, mutation = mutate(clip, kin, rng)
    return data, clip, mutation


def examine_input(
    number: int, *, seed: int, clips: Sequence[Clip], keep: Path | None, says: bool = False
) -> Outcome:
    """Read one input in all ways and compare."""
    data, clip, mutation = make_input(number, seed=seed, clips=clips)
    outcome = Outcome(number, clip.name, mutation)
    before = _forget_the_peak()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{number}{Path(clip.name).suffix}"
        path.write_bytes(data)
        if says:
            print(f"{number}: {clip.name}, {mutation}, {len(data)} bytes")
        _compare(str(path), data, Random(f"{seed} {number} reads"), outcome, says=says)
    outcome.seconds = round(time.perf_counter() - begin, 3)
    outcome.megabytes = round(_peak_megabytes() - before, 1)
    if outcome.megabytes > MEGABYTES_AN_INPUT:
        outcome.problems.append(f"memory: {outcome.megabytes} MB")
    if outcome.problems:
        _keep(data, clip, number, keep)
    return outcome


def _compare(path: str, data: bytes, rng: Random, outcome: Outcome, *, says: bool) -> None:
    av.logging.set_level(av.logging.PANIC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reads = Reads(outcome, says=says)
        requests = [random_request(rng) for _ in range(4)]
        from_path = reads.all(path, requests)
        in_memory = io.BytesIO(data)
        in_memory.name = path  # type: ignore[attr-defined]
        from_bytes = reads.all(in_memory, requests)
        if _differs(from_path, from_bytes):
            outcome.problems.append(f"bytes: {_difference(from_path, from_bytes)}")
        last = requests[-1]
        alone = reads.all(path, [last])
        same = {name: from_path.get(name) for name in alone}
        if _differs(same, alone):
            outcome.problems.append(f"history: {_difference(same, alone)}")
        reads.all(path, requests[:2], on_damage="keep")
    if "open" in from_path:
        outcome.result = "refused"
    else:
        failed = any(isinstance(answer, list) for answer in from_path.values())
        outcome.result = "error" if failed else "read"


def random_request(rng: Random) -> dict:
    """Arguments of a read; ``frames`` are shares of the video, 0 to below 1."""
    return {
        "frames": [rng.random() for _ in range(rng.choice((1, 3, 12)))],
        "modalities": rng.choice(MODALITIES),
        "reference": rng.choice(("previous", "iframe")),
        "precision": rng.choice(("subpixel", "integer")),
    }


class Reads:
    """Opens, reads, and notes what must not happen."""

    def __init__(self, outcome: Outcome, *, says: bool) -> None:
        self._outcome = outcome
        self._says = says

    def all(self, source: str | BinaryIO, requests: Sequence[dict], **options) -> dict:
        """An answer to each request: a digest, or [error's kind, frame]."""
        answers: dict = {}
        try:
            video = CompressedVideo(source, **options)
        except Exception as error:
            return {"open": self._failed(error, source)}
        with video:
            answers["facts"] = self._ask(source, lambda: _facts(video))
            for request in requests:
                answers[json.dumps(request)] = self._ask(source, lambda r=request: _read(video, r))
        return answers

    def _ask(self, source, ask):
        try:
            return ask()
        except Exception as error:
            return self._failed(error, source)

    def _failed(self, error: Exception, source: str | BinaryIO) -> list:
        if self._says:
            traceback.print_exception(error)
        if not isinstance(error, CodecError):
            at = traceback.extract_tb(error.__traceback__)[-1]
            self._note(
                "problems", f"foreign: {type(error).__name__} in {_place(at)}: {error}"[:300]
            )
            return [type(error).__name__, None]
        if error.path != (source if isinstance(source, str) else source.name):
            self._note("problems", f"foreign: {type(error).__name__} without the path")
        cause = error.__cause__
        if cause is not None and not isinstance(cause, (av.FFmpegError, OSError, CodecError)):
            at = traceback.extract_tb(cause.__traceback__)[-1]
            self._note("translated", f"{type(cause).__name__} in {_place(at)}: {cause}"[:200])
        return [type(error).__name__, error.frame]

    def _note(self, where: str, what: str) -> None:
        notes = getattr(self._outcome, where)
        if what not in notes:
            notes.append(what)


def _place(frame: traceback.FrameSummary) -> str:
    return f"{Path(frame.filename).name} {frame.name}"


def _facts(video: CompressedVideo) -> str:
    facts = video.codec, video.width, video.height, video.fps, video.num_frames
    lists = video.keyframes.tolist(), video.iframe_inds.tolist()
    return repr((*facts, *lists, video.frame_types, video.has_b_frames, repr(video)[:0]))


def _read(video: CompressedVideo, request: dict) -> str:
    last = video.num_frames - 1
    frames = [round(last * share) for share in request["frames"]]
    options = {name: request[name] for name in ("modalities", "reference", "precision")}
    clip = video.read(frames, **options)
    digest = hashlib.sha1(repr((clip.frame_types, clip.provenance)).encode())
    for name in ("iframes", "motion", "residual", "rgb", "motion_past", "motion_future", "bits"):
        array = getattr(clip, name)
        digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    for name in ("pts_seconds", "reference_distance", "future_distance", "gop_inds"):
        digest.update(getattr(clip, name).tobytes())
    for cells in clip.cells or ():
        if cells is not None:
            digest.update(cells.vectors.tobytes() + repr(cells.pictures).encode())
    return digest.hexdigest()


def _differs(one: dict, other: dict) -> bool:
    """Which of several errors comes first may depend on what a reader had decoded before."""
    return _answers(one) != _answers(other)


def _answers(answers: dict) -> dict:
    return {name: "error" if isinstance(a, list) else a for name, a in answers.items()}


def _difference(one: dict, other: dict) -> str:
    for name in [*one, *other]:
        if _answers(one).get(name) != _answers(other).get(name):
            return f"{name[:300]}: {str(one.get(name))[:80]} / {str(other.get(name))[:80]}"
    return ""


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _forget_the_peak() -> float:
    """So that the next one is not hidden below an earlier one, or the parent's; megabytes now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_megabytes()


def _keep(data: bytes, clip: Clip, number: int, keep: Path | None) -> None:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{number}-{clip.name}").write_bytes(data)


def report(outcomes: Sequence[Outcome], clips: Sequence[Clip]) -> str:
    """What came of them."""
    results = Counter(outcome.result or "lost" for outcome in outcomes)
    codecs = Counter(o.clip.split("-")[0].split(".")[0] for o in outcomes)
    suffixes = Counter(Path(o.clip).suffix[1:] for o in outcomes)
    problems = [(o, problem) for o in outcomes for problem in o.problems]
    kinds = Counter(problem.split(":")[0] for _, problem in problems)
    translated = Counter(what for outcome in outcomes for what in outcome.translated)
    slowest = max((o.seconds for o in outcomes), default=0)
    largest = max((o.megabytes for o in outcomes), default=0)
    lines = [
        f"{len(outcomes)} inputs of {len(clips)} clips, {len(codecs)} codecs, "
        f"{len(suffixes)} kinds of files; {sum(o.seconds for o in outcomes):.0f} s",
        ", ".join(f"{name} {count}" for name, count in results.most_common()),
        f"slowest {slowest:.2f} s, largest {largest:.0f} MB",
        f"problems: {dict(kinds) or 'none'}",
        *(f"  {o.number} {o.clip} ({o.mutation}): {problem}" for o, problem in problems[:40]),
        "translated at the boundary: " + ("" if translated else "nothing"),
        *(f"  {count} {what}" for what, count in translated.most_common(30)),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
