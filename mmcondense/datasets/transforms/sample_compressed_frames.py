"""From a video's path to the frames to read: one I-frame and one P- or B-frame per segment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from compressedvideo import CodecError
from mmcondense.datasets.storage import open_video
from mmcondense.datasets.video_window import ReadableVideo

_PREDICTED_TYPES = ("P", "B")


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


@TRANSFORMS.register_module()
class SampleCompressedFrames(BaseTransform):
    """TSN sampling in the compressed domain: each segment gives an I-frame and a P- or B-frame.

    A segment picks a position. Its I-frame is the key frame of the GOP that the position lies in;
    its P-frame is the position itself, or, where another kind of picture stands there, the last
    wanted one before it. For a fixed GOP without B-frames this is CoViAR's rule to the index:
    position 0 of a GOP moves to the last frame of the GOP before. In training the position is
    uniform inside the segment and the same for both kinds, so that both show the same moment.

    Required keys: ``filename``. Optional: ``backend_args``, where the file lies (see open_video).
    Added keys: ``compressed_video`` (open; LoadCompressedVideo closes it), ``frame_inds`` and
    ``iframe_inds`` ([num_clips * num_segments], clip after clip), ``total_frames``,
    ``num_clips``, ``clip_len`` (= ``num_segments``).

    Args:
        num_segments: S, segments of a video.
        num_clips: draws of S frames from the whole video. In testing, clip c of C takes position
            (c + 0.5) / C of every segment; 1 is the centre.
        test_mode: centred instead of random positions.
        frame_types: picture types to take motion and residuals from: ``('P',)``, ``('B',)`` or
            both. MPEG-4's S-frames count as P.
        virtual_gop: for videos with few key frames: a picture about every this many frames after
            a key frame stands in as I-frame (see CompressedVideo). None: true key frames, and
            segments between two of them share one.

    Raises:
        CodecError: if the video cannot be opened, or has no picture of ``frame_types``.
    """

    def __init__(
        self,
        num_segments: int,
        *,
        num_clips: int = 1,
        test_mode: bool = False,
        frame_types: Sequence[str] = ("P",),
        virtual_gop: int | None = None,
    ) -> None:
        for name, number in (("num_segments", num_segments), ("num_clips", num_clips)):
            if number < 1:
                raise ValueError(f"{name}={number}, must be at least 1")
        if not frame_types or not set(frame_types) <= set(_PREDICTED_TYPES):
            raise ValueError(f"frame_types={frame_types}, allowed are some of {_PREDICTED_TYPES}")
        self.num_segments = num_segments
        self.num_clips = num_clips
        self.test_mode = test_mode
        self.frame_types = tuple(frame_types)
        self.virtual_gop = virtual_gop

    def transform(self, results: dict) -> dict:
        video = open_video(results, virtual_gop=self.virtual_gop)
        try:
            places = self._places()
            results["iframe_inds"] = self._iframes(video, places)
            results["frame_inds"] = self._predicted_frames(video, places)
        except BaseException:
            video.close()
            raise
        results["compressed_video"] = video
        results["total_frames"] = video.num_frames
        results["num_clips"] = self.num_clips
        results["clip_len"] = self.num_segments
        return results

    def _places(self) -> np.ndarray:
        """[C, S]: where in its segment each frame is taken, 0 to 1."""
        shape = self.num_clips, self.num_segments
        if self.test_mode:
            centres = (np.arange(self.num_clips) + 0.5) / self.num_clips
            return np.broadcast_to(centres[:, None], shape)
        return np.random.random_sample(shape)  # noqa: NPY002 - mmengine seeds this generator

    def _positions(self, num_frames: int, places: np.ndarray, *, first: int) -> np.ndarray:
        return segment_positions(
            num_frames,
            num_segments=self.num_segments,
            place=places,
            centred=self.test_mode,
            first=first,
        ).ravel()  # [C * S]

    def _iframes(self, video: ReadableVideo, places: np.ndarray) -> np.ndarray:
        positions = self._positions(video.num_frames, places, first=0)
        iframes = video.iframe_inds  # the first is 0
        return iframes[np.searchsorted(iframes, positions, side="right") - 1]

    def _predicted_frames(self, video: ReadableVideo, places: np.ndarray) -> np.ndarray:
        if "B" in self.frame_types and not video.has_b_frames:
            raise CodecError(
                f"the config asks for B-frames (frame_types={self.frame_types}), but this stream "
                "has none: set frame_types=('P',), or re-encode with "
                "`python tools/data/reencode.py SOURCE TARGET --codec h264 --b-frames 2`",
                path=video.path,
                codec=video.codec,
            )
        keyframes = video.keyframes
        wanted_kinds = {*self.frame_types, "S"} if "P" in self.frame_types else {*self.frame_types}
        # Position 0 of a GOP is never sampled, be the GOP real or virtual.
        iframes = set(video.iframe_inds.tolist())

        @functools.cache
        def wanted_of_gop(gop: int) -> np.ndarray:
            kinds = enumerate(video.gop_frame_types(gop), start=int(keyframes[gop]))
            return np.array(
                [frame for frame, kind in kinds if kind in wanted_kinds and frame not in iframes],
                np.int64,
            )

        # A video of one frame has no position for motion: let position 0 find that out.
        positions = self._positions(max(video.num_frames, 2), places, first=1)
        frames = [
            snap_back(position, keyframes=keyframes, wanted_of_gop=wanted_of_gop)
            for position in np.minimum(positions, video.num_frames - 1).tolist()
        ]
        if None in frames:
            asked = " or ".join(self.frame_types)
            raise CodecError(
                f"none of its {video.num_frames} frames is of type {asked}: there is no motion "
                "to sample. Leave this video out, or re-encode it with a longer GOP: "
                "`python tools/data/reencode.py SOURCE TARGET --gop-size 12`",
                path=video.path,
                codec=video.codec,
            )
        return np.array(frames, np.int64)  # [C * S]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_segments={self.num_segments}, num_clips={self.num_clips}, "
            f"test_mode={self.test_mode}, frame_types={self.frame_types}, "
            f"virtual_gop={self.virtual_gop})"
        )
