"""The compiled kernels against the numpy ones: equal on whatever is thrown at them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressedvideo.motion import kernels as kernels_module
from compressedvideo.motion.fields import CELL, MotionCells
from compressedvideo.motion.kernels import (
    BLOCK,
    CompiledKernels,
    NumpyKernels,
    backend,
    set_backend,
)

needs_compiled = pytest.mark.skipif(
    kernels_module._kernels is None, reason="compressedvideo.motion._kernels is not built"
)
# Which pixels a run of equal vectors covers depends on all of these.
SIZES = st.one_of(st.integers(1, 40), st.sampled_from([48, 64, 85, 170]))
FAR = 1 << 13
MOTION_TYPES = st.sampled_from([np.float32, np.int16, np.uint8])
RESIDUAL_TYPES = st.sampled_from([np.int16, np.uint8])


@dataclass
class Scene:
    """Random input of one size."""

    height: int
    width: int
    whole: bool
    rng: np.random.Generator
    spread: int
    """Quarter pixels: how long vectors are."""

    def vectors(self, rows: int, columns: int, dtype: type) -> np.ndarray:
        """Patches of equal vectors, lone ones and zeros among them."""
        spread = min(self.spread, 30000)
        vectors = self.rng.integers(-spread, spread + 1, (rows, columns, 2))
        vectors[self.rng.random((rows, columns)) < 0.3] = 0
        repeat = self.rng.random((rows, columns)) < 0.5
        vectors[:, 1:][repeat[:, 1:]] = vectors[:, :-1][repeat[:, 1:]]
        if self.rng.random() < 0.3:
            vectors[:] = vectors[0, 0]
        return vectors.astype(dtype)

    def cells(self, *, future: bool) -> MotionCells:
        rows, columns = -(-self.height // CELL), -(-self.width // CELL)
        directions = []
        for _ in range(1 + future):
            valid = self.rng.random((rows, columns)) < self.rng.choice([0, 0.5, 0.9, 1])
            vectors = self.vectors(rows, columns, np.int16)
            directions += [np.where(valid[..., None], vectors, np.int16(0)), valid]
        return MotionCells(*directions)

    def blocks(self, count: int) -> bytes:
        """FFmpeg's records, some of them outside the picture."""
        blocks = np.zeros(count, BLOCK)
        choose = self.rng.choice
        blocks["source"] = choose([-1, -1, 1, 0], count) if self.whole else -1
        blocks["w"], blocks["h"] = choose([8, 16, 4, 32], count), choose([8, 16], count)
        blocks["dst_x"] = choose(np.arange(-20, self.width + 20), count)
        blocks["dst_y"] = choose(np.arange(-20, self.height + 20), count)
        blocks["motion_x"], blocks["motion_y"] = self.rng.integers(-FAR, FAR, (2, count))
        blocks["motion_scale"] = choose([1, 2, 4], count)
        return blocks.tobytes()

    def field(self, dtype: type) -> np.ndarray:
        return self.vectors(self.height, self.width, dtype)

    def picture(self) -> np.ndarray:
        """[H, W, 3], sometimes with padded rows, as decoders give them."""
        padding = self.rng.choice([0, 1, 32])
        shape = self.height, self.width + padding, 3
        return self.rng.integers(0, 256, shape, dtype=np.uint8)[:, : self.width]

    def out(self, channels: int, dtype: type) -> np.ndarray:
        """Prefilled: every value must be written."""
        return self.rng.integers(0, 100, (self.height, self.width, channels)).astype(dtype)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    return Scene(
        draw(SIZES),
        draw(SIZES),
        whole=draw(st.booleans()),
        rng=np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        spread=draw(st.sampled_from([3, 40, 400, FAR])),
    )


def both(method: str, *args, out: np.ndarray, **kwargs) -> None:
    """Run a writing method of both implementations and compare what they wrote."""
    results = []
    for implementation in (NumpyKernels(), CompiledKernels()):
        target = out.copy()
        getattr(implementation, method)(target, *args, **kwargs)
        results.append(target)
    np.testing.assert_array_equal(*results)
    if out.dtype == np.float32:  # no negative zeros on one side only
        assert results[0].tobytes() == results[1].tobytes()


@needs_compiled
@settings(deadline=None)
@given(scenes(), st.integers(0, 30))
def test_cells_are_equal(scene: Scene, num_blocks: int) -> None:
    blocks = scene.blocks(num_blocks)
    found = [
        implementation.cells(blocks, height=scene.height, width=scene.width)
        for implementation in (NumpyKernels(), CompiledKernels())
    ]
    for field in fields(MotionCells):
        np.testing.assert_array_equal(*(getattr(cells, field.name) for cells in found))


@needs_compiled
@settings(deadline=None, max_examples=200)
@given(
    scenes(),
    st.booleans(),
    st.sampled_from(["past", "future", "both", "neither"]),
    st.sampled_from([np.int16, np.int32]),
)
def test_accumulated_fields_are_equal(
    scene: Scene, has_future: bool, chain: str, dtype: type
) -> None:
    cells = scene.cells(future=has_future)
    past = scene.field(dtype) if chain in ("past", "both") else None
    future = scene.field(dtype) if chain in ("future", "both") else None
    start = past if past is not None and scene.rng.random() < 0.8 else scene.field(dtype)
    both(
        "accumulate",
        cells,
        out=scene.out(2, dtype),
        start=start,
        past=past,
        future=future,
        whole=scene.whole,
    )


@needs_compiled
@settings(deadline=None)
@given(
    scenes(),
    st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=4),
    st.sampled_from([np.int16, np.int32]),
)
def test_fields_of_runs_are_equal(scene: Scene, run: list[int | None], dtype: type) -> None:
    vectors = [
        scene.cells(future=False) if number is None else scene.blocks(number) for number in run
    ]
    both(
        "accumulate_run",
        vectors,
        out=scene.out(2, dtype),
        between=scene.out(2, dtype),
        start=scene.field(dtype),
        whole=scene.whole,
    )


@needs_compiled
@settings(deadline=None)
@given(
    scenes(), MOTION_TYPES, st.sampled_from([np.int16, np.int32]), st.sampled_from([1, 2, 7, -3])
)
def test_accumulated_motion_is_equal(
    scene: Scene, dtype: type, field_type: type, divisor: int
) -> None:
    field, out = scene.field(field_type), scene.out(2, dtype)
    both("accumulated_motion", field, out=out, divisor=divisor)


@needs_compiled
@settings(deadline=None, max_examples=200)
@given(scenes(), MOTION_TYPES, st.booleans(), st.integers(1, 5), st.integers(-5, -1))
def test_single_fields_are_equal(
    scene: Scene, dtype: type, has_future: bool, past_distance: int, future_distance: int
) -> None:
    both(
        "single_field",
        scene.cells(future=has_future),
        out=scene.out(2, dtype),
        past_distance=past_distance,
        future_distance=future_distance,
        whole=scene.whole,
    )


@needs_compiled
@settings(deadline=None)
@given(scenes(), st.booleans(), st.integers(1, 5), st.integers(-5, -1))
def test_fields_of_cells_are_equal(
    scene: Scene, has_future: bool, past_distance: int, future_distance: int
) -> None:
    cells = scene.cells(future=has_future)
    both(
        "cell_field",
        cells,
        out=np.empty(cells.past.shape, np.float32),
        past_distance=past_distance,
        future_distance=future_distance,
    )


@needs_compiled
@settings(deadline=None)
@given(scenes(), MOTION_TYPES)
def test_directions_are_equal(scene: Scene, dtype: type) -> None:
    cells = scene.cells(future=False)
    results = []
    for implementation in (NumpyKernels(), CompiledKernels()):
        out = np.full((scene.height, scene.width, 2), 99, dtype)
        valid = np.ones((scene.height, scene.width), bool)
        implementation.direction(
            out, valid, vectors=cells.past, valid=cells.valid_past, whole=scene.whole
        )
        results.append((out, valid))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@needs_compiled
@settings(deadline=None, max_examples=200)
@given(scenes(), RESIDUAL_TYPES, st.sampled_from([np.int16, np.int32]))
def test_accumulated_residuals_are_equal(scene: Scene, dtype: type, field_type: type) -> None:
    both(
        "accumulated_residual",
        scene.field(field_type),
        out=scene.out(3, dtype),
        frame=scene.picture(),
        reference=scene.picture(),
    )


@needs_compiled
@settings(deadline=None, max_examples=200)
@given(scenes(), RESIDUAL_TYPES, st.booleans(), st.booleans())
def test_residuals_of_pictures_are_equal(
    scene: Scene, dtype: type, has_future: bool, use_future: bool
) -> None:
    both(
        "field_residual",
        scene.cells(future=has_future),
        out=scene.out(3, dtype),
        frame=scene.picture(),
        past=scene.picture(),
        future=scene.picture() if use_future else None,
        whole=scene.whole,
    )


@needs_compiled
@settings(deadline=None)
@given(scenes(), MOTION_TYPES, st.integers(1, 3), st.integers(0, 9))
def test_zeros_are_written_to_all_of_an_array_and_nowhere_else(
    scene: Scene, dtype: type, channels: int, padding: int
) -> None:
    memory = np.ones((scene.height, scene.width + padding, channels), dtype)
    CompiledKernels().clear(memory[:, : scene.width])
    assert not memory[:, : scene.width].any()
    assert (memory[:, scene.width :] == 1).all()


@needs_compiled
def test_wrong_arrays_are_refused() -> None:
    out = np.zeros((16, 16, 2), np.int16)
    cells = MotionCells(np.zeros((2, 2, 2), np.int16), np.ones((2, 2), bool))
    arguments = dict(start=out, past=out, future=None, whole=False)
    with pytest.raises(ValueError, match="past_reference"):
        CompiledKernels().accumulate(out.copy(), cells, **{**arguments, "past": out[:8]})
    few = MotionCells(cells.past[:1], cells.valid_past)
    with pytest.raises(ValueError, match="past: wrong type"):
        CompiledKernels().accumulate(out.copy(), few, **arguments)
    turned = np.asfortranarray(out)
    with pytest.raises(ValueError, match="layout"):
        CompiledKernels().accumulate(out.copy(), cells, **{**arguments, "start": turned})
    with pytest.raises(ValueError, match="out"):
        CompiledKernels().accumulated_motion(np.zeros((16, 16, 2)), out)
    for refused in (np.zeros((16, 16, 2)), turned, np.zeros(16, np.uint8)):
        with pytest.raises(ValueError, match="out"):
            CompiledKernels().clear(refused)
    with pytest.raises(ValueError, match="blocks"):
        CompiledKernels().cells(b"x" * 39, height=16, width=16)


def test_the_backend_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = backend()
    try:
        set_backend("numpy")
        assert backend() == "numpy"
        assert type(kernels_module.kernels()) is NumpyKernels
        with pytest.raises(ValueError, match="'cuda' is not one of 'compiled', 'numpy'"):
            set_backend("cuda")
        monkeypatch.setattr(kernels_module, "_kernels", None)
        with pytest.raises(ImportError, match="C compiler"):
            set_backend("compiled")
        assert backend() == "numpy"
    finally:
        monkeypatch.undo()
        set_backend(before)


def test_without_the_extension_numpy_runs_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = backend()
    monkeypatch.setattr(kernels_module, "_kernels", None)
    monkeypatch.delenv("MMCONDENSE_BACKEND", raising=False)
    try:
        kernels_module._choose()
        assert backend() == "numpy"
        assert len(caplog.records) == 1
        monkeypatch.setenv("MMCONDENSE_BACKEND", "numpy")
        kernels_module._choose()
        assert len(caplog.records) == 1  # who asked for it knows
    finally:
        monkeypatch.undo()
        set_backend(before)
