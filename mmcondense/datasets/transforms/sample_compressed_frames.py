"""From a video's path to the frames to read: one I-frame and one P- or B-frame per segment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense.codec import CodecError, CompressedVideo

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


def snap_back(positions: np.ndarray, *, allowed: np.ndarray) -> np.ndarray:
    """The last allowed frame at or before each position, or the first one where there is none.

    Args:
        positions: [S] frame indices.
        allowed: [A] frame indices, ascending, at least one.

    Returns:
        [S], members of ``allowed``.
    """
    return allowed[np.maximum(np.searchsorted(allowed, positions, side="right") - 1, 0)]


@TRANSFORMS.register_module()
class SampleCompressedFrames(BaseTransform):
    """TSN sampling in the compressed domain: each segment gives an I-frame and a P- or B-frame.

    A segment picks a position. Its I-frame is the key frame of the GOP that the position lies in;
    its P-frame is the position itself, or, where another kind of picture stands there, the last
    wanted one before it. For a fixed GOP without B-frames this is CoViAR's rule to the index:
    position 0 of a GOP moves to the last frame of the GOP before. In training the position is
    uniform inside the segment and the same for both kinds, so that both show the same moment.

    Required keys: ``filename``. Added keys: ``compressed_video`` (open; LoadCompressedVideo closes
    it), ``frame_inds`` and ``iframe_inds`` ([num_clips * num_segments], clip after clip),
    ``total_frames``, ``num_clips``, ``clip_len`` (= ``num_segments``).

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
        video = CompressedVideo(results["filename"], virtual_gop=self.virtual_gop)
        try:
            iframes = np.asarray(video.iframe_inds)
            predicted = self._predicted_frames(video, iframes)
        except BaseException:
            video.close()
            raise
        places = self._places()  # [C, S]
        results["iframe_inds"] = self._sample(video.num_frames, places, first=0, allowed=iframes)
        results["frame_inds"] = self._sample(video.num_frames, places, first=1, allowed=predicted)
        results["compressed_video"] = video
        results["total_frames"] = video.num_frames
        results["num_clips"] = self.num_clips
        results["clip_len"] = self.num_segments
        return results

    def _places(self) -> np.ndarray:
        shape = self.num_clips, self.num_segments
        if self.test_mode:
            centres = (np.arange(self.num_clips) + 0.5) / self.num_clips
            return np.broadcast_to(centres[:, None], shape)
        return np.random.random_sample(shape)  # noqa: NPY002 - mmengine seeds this generator

    def _sample(
        self, num_frames: int, places: np.ndarray, *, first: int, allowed: np.ndarray
    ) -> np.ndarray:
        positions = segment_positions(
            num_frames,
            num_segments=self.num_segments,
            place=places,
            centred=self.test_mode,
            first=first,
        )
        return snap_back(positions.ravel(), allowed=allowed)  # [C * S]

    def _predicted_frames(self, video: CompressedVideo, iframes: np.ndarray) -> np.ndarray:
        """Display indices of the pictures that may be sampled for motion and residuals."""
        if "B" in self.frame_types and not video.has_b_frames:
            raise CodecError(
                f"the config asks for B-frames (frame_types={self.frame_types}), but this stream "
                "has none: set frame_types=('P',), or re-encode with "
                "`python tools/data/reencode.py ... --b-frames 2`",
                path=str(video.path),
                codec=video.codec,
            )
        if video.has_b_frames:
            wanted = "".join(self.frame_types).replace("P", "PS")
            types = np.array(list(video.frame_types))
            candidates = np.flatnonzero(np.isin(types, list(wanted)))
        else:
            # Key frames say it all, and cost nothing: picture types need a scan of the packets.
            candidates = np.arange(video.num_frames)
        # Position 0 of a GOP is never sampled, real or virtual; nor is what no key frame precedes.
        predicted = np.setdiff1d(candidates[candidates > iframes[0]], iframes)
        if len(predicted) == 0:
            asked = " or ".join(self.frame_types)
            raise CodecError(
                f"none of its {video.num_frames} frames is of type {asked}: there is no motion "
                "to sample. Leave this video out, or re-encode it with a longer GOP: "
                "`python tools/data/reencode.py ... --gop-size 12`",
                path=str(video.path),
                codec=video.codec,
            )
        return predicted

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_segments={self.num_segments}, num_clips={self.num_clips}, "
            f"test_mode={self.test_mode}, frame_types={self.frame_types}, "
            f"virtual_gop={self.virtual_gop})"
        )
