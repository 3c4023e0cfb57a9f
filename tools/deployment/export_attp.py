"""Export ATTP for ONNX Runtime: one file that takes a video GOP by GOP.

    python tools/deployment/export_attp.py CONFIG CHECKPOINT --out attp.onnx

Compared with PyTorch before it is put in place. Needs the extra ``deploy``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
from mmengine.config import Config, DictAction

from mmcondense.apis.attp_export import export_step
from mmcondense.apis.checkpoint import load_recognizer
from mmcondense.models.recognizers import ATTP


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file of an ATTP")
    parser.add_argument("checkpoint", nargs="?", help="checkpoint file; default: random weights")
    parser.add_argument("--out", required=True, type=Path, help="the .onnx file")
    parser.add_argument(
        "--size", type=int, nargs="+", default=[224], help="SIDE or HEIGHT WIDTH of the input"
    )
    parser.add_argument("--tolerance", type=float, default=1e-4, help="allowed difference")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    args = parser.parse_args(arguments)
    if args.checkpoint is not None and not Path(args.checkpoint).is_file():
        parser.error(f"no checkpoint at {args.checkpoint}")
    if len(args.size) not in (1, 2):
        parser.error(f"--size has {len(args.size)} numbers, but must have 1 or 2")
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    model = load_recognizer(cfg, args.checkpoint, device="cpu")
    if not isinstance(model, ATTP):
        raise SystemExit(f"{args.config} has a {type(model).__name__}, not an ATTP")
    difference = export_step(
        model, args.out, height=args.size[0], width=args.size[-1], tolerance=args.tolerance
    )
    size = args.out.stat().st_size / 1e6
    print(f"{args.out}: {size:.1f} MB, at most {difference:.1e} from PyTorch")


if __name__ == "__main__":
    main()
