"""What a read returned and the decoded pictures in, what is wrong with its vectors out.

Prediction + residual is the decoded frame, exactly. All of it is computed anew, in numpy, by the
definition in :mod:`compressedvideo.motion.fields`; nothing is asked of the reader again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from orientation import UPRIGHT, Orientation

from compressedvideo.clip import CompressedClip
from compressedvideo.motion.fields import QUARTERS, warp

NO_REFERENCE = 255
"""Slot of a cell whose prediction is not used."""


@dataclass
class Prediction:
    """One of a picture's two predictions."""

    vectors: np.ndarray
    """[H, W, 2] int32, quarter pixels."""

    valid: np.ndarray
    """[H, W] bool."""

    reference: np.ndarray
    """[H, W] int: display index of the picture that each pixel is predicted from."""

    def picture(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """[H, W, 3] uint8. Where it is not valid, the reference's own pixels."""
        predicted = None
        for display in np.unique(self.reference):
            warped = warp(np.ascontiguousarray(pictures[display]), self.vectors)
            if predicted is None:
                predicted = warped
            else:
                predicted[self.reference == display] = warped[self.reference == display]
        assert predicted is not None
        return predicted


def quarters(motion: np.ndarray) -> np.ndarray:
    """Vectors in pixels to whole quarter pixels.

    Raises:
        ValueError: If they are none.
    """
    scaled = motion.astype(np.float64) * QUARTERS
    rounded = np.rint(scaled)
    if not np.array_equal(scaled, rounded):
        raise ValueError("vectors are no quarter pixels")
    return rounded.astype(np.int32)


def predictions_of_directions(clip: CompressedClip, i: int) -> tuple[Prediction, Prediction | None]:
    """From ``motion_past`` and ``motion_future``, each of one reference for the whole picture."""
    assert clip.motion_past is not None
    assert clip.motion_future is not None
    assert clip.valid_past is not None
    assert clip.valid_future is not None
    display = int(clip.frame_inds[i])
    shape = clip.valid_past[i].shape
    past = Prediction(
        quarters(clip.motion_past[i]),
        clip.valid_past[i],
        np.full(shape, display - int(clip.reference_distance[i])),
    )
    if not clip.future_distance[i]:
        return past, None
    return past, Prediction(
        quarters(clip.motion_future[i]),
        clip.valid_future[i],
        np.full(shape, display - int(clip.future_distance[i])),
    )


def predictions_of_cells(
    cells,
    *,
    height: int,
    width: int,
    otherwise: int,
    orientation: Orientation = UPRIGHT,
    whole: bool = False,
) -> tuple[Prediction, Prediction]:
    """From ``MotionCells`` with a reference for each cell.

    Args:
        cells: ``vectors`` [2, h, w, 2] int16 quarter pixels, ``slots`` [2, h, w] uint8,
            ``pictures`` (display indices), ``cell`` in pixels; of the stored picture.
        height, width: The stored picture's.
        otherwise: Display index of the picture that stands in where there is no prediction.
        orientation: How the stored picture is turned upright.
        whole: CoViAR's whole pixels: truncated, and void where they point outside the frame.
    """

    def paint(values: np.ndarray) -> np.ndarray:
        rows = np.repeat(values, cells.cell, axis=0)[:height]
        return np.repeat(rows, cells.cell, axis=1)[:, :width]

    lookup = np.full(256, otherwise)
    lookup[: len(cells.pictures)] = cells.pictures
    missing = np.append(np.flatnonzero(lookup < 0), NO_REFERENCE)  # does not count
    lookup[NO_REFERENCE] = otherwise
    found = []
    for cell_vectors, slots in zip(cells.vectors, cells.slots, strict=True):
        vectors, valid = paint(cell_vectors).astype(np.int32), ~np.isin(paint(slots), missing)
        vectors[~valid] = 0  # into a picture that no frame shows: pixels are compared unmoved
        if whole:
            vectors = np.sign(vectors) * (np.abs(vectors) & ~(QUARTERS - 1))
            drop_outside(vectors, valid)
        found.append(
            Prediction(
                orientation.turn_vectors(vectors),
                orientation.turn(valid),
                orientation.turn(np.where(valid, paint(lookup[slots]), otherwise)),
            )
        )
    return found[0], found[1]


def predict(
    past: Prediction, future: Prediction | None, pictures: Sequence[np.ndarray]
) -> np.ndarray:
    """[H, W, 3] uint8: the mean of both predictions, rounded up, or the one that there is."""
    prediction = past.picture(pictures)
    if future is None:
        return prediction
    return average(
        prediction,
        future.picture(pictures),
        valid_past=past.valid,
        valid_future=future.valid,
    )


def average(
    past: np.ndarray, future: np.ndarray, *, valid_past: np.ndarray, valid_future: np.ndarray
) -> np.ndarray:
    """``(past + future + 1) >> 1`` where both hold, else the one that does, else ``past``."""
    both, only_future = valid_past & valid_future, valid_future & ~valid_past
    prediction = past.copy()
    prediction[only_future] = future[only_future]
    prediction[both] = (past[both].astype(np.uint16) + future[both] + 1) >> 1
    return prediction


def drop_outside(vectors: np.ndarray, valid: np.ndarray) -> None:
    """CoViAR's rule, in place: whole vectors whose source lies outside the frame are void."""
    height, width = valid.shape
    x = np.arange(width) - vectors[..., 0] // QUARTERS
    y = np.arange(height)[:, None] - vectors[..., 1] // QUARTERS
    outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
    vectors[outside] = 0
    valid[outside] = False


def fault_against_previous(
    clip: CompressedClip,
    i: int,
    pictures: Sequence[np.ndarray],
    *,
    stored_size: tuple[int, int],
    orientation: Orientation,
) -> str | None:
    """What is wrong with a frame's residual against the pictures that the codec predicted from.

    Args:
        clip: Read with ``residual``, ``motion_past`` and ``motion_future``, and with ``cells`` if
            the reader has them. Without them, all blocks of a direction have one reference.
        i: Position in the clip.
        pictures: All frames, upright.
        stored_size: Height and width of the stored picture, and
        orientation: how it is turned upright.
    """
    assert clip.residual is not None
    display = int(clip.frame_inds[i])
    if clip.frame_types[i] == "I":
        is_zero = not clip.residual[i].any() and not _has_vectors(clip, i)
        return None if is_zero else "an I-frame has vectors or a residual"
    cells = getattr(clip, "cells", None)
    past: Prediction
    future: Prediction | None
    if cells is not None and cells[i] is not None:
        past, future = predictions_of_cells(
            cells[i],
            height=stored_size[0],
            width=stored_size[1],
            otherwise=display - int(clip.reference_distance[i]),
            orientation=orientation,
            whole=clip.precision == "integer",
        )
        # On which side a hidden picture lies is not said.
        is_told = min(cells[i].pictures, default=0) >= 0
        fault = direction_fault(clip, i, (past, future)) if is_told else None
        if fault is not None:
            return fault
    else:
        try:
            past, future = predictions_of_directions(clip, i)
        except ValueError as error:
            return str(error)
    for prediction in (past, future):
        if prediction is None:
            continue
        for reference in np.unique(prediction.reference).tolist():
            if not 0 <= reference < len(pictures):
                return f"its reference {reference} is no frame"
            if pictures[reference].shape != pictures[display].shape:
                return f"frame {reference}, its reference, has another size"
    return _difference(predict(past, future, pictures), clip.residual[i], pictures[display])


def direction_fault(
    clip: CompressedClip, i: int, predictions: tuple[Prediction, Prediction]
) -> str | None:
    """Whether ``motion_past`` and ``motion_future`` are what the cells say.

    By the sign of the real distance. Where both predictions lie on one side, either will do.
    """
    display = int(clip.frame_inds[i])
    for name, motion, valid, sign in (
        ("motion_past", clip.motion_past, clip.valid_past, 1),
        ("motion_future", clip.motion_future, clip.valid_future, -1),
    ):
        assert motion is not None
        assert valid is not None
        on_side = [p.valid & (np.sign(display - p.reference) == sign) for p in predictions]
        either = on_side[0] | on_side[1]
        # Where the first of two vectors on this side is void, as whole pixels may be, so are both.
        must = either & (valid[i] | (clip.precision == "subpixel"))
        if (valid[i] & ~either).any() or (must & ~valid[i]).any():
            return f"{name} is valid in other pixels than its cells"
        found = ~valid[i]
        for prediction, here in zip(predictions, on_side, strict=True):
            found |= here & (motion[i] * QUARTERS == prediction.vectors).all(axis=-1)
        if not found.all():
            return f"{name} differs from its cells in {(~found).sum()} pixels"
    return None


def fault_against_iframe(
    clip: CompressedClip, i: int, pictures: Sequence[np.ndarray]
) -> str | None:
    """The same against the I-frame. The clip is read with ``residual`` and ``motion``."""
    assert clip.residual is not None
    assert clip.motion is not None
    display, iframe = int(clip.frame_inds[i]), int(clip.iframe_inds[i])
    if display == iframe and (clip.residual[i].any() or clip.motion[i].any()):
        return "the I-frame has vectors or a residual"
    try:
        vectors = quarters(clip.motion[i])
    except ValueError as error:
        return str(error)
    if pictures[iframe].shape != pictures[display].shape:
        return f"frame {iframe}, its I-frame, has another size"
    prediction = warp(np.ascontiguousarray(pictures[iframe]), vectors)
    return _difference(prediction, clip.residual[i], pictures[display])


def vectors_missed(
    clip: CompressedClip,
    i: int,
    blocks: np.ndarray,
    *,
    stored_size: tuple[int, int],
    orientation: Orientation,
    invents: bool,
) -> str | None:
    """Which of the vectors that FFmpeg exports are in neither prediction of the clip's cells.

    Looked at is the first pixel of each block: FFmpeg has only that of 8x8 blocks that H.264
    divides further.

    Args:
        blocks: FFmpeg's ``AVMotionVector`` records.
        invents: Zero vectors in ``blocks`` may be none (H.264 with two lists).
    """
    assert clip.cells is not None
    cells = clip.cells[i]
    height, width = stored_size
    if cells is None:
        return f"all {len(blocks)} vectors are missing" if len(blocks) else None
    predictions = predictions_of_cells(
        cells, height=height, width=width, otherwise=0, orientation=orientation
    )
    blocks = blocks[blocks["motion_scale"] > 0]
    left = blocks["dst_x"] - (blocks["w"].astype(np.int32) >> 1)
    top = blocks["dst_y"] - (blocks["h"].astype(np.int32) >> 1)
    inside = (left >= 0) & (left < width) & (top >= 0) & (top < height)
    blocks, left, top = blocks[inside], left[inside], top[inside]
    scale = QUARTERS // blocks["motion_scale"].astype(np.int32)
    exported = np.stack([-blocks["motion_x"] * scale, -blocks["motion_y"] * scale], axis=-1)
    missed, first = 0, ""
    for sign in np.unique(blocks["source"]):
        chosen = blocks["source"] == sign
        expected = np.zeros((height, width, 2), np.int32)
        mask = np.zeros((height, width), bool)
        expected[top[chosen], left[chosen]] = exported[chosen]
        mask[top[chosen], left[chosen]] = True
        expected, mask = orientation.turn_vectors(expected), orientation.turn(mask)
        found = np.zeros_like(mask)
        for prediction in predictions:
            found |= prediction.valid & (prediction.vectors == expected).all(axis=-1)
        if invents:
            found |= ~expected.any(axis=-1)
        places = np.argwhere(mask & ~found)
        if len(places) and not missed:
            y, x = places[0]
            first = f"{expected[y, x].tolist()} quarters at x={x} y={y}"
        missed += len(places)
    return f"{missed} of {len(blocks)} vectors differ, the first {first}" if missed else None


def _has_vectors(clip: CompressedClip, i: int) -> bool:
    arrays: Iterable[np.ndarray | None] = (clip.valid_past, clip.valid_future, clip.motion)
    return any(array is not None and bool(array[i].any()) for array in arrays)


def _difference(prediction: np.ndarray, residual: np.ndarray, frame: np.ndarray) -> str | None:
    if residual.dtype != np.int16 or residual.shape != frame.shape:
        return f"the residual is {residual.dtype} {residual.shape}, the frame {frame.shape}"
    off = (prediction + residual != frame).any(axis=-1)
    return (
        f"prediction + residual differs in {off.sum()} of {off.size} pixels" if off.any() else None
    )
