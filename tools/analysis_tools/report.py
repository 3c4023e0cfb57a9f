"""One self-contained HTML page of a training, finished or not.

    python tools/analysis_tools/report.py work_dirs/ip_tsn_synthetic

Curves, confusion matrix, accuracy of each class, calibration, the best and the worst clips with
their motion, size of the model, time spent waiting for data, environment, config. Nothing is loaded
from anywhere when it is looked at. What is about predictions needs a dump: tools/test.py --dump.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmcondense.apis.report import ReportError, write_report


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work_dir", metavar="WORK_DIR", type=Path, help="of tools/train.py")
    parser.add_argument("--out", type=Path, help="page to write (default: WORK_DIR/report.html)")
    parser.add_argument(
        "--scores",
        type=Path,
        help="dump of tools/test.py --dump; default: the newest .npz in the work dir. A .pkl, "
        "which may run code, is opened only if it is named here",
    )
    parser.add_argument(
        "--label-map",
        metavar="FILE",
        help="class name per line; default: those of the checkpoint, else beside the test list",
    )
    parser.add_argument(
        "--clips", type=int, default=4, help="best and worst clips, so many of each (default: 4)"
    )
    parser.add_argument("--no-flops", action="store_true", help="do not run the model to count")
    args = parser.parse_args(arguments)
    if not 0 <= args.clips <= 8:
        parser.error(f"--clips {args.clips}: the page has room for 0 to 8 of each")
    return args


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    out = args.out or args.work_dir / "report.html"
    try:
        missing = write_report(
            args.work_dir,
            out,
            scores=args.scores,
            label_file=args.label_map,
            with_flops=not args.no_flops,
            num_clips=args.clips,
        )
    except ReportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{out}: {out.stat().st_size / 1e3:.0f} kB")
    for line in missing:
        print(f"  without {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
