"""Draw what a training logged, in training and in validation, one panel for each name.

    python tools/analysis_tools/draw_curves.py work_dirs/ifs_synthetic --out curves.png \\
        --keys app mot color discriminator_acc

takes WORK_DIR/*/vis_data/scalars.json, of all runs that were resumed into one another. A key stands
for the training value of that name, and for validation's that ends in it (condenser/app).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from mmcondense.apis.training_log import curves_of, read_log


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work_dir", type=Path, help="of tools/train.py")
    parser.add_argument("--keys", nargs="+", default=["loss"], help="names to draw")
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    try:
        train, val = read_log(args.work_dir)
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    figure = Figure(figsize=(2.6 * len(args.keys), 2.3), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(args.keys), squeeze=False)[0]
    for axes, key in zip(panels, args.keys, strict=True):
        in_train, in_val = curves_of(key, train, val)
        if not in_train[0] and not in_val[0]:
            known = sorted({name for entry in (*train, *val) for name in entry})
            print(f"error: nothing is logged as {key!r}, but as {known}", file=sys.stderr)
            return 1
        if in_train[0]:
            axes.plot(*in_train, linewidth=1, color="#8899aa", label="training")
        if in_val[0]:
            axes.plot(*in_val, marker="o", markersize=3, color="#2a9d4a", label="validation")
        axes.set_title(key, fontsize=8)
        axes.set_xlabel("epoch", fontsize=7)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=6, frameon=False)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
