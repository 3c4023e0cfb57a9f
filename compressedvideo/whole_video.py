"""All frames of a video with their motion, a few at a time, however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .clip import CompressedClip
from .errors import NoMotionVectorsError
from .video import CompressedVideo

_MAX_BYTES = 1 << 26
"""Of pictures, or of vectors without pictures, that are in memory at once, about."""

_BYTES_PER_PIXEL = 8 / 4**2
"""Of vectors, at the finest cells."""


@dataclass
class DrawnFrame:
    """One frame of a video, to be drawn on."""

    index: int
    """Display index."""

    seconds: float
    """By the average frame rate."""

    kind: str
    """Picture type."""

    rgb: np.ndarray
    """[H, W, 3] uint8."""

    motion: np.ndarray | None
    """[ceil(H/c), ceil(W/c), 2] float32, pixels per frame, x right and y down. None: the codec has
    none to be read."""

    cell: int
    """c, pixels."""


def frames_with_motion(video: CompressedVideo) -> Iterator[DrawnFrame]:
    """All frames in order.

    Chunks end with GOPs, where a GOP fits into memory: elsewhere its beginning is decoded again for
    each of its chunks.

    Raises:
        CodecError: As :meth:`CompressedVideo.read`, but that a codec without vectors is none.
    """
    most = max(_MAX_BYTES // (video.width * video.height * 3), 1)
    modalities: tuple[str, ...] = ("rgb", "motion")
    for begin, end in chunks(video.keyframes.tolist(), video.num_frames, most=most):
        try:
            clip = read_cells(video, begin, end, modalities)
        except NoMotionVectorsError:
            modalities = ("rgb",)
            clip = video.read(range(begin, end), modalities=modalities)
        assert clip.rgb is not None
        for i, frame in enumerate(range(begin, end)):
            yield DrawnFrame(
                index=frame,
                seconds=frame / (video.fps or 25),
                kind=clip.frame_types[i],
                rgb=clip.rgb[i],
                motion=None if clip.motion is None else clip.motion[i],
                cell=clip.cell,
            )


def motion_of_frames(video: CompressedVideo) -> np.ndarray:
    """How much moves in each frame. Nothing is decoded where a parser reads the codec's vectors.

    Returns:
        [N] float32: mean length of the vectors, pixels per frame. NaN for I-frames.

    Raises:
        CodecError: As :meth:`CompressedVideo.read`.
    """
    lengths = []
    most = max(int(_MAX_BYTES / (video.width * video.height * _BYTES_PER_PIXEL)), 1)
    for begin, end in chunks(video.keyframes.tolist(), video.num_frames, most=most):
        clip = read_cells(video, begin, end, ("motion",))
        assert clip.motion is not None
        for kind, field in zip(clip.frame_types, clip.motion, strict=True):
            x, y = field[..., 0], field[..., 1]
            lengths.append(np.nan if kind == "I" else np.sqrt(x * x + y * y).mean())
    return np.array(lengths, np.float32)


def read_cells(
    video: CompressedVideo, begin: int, end: int, modalities: tuple[str, ...]
) -> CompressedClip:
    """Frames ``begin`` to ``end`` with motion in pixels per frame on the codec's own grid."""
    frames = range(begin, end)
    return video.read(frames, modalities=modalities, per_frame=True, layout="cells")


def chunks(keyframes: list[int], num_frames: int, *, most: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover a video: as many whole GOPs as fit, and parts of those that do not.

    Args:
        keyframes: Display indices, the first is 0.
        num_frames: Of the video.
        most: Frames in a range, at least 1.
    """
    begin = end = 0
    for stop in [*keyframes[1:], num_frames]:
        if stop - begin > most and end > begin:
            yield begin, end
            begin = end
        while stop - begin > most:
            yield begin, begin + most
            begin += most
        end = stop
    if end > begin:
        yield begin, end
