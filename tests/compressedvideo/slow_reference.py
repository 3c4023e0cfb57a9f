"""What the reader does, done slowly: whole clips decoded plainly, blocks painted one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec.context import Flags2

from compressedvideo.motion.cells import NO_REFERENCE, MotionCells


@dataclass
class PlainFrame:
    rgb: np.ndarray
    kind: str
    blocks: np.ndarray | None


def plain_decode(path: Path | str) -> list[PlainFrame]:
    """Every frame as PyAV gives it, nothing skipped, nothing sought."""
    frames = []
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.flags2 |= Flags2.export_mvs
        for frame in container.decode(stream):
            vectors = frame.side_data.get(av.sidedata.sidedata.Type.MOTION_VECTORS)
            frames.append(
                PlainFrame(
                    frame.to_ndarray(format="rgb24"),
                    "?IPBS"[frame.pict_type],
                    None if vectors is None else vectors.to_ndarray().copy(),
                )
            )
    return frames


def paint_blocks(
    blocks: np.ndarray, *, source: int, height: int, width: int, whole: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Motion [H, W, 2] float64, pixels, and validity [H, W], one block after the other."""
    motion = np.zeros((height, width, 2))
    valid = np.zeros((height, width), bool)
    for block in blocks[blocks["source"] == source]:
        w, h = int(block["w"]), int(block["h"])
        left, top = int(block["dst_x"]) - w // 2, int(block["dst_y"]) - h // 2
        scale = float(block["motion_scale"])
        vector = -block["motion_x"] / scale, -block["motion_y"] / scale
        if whole:
            vector = (
                int(block["dst_x"]) - int(block["src_x"]),
                int(block["dst_y"]) - int(block["src_y"]),
            )
        for y in range(max(top, 0), min(top + h, height)):
            for x in range(max(left, 0), min(left + w, width)):
                is_inside = 0 <= x - vector[0] < width and 0 <= y - vector[1] < height
                if not whole or is_inside:
                    motion[y, x], valid[y, x] = vector, True
    return motion, valid


def slow_warp(reference: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """``reference(p - motion(p))`` in floating point, halves rounded up, borders repeated."""
    height, width = reference.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    x, y = x - motion[..., 0].astype(float), y - motion[..., 1].astype(float)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]

    def pixel(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return reference[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)].astype(float)

    upper = pixel(y0, x0) * (1 - fx) + pixel(y0, x0 + 1) * fx
    lower = pixel(y0 + 1, x0) * (1 - fx) + pixel(y0 + 1, x0 + 1) * fx
    return np.floor(upper * (1 - fy) + lower * fy + 0.5)


def slow_predict(
    frames: Sequence[np.ndarray], cells: MotionCells, *, otherwise: int, whole: bool
) -> np.ndarray:
    """The prediction of a picture, from the frames that its cells name.

    Args:
        frames: All, [H, W, 3], as stored.
        cells: The picture's.
        otherwise: The frame that stands where there is no prediction.
        whole: CoViAR's whole pixels.
    """
    height, width = frames[0].shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    predictions, used = [], []
    for vectors, slots in zip(cells.vectors, cells.slots, strict=True):
        motion = vectors[y // cells.cell, x // cells.cell] / 4
        slot = slots[y // cells.cell, x // cells.cell].copy()
        if whole:
            motion = np.trunc(motion)
            sx, sy = x - motion[..., 0], y - motion[..., 1]
            slot[(sx < 0) | (sx >= width) | (sy < 0) | (sy >= height)] = NO_REFERENCE
        prediction = frames[otherwise].astype(float)
        for number, display in enumerate(cells.pictures):
            here = slot == number
            if here.any():
                prediction[here] = slow_warp(frames[display], motion)[here]
        predictions.append(prediction)
        used.append(slot != NO_REFERENCE)
    both, second = used[0] & used[1], used[1] & ~used[0]
    predictions[0][second] = predictions[1][second]
    mean = np.floor((predictions[0] + predictions[1] + 1) / 2)
    return np.where(both[..., None], mean, predictions[0])


def translating_frames(
    num_frames: int, *, step: tuple[float, float], height: int, width: int, seed: int = 0
) -> np.ndarray:
    """Smooth random texture that moves by ``step`` (x right, y down, pixels) from frame to frame.

    Returns:
        [num_frames, height, width, 3] uint8.
    """
    rng = np.random.default_rng(seed)
    reach_x, reach_y = (int(abs(s) * num_frames) + 2 for s in step)
    shape = height + 2 * reach_y, width + 2 * reach_x, 3
    texture = cv2.GaussianBlur(rng.uniform(0, 255, shape).astype(np.float32), None, 2.5)
    texture = np.clip((texture - 127.5) * 4 + 127.5, 0, 255)
    frames = []
    for t in range(num_frames):
        shift = np.float32([[1, 0, step[0] * t - reach_x], [0, 1, step[1] * t - reach_y]])
        moved = cv2.warpAffine(texture, shift, (width, height), flags=cv2.INTER_CUBIC)
        frames.append(np.clip(np.rint(moved), 0, 255).astype(np.uint8))
    return np.stack(frames)
