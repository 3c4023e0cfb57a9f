"""Run the bash and python blocks of Markdown files as printed, each file's in order.

python .ci/run_commands.py README.md [more files]

The first file goes first, for the others build on it; they go two at a time, and what a file's
commands say is printed when it is done. A block below ``<!-- not in CI: REASON -->`` is left out,
and listed at the end.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

BLOCK = re.compile(
    r"^(?:<!-- not in CI: (?P<reason>[^\n]+?) -->\n)?"
    r"```(?P<language>bash|python)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
COMMANDS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


@dataclass
class Outcome:
    """Blocks, by file and first line."""

    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def run_file(path: str, out: TextIO) -> Outcome:
    outcome = Outcome()
    for block in BLOCK.finditer(Path(path).read_text(encoding="utf-8")):
        code = block["code"].strip()
        name = f"{path}: {code.splitlines()[0]}"
        if block["reason"]:
            outcome.left_out.append(f"{name} ({block['reason']})")
            continue
        print(f"\n{'=' * 80}\n{path}\n{code}\n{'-' * 80}", file=out, flush=True)
        start = time.monotonic()
        command = [*COMMANDS[block["language"]], code]
        status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode
        seconds = time.monotonic() - start
        print(f"{'-' * 80}\nexit {status}, {seconds:.0f} s", file=out, flush=True)
        if status != 0:
            outcome.failed.append(name)
    return outcome


def run_beside_others(path: str) -> Outcome:
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        outcome = run_file(path, out)
        out.seek(0)
        sys.stdout.write(out.read())  # at once, so that two files do not mix
        sys.stdout.flush()
    return outcome


def main(paths: list[str]) -> int:
    """Returns the number of blocks that failed."""
    outcomes = [run_file(path, sys.stdout) for path in paths[:1]]
    with ThreadPoolExecutor(2) as pool:
        outcomes += pool.map(run_beside_others, paths[1:])
    failed = [name for outcome in outcomes for name in outcome.failed]
    left_out = [name for outcome in outcomes for name in outcome.left_out]
    print("\nNot run:", *left_out, sep="\n  ")
    print("Failed:" if failed else "All others succeeded.", *failed, sep="\n  ", flush=True)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
