"""Export TSD for two machines: client.onnx distils, cloud.onnx classifies what arrives.

    python tools/deployment/export_tsd.py CONFIG CHECKPOINT --out DIR

Both are compared with PyTorch before they are put in place. Needs the extra ``deploy``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
from mmengine.config import Config, DictAction

from mmcondense.apis.checkpoint import load_recognizer
from mmcondense.apis.tsd_export import export_halves
from mmcondense.models.recognizers import CondenseRecognizer


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file of a CondenseRecognizer")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument("--out", required=True, type=Path, help="folder for the two files")
    parser.add_argument(
        "--size", type=int, nargs="+", default=[224], help="SIDE or HEIGHT WIDTH of the frames"
    )
    parser.add_argument(
        "--num-frames", type=int, help="of a clip; default: the condenser's num_frames"
    )
    parser.add_argument("--tolerance", type=float, default=1e-4, help="allowed difference")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    args = parser.parse_args(arguments)
    if not Path(args.checkpoint).is_file():
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
    if not isinstance(model, CondenseRecognizer):
        raise SystemExit(f"{args.config} has a {type(model).__name__}, not a CondenseRecognizer")
    num_frames = args.num_frames or cfg.model.condenser.get("num_frames")
    clip_shape = num_frames, args.size[0], args.size[-1]
    differences = export_halves(model, args.out, clip_shape=clip_shape, tolerance=args.tolerance)
    for name, difference in differences.items():
        size = (args.out / name).stat().st_size / 1e6
        print(f"{args.out / name}: {size:.1f} MB, at most {difference:.1e} from PyTorch")


if __name__ == "__main__":
    main()
