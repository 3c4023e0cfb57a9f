"""Run the bash and python blocks of Markdown files as printed, in order.

python .ci/run_commands.py README.md [more files]

A block below ``<!-- not in CI: REASON -->`` is left out, and listed at the end.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

BLOCK = re.compile(
    r"^(?:<!-- not in CI: (?P<reason>[^\n]+?) -->\n)?"
    r"```(?P<language>bash|python)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
COMMANDS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def main(paths: list[str]) -> int:
    """Returns the number of blocks that failed."""
    failed, left_out = [], []
    for path in paths:
        for block in BLOCK.finditer(Path(path).read_text(encoding="utf-8")):
            code = block["code"].strip()
            if block["reason"]:
                left_out.append(f"{path}: {code.splitlines()[0]} ({block['reason']})")
                continue
            print(f"\n{'=' * 80}\n{path}\n{code}\n{'-' * 80}", flush=True)
            start = time.monotonic()
            result = subprocess.run([*COMMANDS[block["language"]], code])
            print(f"{'-' * 80}\nexit {result.returncode}, {time.monotonic() - start:.0f} s")
            if result.returncode != 0:
                failed.append(f"{path}: {code.splitlines()[0]}")
    print("\nNot run:", *left_out, sep="\n  ")
    print("Failed:" if failed else "All others succeeded.", *failed, sep="\n  ", flush=True)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
