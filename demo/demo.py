"""Predict videos, as ``mmcondense predict`` does:

python demo/demo.py INPUT CONFIG CHECKPOINT [--label-map FILE] [--device cpu] [--out-dir FOLDER]
    [--window-seconds 2] [--topk 5]
"""

import sys

from mmcondense_cli.predict import main

if __name__ == "__main__":
    sys.exit(main())
