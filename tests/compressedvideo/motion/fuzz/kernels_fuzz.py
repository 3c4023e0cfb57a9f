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
    cell = int(rng.choice([4, 8]))
    rows, columns = -(-height // cell), -(-width // cell)
    num_references = int(rng.integers(1, 6))
    spread = int(rng.choice([3, 60, 500, 32767]))
    field_type = rng.choice([np.int16, np.int32])
    whole = bool(rng.integers(2))

    def vectors(shape: tuple[int, ...], dtype: type) -> np.ndarray:
        values = rng.integers(-spread, spread + 1, shape).astype(dtype)
        return values if rng.integers(2) else np.full(shape, values.flat[0], dtype)

    def cells() -> tuple[np.ndarray, np.ndarray, int]:
        slots = rng.integers(0, num_references, (2, rows, columns), np.uint8)
        for prediction in slots:
            prediction[rng.random((rows, columns)) < rng.choice([0, 0.3, 1])] = 255
        return vectors((2, rows, columns, 2), np.int16), slots, cell

    def some(make) -> tuple:
        return tuple(make() if rng.random() < 0.8 else None for _ in range(num_references))

    def flags() -> tuple[bool, ...]:
        return tuple((rng.random(num_references) < 0.5).tolist())

    def picture() -> np.ndarray:
        padding = int(rng.integers(0, 3))
        pixels = rng.integers(0, 256, (height, width + padding, 3), dtype=np.uint8)
        return pixels[:, :width]

    def out(channels: int, *types: type) -> np.ndarray:
        return np.empty((height, width, channels), rng.choice(types))

    field = vectors((height, width, 2), field_type)
    motion_out = out(2, np.float32, np.int16, np.uint8)
    residual_out = out(3, np.int16, np.uint8)
    blocks = rng.integers(0, 256, 40 * int(rng.integers(0, 20)), dtype=np.uint8)
    blocks[4::40] = blocks[5::40] = rng.choice([8, 16])
    for first in (10, 12):  # dst_x, dst_y
        blocks[first + 1 :: 40] = 0
    run = tuple(
        cells() if rng.integers(2) else rng.permutation(blocks.reshape(-1, 40)).ravel()
        for _ in range(rng.integers(1, 5))
    )
    grid = -(-height // 8), -(-width // 8)
    laid_out = np.empty((2, *grid, 2), np.int16), np.empty((2, *grid), np.uint8)
    distances = some(lambda: float(rng.choice([-2, 1, 3])))
    repeats = int(rng.integers(1, 3))
    fine = [repeats * side - int(rng.integers(repeats)) for side in (rows, columns)]
    return {
        "rasterise": (*laid_out, blocks),
        "accumulate": (
            np.empty_like(field),
            field,
            whole,
            cells(),
            some(lambda: vectors(field.shape, field_type)),
            flags(),
        ),
        "accumulate_run": (np.empty_like(field), np.empty_like(field), field, whole, run),
        "accumulated_motion": (motion_out, 6.375, field, int(rng.choice([-3, 1, 5]))),
        "single_field": (motion_out, 6.375, whole, cells(), distances),
        "cell_field": (np.empty((*fine, 2), np.float32), repeats, cells(), distances),
        "direction": (
            motion_out,
            6.375,
            np.empty((height, width), bool),
            whole,
            cells(),
            flags(),
        ),
        "accumulated_residual": (residual_out, picture(), picture(), field),
        "field_residual": (residual_out, picture(), whole, cells(), some(picture), picture()),
        "clear": (out(int(rng.integers(1, 4)), np.float32, np.int16, np.uint8),),
    }


def spoil(rng: np.random.Generator, call: tuple) -> tuple:
    """One array of the call gets another shape, type or layout, or slots that name nothing."""
    places = [i for i, value in enumerate(call) if isinstance(value, (np.ndarray, tuple))]
    place = rng.choice([i for i in places if has_arrays(call[i])])
    array = call[place]
    if isinstance(array, tuple):
        wrong = [spoil(rng, array), array[:-1], *([()] if len(array) > 1 else [])]
    else:
        wrong = [
            array[:-1],
            array[..., :-1],
            array.astype(np.float64),
            array[None],
            np.repeat(array, 2, axis=-1)[..., ::2],
            array[::-1],
            np.repeat(array, 2, axis=0)[::2]
            if array.ndim == 1
            else np.empty((0, 0, 2), array.dtype),
        ]
        if array.dtype == np.uint8:
            wrong.append(np.full_like(array, 200))
    return *call[:place], wrong[rng.integers(len(wrong))], *call[place + 1 :]


def has_arrays(value) -> bool:
    if isinstance(value, tuple):
        return any(map(has_arrays, value))
    return isinstance(value, np.ndarray)


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
            except (ValueError, BufferError, TypeError):
                counts["refused"] += 1
    print(dict(counts))


if __name__ == "__main__":
    main()
