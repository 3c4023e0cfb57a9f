"""Run one of MMAction2's own scripts on configs of this package.

    python tools/run_mmaction.py analysis_tools/confusion_matrix.py CONFIG predictions.pkl

The scripts lie in the installed wheel. Some import what the wheel lacks before they read a config
that would import mmcondense, which repairs it.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import mmaction

import mmcondense  # noqa: F401 - repairs the import of the rest of mmaction


def main() -> int:
    root = Path(mmaction.__file__).parent / ".mim" / "tools"
    scripts = {str(path.relative_to(root)) for path in root.rglob("*.py")}
    if len(sys.argv) < 2 or sys.argv[1] not in scripts:
        print(
            f"usage: python tools/run_mmaction.py SCRIPT [ARGUMENT...]\n{__doc__}", file=sys.stderr
        )
        print("scripts:", *sorted(s for s in scripts if "data/" not in s), file=sys.stderr)
        return 2
    sys.argv = [str(root / sys.argv[1]), *sys.argv[2:]]
    runpy.run_path(sys.argv[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
