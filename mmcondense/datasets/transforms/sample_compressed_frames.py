"""From a video's path to the frames to read: one I-frame and one P- or B-frame per segment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense.datasets.storage import open_video
from mmcondense_runtime.sampling import centred_places, sample_segments

_PREDICTED_TYPES = ("P", "B")


@TRANSFORMS.register_module()
class SampleCompressedFrames(BaseTransform):
    """TSN sampling in the compressed domain: each segment gives an I-frame and a P- or B-frame.

    A segment picks a position. Its I-frame is the key frame of the GOP that the position lies in;
    its P-frame is the position itself, or, where another kind of picture stands there, the last
    wanted one before it. For a fixed GOP without B-frames this is CoViAR's rule to the index:
    position 0 of a GOP moves to the last frame of the GOP before. In training the position is
    uniform inside the segment and the same for both kinds, so that both show the same moment.

    Required keys: ``filename``. Optional: ``backend_args``, where the file lies, ``limits`` and
    ``on_damage`` of the reader (see open_video; CompressedVideoDataset sets them).
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
            results["iframe_inds"], results["frame_inds"] = sample_segments(
                video,
                places=self._places(),
                centred=self.test_mode,
                frame_types=self.frame_types,
            )
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
            return centred_places(*shape)
        return np.random.random_sample(shape)  # noqa: NPY002 - mmengine seeds this generator

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_segments={self.num_segments}, num_clips={self.num_clips}, "
            f"test_mode={self.test_mode}, frame_types={self.frame_types}, "
            f"virtual_gop={self.virtual_gop})"
        )
