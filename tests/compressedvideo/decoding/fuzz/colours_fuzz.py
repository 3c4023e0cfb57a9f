"""Convert random pictures whose planes end with their last pixel, and some that are too small.

    python colours_fuzz.py EXTENSION SEED NUM_CALLS

Loads the file alone, so that an extension built with sanitizers can run without the package.
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

import numpy as np


def load(path: str):
    loader = ExtensionFileLoader("_colours", path)
    spec = spec_from_loader("_colours", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def main() -> None:
    path, seed, num_calls = sys.argv[1:]
    colours, rng = load(path), np.random.default_rng(int(seed))
    counts: Counter[str] = Counter()
    for _ in range(int(num_calls)):
        height, width = (int(side) for side in rng.integers(1, 80, 2) * rng.choice([1, 2]))
        call: list = [np.empty((height, width + rng.integers(3), 3), np.uint8)[:, :width]]
        for rows, columns in ((height, width), *[((height + 1) // 2, (width + 1) // 2)] * 2):
            stride = columns + int(rng.integers(0, 9))
            size = stride * (rows - 1) + columns
            call += [rng.integers(0, 256, size, np.uint8), stride]
        kind = rng.integers(6)
        if kind == 0:
            place = rng.choice([1, 3, 5])
            call[place] = call[place][:-1].copy()
        elif kind == 1:
            call[rng.choice([2, 4, 6])] = int(rng.choice([-1, 0, 2**40, 2**62]))
        elif kind == 2:
            wrong = [call[0][..., :2], call[0][::-1], call[0][:, ::-1], call[0].astype(np.int16)]
            call[0] = wrong[rng.integers(len(wrong))]
        try:
            counts["converted" if colours.yuv420_to_rgb(*call) else "not converted"] += 1
        except ValueError:
            counts["refused"] += 1
    print(dict(counts))


if __name__ == "__main__":
    main()
