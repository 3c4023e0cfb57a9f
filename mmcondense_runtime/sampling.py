"""Which frames of a video a network sees: the rules of the pipeline's samplers, without chance.

Places between 0 and 1 come in, drawn at random in training and centred in testing; frames come out.
A ``video`` is an open CompressedVideo, or a window of one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compressedvideo import CodecError


def centred_places(num_clips: int, num_segments: int) -> np.ndarray:
    """[C, S]: the places of a test; clip c of C takes (c + 0.5) / C of every segment."""
    centres = (np.arange(num_clips) + 0.5) / num_clips
    return np.broadcast_to(centres[:, None], (num_clips, num_segments))


def sample_segments(
    video: Any, *, places: np.ndarray, centred: bool, frame_types: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """An I-frame and a P- or B-frame of each segment: ``SampleCompressedFrames``.

    Args:
        video: Open.
        places: [C, S], see :func:`segment_positions`, as for ``centred``.
        frame_types: ``'P'``, ``'B'`` or both. MPEG-4's S-frames count as P.

    Returns:
        Display indices of I-frames and of predicted frames, [C * S] each.

    Raises:
        CodecError: If the video has no frame of these types.
    """
    positions = functools.partial(
        segment_positions, num_segments=places.shape[1], place=places, centred=centred
    )
    iframes = video.iframe_inds  # the first is 0
    at = positions(video.num_frames, first=0).ravel()
    chosen = iframes[np.searchsorted(iframes, at, side="right") - 1]
    # A video of one frame has no position for motion: let position 0 find that out.
    moving = positions(max(video.num_frames, 2), first=1).ravel()
    moving = np.minimum(moving, video.num_frames - 1)
    return chosen, _predicted_frames(video, moving, frame_types=frame_types)


def segment_positions(
    num_frames: int, *, num_segments: int, place: np.ndarray, centred: bool, first: int
) -> np.ndarray:
    """Positions inside S equal segments of a video: CoViAR's index rule.

    Wu et al., "Compressed Video Action Recognition", CVPR 2018, as in their data loader: for
    motion and residuals frame 0 takes no part, since it is an I-frame.

    Args:
        num_frames: n, frames of the video, more than ``first``.
        num_segments: S.
        place: [..., S], where in each segment, from 0 (begin) to below 1 (end).
        centred: True: ``round((n' - 1) / S * (s + place))``, CoViAR's test rule for place 0.5.
            False: segments are whole ranges of frames, and ``place`` selects one of each; uniform
            places give CoViAR's training rule. Here n' is ``num_frames - first``.
        first: the first frame that takes part: 0 for I-frames, 1 for motion and residuals.

    Returns:
        [..., S] int64, ``first`` to ``num_frames - 1``.
    """
    segment = np.arange(num_segments)
    segment_len = (num_frames - first - 1) / num_segments
    if centred:
        return np.round(segment_len * (segment + place)).astype(np.int64) + first
    begin = np.round(segment_len * segment)
    end = np.maximum(np.round(segment_len * (segment + 1)), begin + 1)
    return (begin + np.floor(place * (end - begin))).astype(np.int64) + first


def snap_back(
    position: int, *, keyframes: np.ndarray, wanted_of_gop: Callable[[int], np.ndarray]
) -> int | None:
    """The last wanted frame at or before a position, else the first after it, GOP by GOP.

    Args:
        position: display index.
        keyframes: [G] display indices, ascending, the first at or before ``position``.
        wanted_of_gop: display indices of the wanted frames of a GOP, ascending.

    Returns:
        A display index, or None if no GOP has a wanted frame.
    """
    own_gop = int(np.searchsorted(keyframes, position, side="right")) - 1
    for gop in range(own_gop, -1, -1):
        before = wanted_of_gop(gop)
        before = before[before <= position]
        if len(before):
            return int(before[-1])
    for gop in range(own_gop, len(keyframes)):
        after = wanted_of_gop(gop)
        if len(after):
            return int(after[0])
    return None


def _predicted_frames(
    video: Any, positions: np.ndarray, *, frame_types: Sequence[str]
) -> np.ndarray:
    if "B" in frame_types and not video.has_b_frames:
        raise CodecError(
            f"the config asks for B-frames (frame_types={tuple(frame_types)}), but this stream "
            "has none: set frame_types=('P',), or re-encode with "
            "`python tools/data/reencode.py SOURCE TARGET --codec h264 --b-frames 2`",
            path=video.path,
            codec=video.codec,
        )
    keyframes = video.keyframes
    wanted_kinds = {*frame_types, "S"} if "P" in frame_types else {*frame_types}
    # Position 0 of a GOP is never sampled, be the GOP real or virtual.
    iframes = set(video.iframe_inds.tolist())

    @functools.cache
    def wanted_of_gop(gop: int) -> np.ndarray:
        kinds = enumerate(video.gop_frame_types(gop), start=int(keyframes[gop]))
        return np.array(
            [frame for frame, kind in kinds if kind in wanted_kinds and frame not in iframes],
            np.int64,
        )

    frames = [
        snap_back(position, keyframes=keyframes, wanted_of_gop=wanted_of_gop)
        for position in positions.tolist()
    ]
    if None in frames:
        asked = " or ".join(frame_types)
        raise CodecError(
            f"none of its {video.num_frames} frames is of type {asked}: there is no motion "
            "to sample. Leave this video out, or re-encode it with a longer GOP: "
            "`python tools/data/reencode.py SOURCE TARGET --gop-size 12`",
            path=video.path,
            codec=video.codec,
        )
    return np.array(frames, np.int64)  # [C * S]


def predicted_frames_of_gops(video: Any, frame_types: Sequence[str]) -> list[list[int]]:
    """Of each GOP, real or virtual, the frames that motion and residuals can be taken from.

    Args:
        video: open.
        frame_types: ``'P'``, ``'B'`` or both. MPEG-4's S-frames count as P.

    Returns:
        Per GOP, display indices, ascending, without its I-frame; may be empty.
    """
    wanted = {*frame_types, "S"} if "P" in frame_types else {*frame_types}
    types = video.frame_types
    starts = video.iframe_inds.tolist()
    return [
        [frame for frame in range(start + 1, stop) if types[frame] in wanted]
        for start, stop in zip(starts, [*starts[1:], video.num_frames], strict=True)
    ]


def draw_gops(
    video: Any,
    frames_of: Sequence[Sequence[int]],
    *,
    places: np.ndarray,
    frame_types: Sequence[str],
) -> np.ndarray:
    """A GOP of each of S segments of the GOPs that have frames: ``SampleGOPs``.

    Args:
        video: Open.
        frames_of: See :func:`predicted_frames_of_gops`.
        places: [S], where in its segment each is taken, 0 to below 1; in testing 0.5.
        frame_types: For the message.

    Returns:
        [S] GOP numbers, ascending.

    Raises:
        CodecError: If no GOP has frames.
    """
    candidates = [gop for gop, frames in enumerate(frames_of) if frames]
    if not candidates:
        asked = " or ".join(frame_types)
        raise CodecError(
            f"none of its {video.num_frames} frames is of type {asked}: there is no motion "
            "to sample. Choose other frame_types, leave this video out, or re-encode it: "
            "`python tools/data/reencode.py SOURCE TARGET --codec h264 --b-frames 2`",
            path=video.path,
            codec=video.codec,
        )
    positions = (np.arange(len(places)) + places) * len(candidates) / len(places)
    return np.array(candidates)[positions.astype(np.int64)]


def centred_in_gops(gops: np.ndarray) -> np.ndarray:
    """[S]: the places of a test inside each GOP; one that comes repeatedly shows other frames."""
    _, inverse, counts = np.unique(gops, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    return (np.arange(len(gops)) - first[inverse] + 0.5) / counts[inverse]


def frames_in_gops(
    frames_of: Sequence[Sequence[int]], gops: np.ndarray, *, places: np.ndarray
) -> np.ndarray:
    """[S] display indices: of each GOP the frame at a place, 0 to below 1."""
    return np.array(
        [
            frames_of[gop][int(place * len(frames_of[gop]))]
            for gop, place in zip(gops, places, strict=True)
        ],
        np.int64,
    )


def adjacent_gops(gops: np.ndarray, num_gops: int, *, offsets: np.ndarray) -> np.ndarray:
    """[S]: the GOP before (-1) or after (1) each; the only one of a video is its own neighbour."""
    offsets = np.where(gops == 0, 1, offsets)
    offsets = np.where(gops == num_gops - 1, -1, offsets)
    return np.maximum(gops + offsets, 0)


def neighbour_positions(gop_inds: Sequence[int]) -> tuple[list[int], list[int]]:
    """Where in a list of sampled GOPs the I-frames of each GOP and of its neighbour stand.

    The neighbour of the test stage: the sampled GOP before (Δt = -1), for the first the one after
    (Δt = 1); itself if there is no other.

    Args:
        gop_inds: [S], GOP numbers, repetitions allowed.

    Returns:
        own: [S], the first position of the same GOP.
        neighbour: [S], the first position of the neighbour.
    """
    first = {gop: position for position, gop in reversed(list(enumerate(gop_inds)))}
    gops = sorted(first)
    before = dict(zip(gops[1:], gops, strict=False))
    before[gops[0]] = gops[min(1, len(gops) - 1)]
    return [first[gop] for gop in gop_inds], [first[before[gop]] for gop in gop_inds]


def neighbour_rows(gop_inds: Sequence[int], rows: int) -> tuple[list[int], list[int]]:
    """:func:`neighbour_positions` in all views of a sample: rows are GOPs, view after view."""
    own, neighbour = neighbour_positions([int(gop) for gop in gop_inds])
    starts = range(0, rows, len(own))
    return (
        [start + position for start in starts for position in own],
        [start + position for start in starts for position in neighbour],
    )


def gop_clips(
    iframe_inds: np.ndarray, num_frames: int, *, clip_len: int
) -> tuple[np.ndarray, np.ndarray]:
    """The clips of T frames that begin with the I-frames of a video; they do not overlap.

    GOPs shorter than T are left out where there is a longer one. Where there is none, their last
    frame is repeated. Of longer GOPs the first T frames are taken.

    Args:
        iframe_inds: [G] display indices, ascending.
        num_frames: Of the video.
        clip_len: T.

    Returns:
        [C] display indices of the I-frames, [C, T] of the frames, the I-frame first.
    """
    lengths = np.diff(iframe_inds, append=num_frames)
    chosen = np.flatnonzero(lengths >= clip_len)
    if len(chosen) == 0:
        chosen = np.arange(len(iframe_inds))
    steps = np.minimum(np.arange(clip_len), lengths[chosen, None] - 1)  # [C, T]
    return iframe_inds[chosen], iframe_inds[chosen, None] + steps


def gop_runs(num_gops: int, *, consecutive: int, places: np.ndarray | None) -> np.ndarray:
    """Draws of GOPs in a row: ``SampleGOPClips``.

    Args:
        num_gops: Of the video.
        consecutive: G, GOPs of a draw. Where there are fewer, the last one is repeated.
        places: [C], 0 to below 1, where the draws begin. None: everywhere, each once.

    Returns:
        [C * G] numbers of GOPs, draw after draw.
    """
    num_starts = max(num_gops - consecutive + 1, 1)
    starts = np.arange(num_starts)
    if places is not None:
        starts = (places * num_starts).astype(np.int64)
    return np.minimum(starts[:, None] + np.arange(consecutive), num_gops - 1).ravel()


def stock_test_frames(
    num_frames: int, *, clip_len: int, frame_interval: int, num_clips: int, repeat_last: bool
) -> np.ndarray:
    """MMAction2's ``SampleFrames`` in a test, which is not in a place to be imported from.

    Args:
        num_frames: Of the video.
        clip_len: T. Of clips of one frame each lies in the middle of its segment; others lie at
            equal distances, from begin to end, a single one in the middle.
        frame_interval: From frame to frame of a clip.
        num_clips: C.
        repeat_last: Beyond the end, the clip's last frame that there is; else begin anew.

    Returns:
        [C * T] int64.
    """
    if clip_len == 1:
        segment = num_frames / num_clips
        starts = np.arange(num_clips) * segment + segment / 2
    else:
        room = max(num_frames - ((clip_len - 1) * frame_interval + 1), 0)
        starts = np.array([room // 2])
        if num_clips > 1:
            starts = np.round(np.arange(num_clips) * (room / (num_clips - 1)))
    frames = starts[:, None] + np.arange(clip_len) * frame_interval  # [C, T]
    if repeat_last:
        inside = frames < num_frames
        frames = np.where(inside, frames, (inside * frames).max(axis=1, keepdims=True))
    else:
        frames = np.mod(frames, num_frames)
    return frames.ravel().astype(np.int64)


def stock_uniform_frames(num_frames: int, *, clip_len: int, num_clips: int) -> np.ndarray:
    """MMAction2's ``UniformSample`` in a test, which is not in a place to be imported from.

    Args:
        num_frames: Of the video.
        clip_len: T, segments of equal length, of each of which a clip takes one frame.
        num_clips: C, which differ in the place within the segments.

    Returns:
        [C * T] int64.
    """
    segment = (num_frames - 1) / clip_len
    starts = np.round(segment * np.arange(clip_len))
    inside = np.floor(segment / (num_clips + 1) * np.arange(1, num_clips + 1))
    return (inside[:, None] + starts).ravel().astype(np.int64)
