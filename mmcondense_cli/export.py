"""A trained model as a file for ONNX Runtime, OpenVINO or TorchScript, equal to PyTorch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from .starting import import_plugin, load_config, missing_file, not_weights, stop

FORMATS = ("onnx", "openvino", "torchscript")
SPLITS = ("none", "halves", "gops")


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mmcondense export", description=__doc__)
    parser.add_argument("config", metavar="CONFIG", help="config file")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="that was trained with it")
    parser.add_argument(
        "out",
        metavar="OUT",
        type=Path,
        help="file: .onnx, .xml (openvino) or .pt (torchscript); with --split halves a folder",
    )
    parser.add_argument("--format", default="onnx", help=f"{', '.join(FORMATS)}; default: onnx")
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="none",
        help="halves: condenser and recognizer apart, TSD's client and cloud; gops: ATTP GOP by "
        "GOP; default: from a video's tensors to its scores",
    )
    parser.add_argument("--int8", action="store_true", help="quantise; needs --calibration")
    parser.add_argument(
        "--calibration", metavar="ANN", help="annotation file of clips to quantise with"
    )
    parser.add_argument(
        "--calibration-clips", type=int, default=64, metavar="N", help="how many (default: 64)"
    )
    parser.add_argument(
        "--min-agreement",
        type=float,
        default=0.9,
        help="share of other clips whose best class int8 must keep (default: 0.9)",
    )
    parser.add_argument(
        "--video",
        help="a video whose size the file is made for; default: the first of the test list",
    )
    parser.add_argument(
        "--size", type=int, nargs="+", help="SIDE or HEIGHT WIDTH of a video, in place of --video"
    )
    parser.add_argument(
        "--label-map", metavar="FILE", help="class name per line; default: as for predict"
    )
    parser.add_argument(
        "--tolerance", type=float, default=1e-4, help="allowed difference (default: 1e-4)"
    )
    parser.add_argument("--cfg-options", nargs="+", default=[], help="override config, key=value")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the file is there and right, 1 with one line of why not."""
    args = parse_args(arguments)
    complaint = _complaint(args)
    if complaint:
        return stop(complaint)
    try:
        import_plugin()
    except ImportError as error:
        return stop(str(error))
    from compressedvideo import CodecError
    from mmcondense.apis.inference_inputs import UsageError

    try:
        _export(args)
    except (UsageError, CodecError, FileNotFoundError) as error:
        return stop(str(error))
    except UnpicklingError:
        return stop(not_weights(args.checkpoint))
    return 0


def _complaint(args: argparse.Namespace) -> str:
    """What is wrong with the arguments alone, seconds before torch is there; else empty."""
    missing = missing_file(args)
    if missing:
        return missing
    if args.format not in FORMATS:
        return f"there is no format {args.format!r}, only {', '.join(FORMATS)}"
    if args.int8 and args.calibration is None:
        return "--int8 needs --calibration ANN: an annotation file of clips, such as the train list"
    if args.calibration is not None and not args.int8:
        return "--calibration says nothing without --int8"
    if args.int8 and args.split != "none":
        return f"--int8 does not go with --split {args.split}"
    if args.calibration_clips < 1:
        return f"--calibration-clips {args.calibration_clips} must be above 0"
    if args.video is not None and args.size is not None:
        return "--video and --size exclude each other"
    if args.size is not None and (len(args.size) not in (1, 2) or min(args.size) < 1):
        return f"--size {args.size} must be one or two numbers above 0"
    if args.label_map is not None and not os.path.isfile(args.label_map):
        return f"no label map at {args.label_map}: a file with a class name per line"
    return ""


def _export(args: argparse.Namespace) -> None:
    from mmcondense.apis.export import (
        Exported,
        check_target,
        export,
        export_gops,
        export_halves,
    )
    from mmcondense.apis.export.describe import describe, why_not_runnable
    from mmcondense.apis.export.example import tensors_of
    from mmcondense.apis.export.graphs import check_is_split
    from mmcondense.apis.export.int8 import calibration_of, check_int8
    from mmcondense.apis.inference_inputs import UsageError
    from mmcondense.apis.inferencer import CompressedActionInferencer

    suffix = dict(onnx=".onnx", openvino=".xml", torchscript=".pt")[args.format]
    check_target(
        args.out / f"client{suffix}" if args.split == "halves" else args.out, format=args.format
    )
    if args.int8:
        check_int8(args.format)
    cfg = load_config(args.config, args.cfg_options)
    inferencer = CompressedActionInferencer(
        cfg, args.checkpoint, device="cpu", label_file=args.label_map
    )
    model = inferencer.model
    check_is_split(model, args.split)
    metadata = describe(
        cfg, args.checkpoint, model=type(model).__name__, classes=inferencer.classes
    )
    common: dict[str, Any] = dict(format=args.format, tolerance=args.tolerance, metadata=metadata)
    sample = _sample(args, inferencer)
    files: list[Exported]
    if args.split == "halves":
        (frames,) = tensors_of(sample).values()  # [views, 3, T, H, W]
        if frames.ndim != 5:
            raise UsageError("--split halves is for clips of RGB, [views, 3, T, H, W]")
        clip_shape = int(frames.shape[2]), int(frames.shape[3]), int(frames.shape[4])
        files = export_halves(model, args.out, clip_shape=clip_shape, **common)
    elif args.split == "gops":
        files = [export_gops(model, sample, args.out, **common)]
    else:
        calibration = None
        if args.int8:
            calibration = calibration_of(
                cfg,
                args.calibration,
                num_clips=args.calibration_clips,
                min_agreement=args.min_agreement,
            )
        files = [export(model, sample, args.out, calibration=calibration, **common)]
    for file in files:
        size = f"{file.num_bytes / 1e6:.1f} MB"
        print(f"{file.path}: {size}, at most {file.difference:.1e} from PyTorch")
        if file.int8:
            print(f"  {file.int8}")
    shapes = {name: list(x.shape) for name, x in tensors_of(sample).items()}
    print(f"  for videos that give {shapes}")
    if args.split == "none" and args.format == "onnx":
        reason = why_not_runnable(metadata["pipeline"])
        cannot = f"  demo/run_exported.py cannot prepare videos for it: {reason}"
        print(cannot if reason else f"  try: python demo/run_exported.py {args.out} VIDEO")


def _sample(args: argparse.Namespace, inferencer: Any) -> Any:
    """Of the video, or of the size, that was asked for; else of what the config has."""
    from mmcondense.apis.export.example import (
        MADE_UP_SIZE,
        first_listed_video,
        read_made_up_sample,
        read_sample,
    )

    if args.size is not None:
        return read_made_up_sample(inferencer, (args.size[0], args.size[-1]))
    video = args.video or first_listed_video(inferencer.cfg)
    if video is not None:
        return read_sample(inferencer, video)
    return read_made_up_sample(inferencer, MADE_UP_SIZE)


if __name__ == "__main__":
    sys.exit(main())
