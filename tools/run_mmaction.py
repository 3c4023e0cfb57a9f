"""Run one of MMAction2's own scripts on configs of this package.

    python tools/run_mmaction.py analysis_tools/confusion_matrix.py CONFIG predictions.pkl

The scripts lie in the installed wheel. Some import what the wheel lacks before they read a config
that would import mmcondense, which repairs it. Two cannot work on configs of compressed video: they
rewrite the backbone, head and sampler of one stream of frames. Ours in their place are named.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import mmaction
from mmengine.config import Config

import mmcondense  # noqa: F401 - repairs the import of the rest of mmaction

IN_THEIR_PLACE = {
    "misc/clip_feature_extraction.py": (
        "python tools/misc/extract_features.py VIDEOS CONFIG CHECKPOINT --out FOLDER"
    ),
    "demo/long_video_demo.py": (
        "mmcondense predict VIDEO CONFIG CHECKPOINT --window-seconds 2 --out-dir FOLDER"
    ),
}


def refuses(script: str, arguments: list[str]) -> str | None:
    """Why a script cannot do what is asked, and what does; None where it can, or says so itself."""
    if script not in IN_THEIR_PLACE:
        return None
    ours = f"Use `{IN_THEIR_PLACE[script]}`"
    if script.startswith("demo/"):  # the wheel has none
        return f"{script} is not in MMAction2's wheel, and samples frames of RGB alone. {ours}"
    config = next((word for word in arguments if word.endswith(".py")), None)
    if config is None or not Path(config).is_file():
        return None
    dataset = Config.fromfile(config).test_dataloader.dataset.type
    if dataset != "CompressedVideoDataset":
        return None
    return f"{script} cannot work on {config}, whose test data are a {dataset}. {ours}"


def main() -> int:
    root = Path(mmaction.__file__).parent / ".mim" / "tools"
    scripts = {str(path.relative_to(root)) for path in root.rglob("*.py")}
    reason = refuses(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else None
    if reason:
        print(f"error: {reason}", file=sys.stderr)
        return 2
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
