"""GOP-wise sampling: per GOP its I-frame, one frame predicted in it, and a neighbouring I-frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense.datasets.storage import open_video
from mmcondense_runtime.sampling import (
    adjacent_gops,
    centred_in_gops,
    draw_gops,
    frames_in_gops,
    predicted_frames_of_gops,
)

_PREDICTED_TYPES = ("P", "B")


@TRANSFORMS.register_module()
class SampleGOPs(BaseTransform):
    """TSN sampling by GOPs: of each segment of a video one GOP, of each GOP one moment.

    Huo et al., "Lightweight Action Recognition in Compressed Videos", section 3.3: for GOP t its
    I-frame, and the motion and the residual of one random frame. GOPs that have no frame of
    ``frame_types`` are not drawn. In testing GOPs are evenly spaced, and where a video has fewer
    than asked for, they come repeatedly, each time with another of their frames.

    Required keys: ``filename``. Added keys: ``compressed_video`` (open; LoadCompressedVideo closes
    it), ``frame_inds`` and ``gop_inds`` ([num_gops]), ``iframe_inds`` ([num_gops], or with
    ``neighbours`` [2 * num_gops]: each GOP's I-frame, then that of its neighbour),
    ``total_frames``, ``num_clips`` (1), ``clip_len`` (= ``num_gops``).

    Args:
        num_gops: S, GOPs of a video.
        test_mode: evenly spaced instead of random.
        frame_types: picture types to take motion and residuals from: ``('P',)``, ``('B',)`` or
            both, whichever of them a GOP has. MPEG-4's S-frames count as P.
        neighbours: add the I-frame of an adjacent GOP, offset -1 or 1: in training drawn at random,
            in testing -1, and 1 for the first GOP. The only GOP of a video is its own neighbour.
            ATTP takes neighbours in testing from the sampled GOPs, without this, so that no
            I-frame is computed twice.
        virtual_gop: for videos with few key frames: a picture about every this many frames after
            a key frame stands in as I-frame (see CompressedVideo), marked in
            ``iframe_is_virtual``. None: true key frames only.

    Raises:
        CodecError: if the video cannot be opened, or has no picture of ``frame_types``.
    """

    def __init__(
        self,
        num_gops: int,
        *,
        test_mode: bool = False,
        frame_types: Sequence[str] = ("P", "B"),
        neighbours: bool = False,
        virtual_gop: int | None = None,
    ) -> None:
        if num_gops < 1:
            raise ValueError(f"num_gops={num_gops}, must be at least 1")
        if not frame_types or not set(frame_types) <= set(_PREDICTED_TYPES):
            raise ValueError(f"frame_types={frame_types}, allowed are some of {_PREDICTED_TYPES}")
        self.num_gops = num_gops
        self.test_mode = test_mode
        self.frame_types = tuple(frame_types)
        self.neighbours = neighbours
        self.virtual_gop = virtual_gop

    def transform(self, results: dict) -> dict:
        video = open_video(results, virtual_gop=self.virtual_gop)
        try:
            frames_of = predicted_frames_of_gops(video, self.frame_types)
            places = np.full(self.num_gops, 0.5) if self.test_mode else _random(self.num_gops)
            gops = draw_gops(video, frames_of, places=places, frame_types=self.frame_types)
            iframes = video.iframe_inds
            inside = centred_in_gops(gops) if self.test_mode else _random(len(gops))
            results["frame_inds"] = frames_in_gops(frames_of, gops, places=inside)
            results["gop_inds"] = gops
            results["iframe_inds"] = iframes[gops]
            if self.neighbours:
                neighbours = adjacent_gops(gops, len(iframes), offsets=self._offsets(len(gops)))
                both = np.stack([iframes[gops], iframes[neighbours]], axis=1)
                results["iframe_inds"] = both.ravel()
        except BaseException:
            video.close()
            raise
        results["compressed_video"] = video
        results["total_frames"] = video.num_frames
        results["num_clips"] = 1
        results["clip_len"] = self.num_gops
        return results

    def _offsets(self, count: int) -> np.ndarray:
        """[S]: -1 or 1, which neighbour."""
        offsets = np.full(count, -1)
        if not self.test_mode:
            offsets[_random(count) < 0.5] = 1
        return offsets

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_gops={self.num_gops}, test_mode={self.test_mode}, "
            f"frame_types={self.frame_types}, neighbours={self.neighbours}, "
            f"virtual_gop={self.virtual_gop})"
        )


def _random(count: int) -> np.ndarray:
    return np.random.random_sample(count)  # noqa: NPY002 - mmengine seeds this generator
