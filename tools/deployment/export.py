"""Export a trained model, as ``mmcondense export`` does:

python tools/deployment/export.py CONFIG CHECKPOINT OUT [--format onnx|openvino|torchscript]
    [--split halves|gops] [--int8 --calibration ANN]
"""

import sys

from mmcondense_cli.export import main

if __name__ == "__main__":
    sys.exit(main())
