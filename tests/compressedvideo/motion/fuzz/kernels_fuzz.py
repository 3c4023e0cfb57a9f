"""Call every kernel of an extension file with random arrays of exact size, some of them wrong.

    python kernels_fuzz.py EXTENSION SEED NUM_CALLS

Loads the file alone, so that an extension built with sanitizers can run without the package.
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

import numpy as np


def load(path: str):
    loader = ExtensionFileLoader("_kernels", path)
    spec = spec_from_loader("_kernels", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def arguments(rng: np.random.Generator) -> dict[str, tuple]:
    """Of every kernel, for a picture of random size."""
    height, width = (int(side) for side in rng.integers(1, 80, 2))
    rows, columns = -(-height // 8), -(-width // 8)
    spread = int(rng.choice([3, 60, 500, 32767]))
    field_type = rng.choice([np.int16, np.int32])
    whole = bool(rng.integers(2))

    def vectors(shape: tuple[int, ...], dtype: type) -> np.ndarray:
        values = rng.integers(-spread, spread + 1, shape).astype(dtype)
        return values if rng.integers(2) else np.full(shape, values.flat[0], dtype)

    def cells() -> tuple[np.ndarray, np.ndarray]:
        return vectors((rows, columns, 2), np.int16), rng.random((rows, columns)) < 0.7

    def picture() -> np.ndarray:
        padding = int(rng.integers(0, 3))
        pixels = rng.integers(0, 256, (height, width + padding, 3), dtype=np.uint8)
        return pixels[:, :width]

    def yuv() -> list:
        """Planes that end with their last pixel, and the length of their rows."""
        planes: list = []
        for rows, columns in ((height, width), *[((height + 1) // 2, (width + 1) // 2)] * 2):
            stride = columns + int(rng.integers(0, 9))
            planes += [rng.integers(0, 256, stride * (rows - 1) + columns, np.uint8), stride]
        return planes

    def out(channels: int, *types: type) -> np.ndarray:
        return np.empty((height, width, channels), rng.choice(types))

    field = vectors((height, width, 2), field_type)
    future = cells() if rng.integers(2) else (None, None)
    motion_out = out(2, np.float32, np.int16, np.uint8)
    residual_out = out(3, np.int16, np.uint8)
    blocks = rng.integers(0, 256, 40 * int(rng.integers(0, 20)), dtype=np.uint8)
    blocks[4::40] = blocks[5::40] = rng.choice([8, 16])
    for first in (10, 12):  # dst_x, dst_y
        blocks[first + 1 :: 40] = 0
    run = tuple(rng.permutation(blocks.reshape(-1, 40)).ravel() for _ in range(rng.integers(1, 5)))
    grid = np.empty((rows, columns, 2), np.int16), np.empty((rows, columns), bool)
    return {
        "rasterise": (*grid, blocks, int(rng.choice([-1, 1]))),
        "accumulate": (
            np.empty_like(field),
            field,
            whole,
            *cells(),
            field if rng.integers(2) else None,
            *future,
            vectors(field.shape, field_type) if rng.integers(2) else None,
        ),
        "accumulate_run": (np.empty_like(field), np.empty_like(field), field, whole, run),
        "accumulated_motion": (motion_out, 6.375, field, int(rng.choice([-3, 1, 5]))),
        "single_field": (motion_out, 6.375, whole, *cells(), 2, *future, -1),
        "cell_field": (np.empty((rows, columns, 2), np.float32), *cells(), 2, *future, -1),
        "direction": (motion_out, 6.375, np.empty((height, width), bool), whole, *cells()),
        "accumulated_residual": (residual_out, picture(), picture(), field),
        "field_residual": (
            residual_out,
            picture(),
            whole,
            *cells(),
            picture(),
            *future,
            None if future[0] is None else picture(),
        ),
        "clear": (out(int(rng.integers(1, 4)), np.float32, np.int16, np.uint8),),
        "yuv420_to_rgb": (out(3, np.uint8), *yuv()),
    }


def spoil(rng: np.random.Generator, call: tuple) -> tuple:
    """One array of the call gets another shape, type or layout."""
    place = rng.choice([i for i, value in enumerate(call) if isinstance(value, np.ndarray)])
    array = call[place]
    wrong = [
        array[:-1],
        array[..., :-1],
        array.astype(np.float64),
        array[None],
        np.repeat(array, 2, axis=-1)[..., ::2],
        array[::-1],
        np.repeat(array, 2, axis=0)[::2] if array.ndim == 1 else np.empty((0, 0, 2), array.dtype),
    ]
    return *call[:place], wrong[rng.integers(len(wrong))], *call[place + 1 :]


def main() -> None:
    path, seed, num_calls = sys.argv[1:]
    kernels, rng = load(path), np.random.default_rng(int(seed))
    counts: Counter[str] = Counter()
    while sum(counts.values()) < int(num_calls):
        for name, call in arguments(rng).items():
            getattr(kernels, name)(*call)
            counts["done"] += 1
            try:
                getattr(kernels, name)(*spoil(rng, call))
                counts["taken"] += 1  # a picture of one pixel row survives some of it
            except (ValueError, BufferError):
                counts["refused"] += 1
    print(dict(counts))


if __name__ == "__main__":
    main()
