"""Predict a live stream, as ``mmcondense live`` does:

python demo/live.py SOURCE CONFIG CHECKPOINT [--window-gops 2 | --window-seconds 2] [--log FILE]
"""

import sys

from mmcondense_cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["live", *sys.argv[1:]]))
