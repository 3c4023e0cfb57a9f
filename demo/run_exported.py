"""What happens in videos, by an exported ONNX file: without PyTorch, OpenMMLab or OpenCV.

    python demo/run_exported.py FILE VIDEO [VIDEO ...] [--topk 5]

Needs `pip install mmcondense onnxruntime`, and opencv-python-headless where videos are resized.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np

from compressedvideo import CodecError
from mmcondense_runtime import ExportedFileError, ExportedModel


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="of mmcondense export, .onnx")
    parser.add_argument("videos", nargs="+", metavar="VIDEO")
    parser.add_argument("--topk", type=int, default=5, help="classes to name (default: 5)")
    parser.add_argument("--num-threads", type=int, default=0, help="default: one for each core")
    parser.add_argument("--json", action="store_true", help="a line of all scores for each video")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every video could be classified, 1 if not; the others are all the same."""
    args = parse_args(arguments)
    try:
        model = ExportedModel(args.file, num_threads=args.num_threads)
    except (ExportedFileError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    failed = 0
    for video in args.videos:
        try:
            scores = model.predict(video)
        except (CodecError, ExportedFileError, ImportError) as error:
            print(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        if args.json:
            print(json.dumps(dict(input=video, pred_scores=scores.tolist())), flush=True)
            continue
        best = np.argsort(-scores, kind="stable")[: args.topk].tolist()
        named = ", ".join(f"{model.name_of(label)} {scores[label]:.3f}" for label in best)
        print(f"{video}: {named}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
