"""The compiled kernels against the numpy ones: equal on whatever is thrown at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressedvideo.motion import kernels as kernels_module
from compressedvideo.motion.cells import NO_PICTURE, NO_REFERENCE, MotionCells
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
IMPLEMENTATIONS = [
    pytest.param(NumpyKernels(), id="numpy"),
    pytest.param(CompiledKernels(), id="compiled", marks=needs_compiled),
]
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

    def cells(self, *, num_pictures: int) -> MotionCells:
        """Cells of either size, whose second prediction is often not used."""
        cell = int(self.rng.choice([4, 8]))
        shape = 2, -(-self.height // cell), -(-self.width // cell)
        slots = self.rng.integers(0, num_pictures, shape, np.uint8)
        if self.rng.random() < 0.5:  # as encoders do: mostly the nearest ones
            slots[:] = [[[0]], [[num_pictures - 1]]]
        for number, shares in enumerate(([0, 0.1, 0.5, 1], [0, 0.5, 1, 1])):
            slots[number][self.rng.random(shape[1:]) < self.rng.choice(shares)] = NO_REFERENCE
        vectors = np.stack([self.vectors(*shape[1:], np.int16) for _ in range(2)])
        vectors[slots == NO_REFERENCE] = 0
        return MotionCells(vectors, slots, tuple(range(num_pictures)), cell)

    def some(self, count: int, make) -> list:
        """One for each reference, now and then None."""
        return [None if self.rng.random() < 0.3 else make() for _ in range(count)]

    def flags(self, count: int) -> list[bool]:
        return (self.rng.random(count) < 0.5).tolist()

    def distances(self, count: int) -> list[float | None]:
        return self.some(count, lambda: self.rng.choice([-3, -1, 1, 1, 2, 2.5]))

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


NUM_PICTURES = st.sampled_from([1, 2, 2, 4])


@needs_compiled
@settings(deadline=None)
@given(scenes(), st.integers(0, 30), st.sampled_from([5, None]))
def test_cells_are_equal(scene: Scene, num_blocks: int, future: int | None) -> None:
    blocks = scene.blocks(num_blocks)
    ours, theirs = [
        implementation.cells(blocks, height=scene.height, width=scene.width, past=3, future=future)
        for implementation in (NumpyKernels(), CompiledKernels())
    ]
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    np.testing.assert_array_equal(ours.slots, theirs.slots)
    assert (ours.pictures, ours.cell) == (theirs.pictures, theirs.cell)


@needs_compiled
@settings(deadline=None, max_examples=400)
@given(scenes(), NUM_PICTURES, st.sampled_from([np.int16, np.int32]))
def test_accumulated_fields_are_equal(scene: Scene, num_pictures: int, dtype: type) -> None:
    references = scene.some(num_pictures, lambda: scene.field(dtype))
    reached = [field for field in references if field is not None]
    start = reached[0] if reached and scene.rng.random() < 0.8 else scene.field(dtype)
    both(
        "accumulate",
        scene.cells(num_pictures=num_pictures),
        out=scene.out(2, dtype),
        start=start,
        references=references,
        prefer=scene.flags(num_pictures),
        whole=scene.whole,
    )


@needs_compiled
@settings(deadline=None)
@given(
    scenes(),
    st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=4),
    NUM_PICTURES,
    st.sampled_from([np.int16, np.int32]),
)
def test_fields_of_runs_are_equal(
    scene: Scene, run: list[int | None], num_pictures: int, dtype: type
) -> None:
    vectors = [
        scene.cells(num_pictures=num_pictures) if number is None else scene.blocks(number)
        for number in run
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
@settings(deadline=None, max_examples=400)
@given(scenes(), MOTION_TYPES, NUM_PICTURES)
def test_single_fields_are_equal(scene: Scene, dtype: type, num_pictures: int) -> None:
    both(
        "single_field",
        scene.cells(num_pictures=num_pictures),
        out=scene.out(2, dtype),
        distances=scene.distances(num_pictures),
        whole=scene.whole,
    )


@needs_compiled
@settings(deadline=None)
@given(scenes(), NUM_PICTURES)
def test_fields_of_cells_are_equal(scene: Scene, num_pictures: int) -> None:
    cells = scene.cells(num_pictures=num_pictures)
    fine = scene.rng.choice([1, cells.cell // 2, cells.cell])
    grid = [-(-side // max(fine, 4)) for side in (scene.height, scene.width)]
    both(
        "cell_field",
        cells,
        out=np.empty((*grid, 2), np.float32),
        distances=scene.distances(num_pictures),
    )


@needs_compiled
@settings(deadline=None)
@given(scenes(), MOTION_TYPES, NUM_PICTURES)
def test_directions_are_equal(scene: Scene, dtype: type, num_pictures: int) -> None:
    cells, chosen = scene.cells(num_pictures=num_pictures), scene.flags(num_pictures)
    results = []
    for implementation in (NumpyKernels(), CompiledKernels()):
        out = np.full((scene.height, scene.width, 2), 99, dtype)
        valid = np.ones((scene.height, scene.width), bool)
        implementation.direction(out, valid, cells, chosen=chosen, whole=scene.whole)
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
@settings(deadline=None, max_examples=400)
@given(scenes(), RESIDUAL_TYPES, NUM_PICTURES)
def test_residuals_of_pictures_are_equal(scene: Scene, dtype: type, num_pictures: int) -> None:
    both(
        "field_residual",
        scene.cells(num_pictures=num_pictures),
        out=scene.out(3, dtype),
        frame=scene.picture(),
        references=scene.some(num_pictures, scene.picture),
        fallback=scene.picture(),
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
    cells = MotionCells(np.zeros((2, 2, 2, 2), np.int16), np.zeros((2, 2, 2), np.uint8), (0,), 8)
    arguments = dict(start=out, references=[out], prefer=[True], whole=False)
    kernels = CompiledKernels()
    with pytest.raises(ValueError, match="references"):
        kernels.accumulate(out.copy(), cells, **{**arguments, "references": [out[:8]]})
    with pytest.raises(ValueError, match="not as many flags as references"):
        kernels.accumulate(out.copy(), cells, **{**arguments, "prefer": [True, False]})
    few = MotionCells(cells.vectors[:, :1], cells.slots, (0,), 8)
    with pytest.raises(ValueError, match="vectors: wrong type"):
        kernels.accumulate(out.copy(), few, **arguments)
    apart = MotionCells(cells.vectors.repeat(2, 0)[::2], cells.slots, (0,), 8)
    with pytest.raises(ValueError, match="contiguous"):
        kernels.accumulate(out.copy(), apart, **arguments)
    odd = MotionCells(cells.vectors, cells.slots, (0,), 16)
    with pytest.raises(ValueError, match="cells are 4 or 8 pixels, not 16"):
        kernels.accumulate(out.copy(), odd, **arguments)
    turned = np.asfortranarray(out)
    with pytest.raises(ValueError, match="layout"):
        kernels.accumulate(out.copy(), cells, **{**arguments, "start": turned})
    with pytest.raises(ValueError, match="out"):
        kernels.accumulated_motion(np.zeros((16, 16, 2)), out)
    for refused in (np.zeros((16, 16, 2)), turned, np.zeros(16, np.uint8)):
        with pytest.raises(ValueError, match="out"):
            kernels.clear(refused)
    with pytest.raises(ValueError, match="blocks"):
        kernels.cells(b"x" * 39, height=16, width=16, past=0, future=None)


@pytest.mark.parametrize("kernels", IMPLEMENTATIONS)
def test_slots_and_distances_that_mean_nothing_are_refused(kernels: NumpyKernels) -> None:
    cells = MotionCells(np.zeros((2, 2, 2, 2), np.int16), np.zeros((2, 2, 2), np.uint8), (4, 6), 8)
    cells.slots[1, 1, 1] = 2
    motion, picture = np.zeros((16, 16, 2), np.int16), np.zeros((16, 16, 3), np.uint8)
    message = "slot 2 names none of 2 references"
    with pytest.raises(ValueError, match=message):
        kernels.single_field(motion, cells, distances=[1, -1], whole=False)
    with pytest.raises(ValueError, match=message):
        kernels.cell_field(np.zeros((2, 2, 2), np.float32), cells, distances=[1, -1])
    valid = np.zeros((16, 16), bool)
    with pytest.raises(ValueError, match=message):
        kernels.direction(motion, valid, cells, chosen=[True, False], whole=False)
    with pytest.raises(ValueError, match=message):
        kernels.accumulate(
            motion,
            cells,
            start=motion.copy(),
            references=[None, None],
            prefer=[True, False],
            whole=False,
        )
    with pytest.raises(ValueError, match=message):
        kernels.field_residual(
            picture.astype(np.int16),
            cells,
            frame=picture,
            references=[picture, None],
            fallback=picture,
            whole=False,
        )
    with pytest.raises(ValueError, match="distance of 0"):
        kernels.single_field(motion, cells, distances=[1, 0, -1], whole=False)
    with pytest.raises(ValueError, match=r"neither the grid of cells, \(2, 2\), nor twice as fine"):
        kernels.cell_field(np.zeros((1, 2, 2), np.float32), cells, distances=[1, 1, 1])


@pytest.mark.parametrize("kernels", IMPLEMENTATIONS)
def test_blocks_of_list_1_without_a_future_picture_name_a_missing_one(
    kernels: NumpyKernels,
) -> None:
    blocks = np.zeros(2, BLOCK)
    blocks["source"] = -1, 1
    blocks["w"], blocks["h"], blocks["dst_x"], blocks["dst_y"] = 16, 8, 8, 4
    blocks["motion_x"], blocks["motion_y"], blocks["motion_scale"] = [3, -5], [-1, 2], 2
    size = dict(height=16, width=16)
    first = kernels.cells(blocks[:1].tobytes(), **size, past=7, future=9)
    assert (first.pictures, first.cell) == ((7,), 8)
    assert first.vectors.tolist() == [[[[-6, 2]] * 2, [[0, 0]] * 2], [[[0, 0]] * 2] * 2]
    assert first.slots.tolist() == [[[0, 0], [255, 255]], [[255, 255]] * 2]
    assert kernels.cells(blocks.tobytes(), **size, past=7, future=9).pictures == (7, 9)
    both = kernels.cells(blocks.tobytes(), **size, past=7, future=None)
    assert both.pictures == (7, NO_PICTURE)
    assert both.vectors[1].tolist() == [[[10, -4]] * 2, [[0, 0]] * 2]
    assert both.slots[1].tolist() == [[1, 1], [255, 255]]


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
