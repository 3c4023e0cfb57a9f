"""From a video's path to whole GOPs as clips: an I-frame and the frames that follow it."""

from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense.datasets.storage import open_video
from mmcondense_runtime.sampling import centred_places, gop_clips, gop_runs


@TRANSFORMS.register_module()
class SampleGOPClips(BaseTransform):
    """Clips of T frames, each a GOP: what IFS condenses to one frame.

    Qiu et al., "Condensing a Sequence to One Informative Frame for Video Recognition", ICCV 2021,
    section 4.3: clips without overlap, T = 12, from MPEG-4 with 11 P-frames for each I-frame.

    Required keys: ``filename``. Added keys: ``compressed_video`` (open; LoadCompressedVideo closes
    it), ``iframe_inds`` ([C * G]), ``frame_inds`` ([C * G * (T - 1)], clip after clip, or with
    ``with_first`` [C * G * T]), ``total_frames``, ``num_clips`` (= C * G), ``clip_len`` (= T - 1,
    or T).

    Args:
        clip_len: T.
        num_clips: C, draws from a video; in testing evenly spaced. None: every clip once.
        consecutive: G, GOPs in a row that make a draw: 8 for a 3D network on synthetic frames.
            Where a video has fewer, its last one is repeated.
        test_mode: evenly spaced instead of random.
        with_first: whether the I-frame is also the first of the frames, as for clips of RGB.
        virtual_gop: for videos with few key frames: a picture about every this many frames after
            a key frame stands in as I-frame (see CompressedVideo). None: true key frames only, and
            only the first T frames of each GOP.

    Raises:
        CodecError: if the video cannot be opened.
    """

    def __init__(
        self,
        clip_len: int = 12,
        *,
        num_clips: int | None = 1,
        consecutive: int = 1,
        test_mode: bool = False,
        with_first: bool = False,
        virtual_gop: int | None = None,
    ) -> None:
        for name, number in (("num_clips", num_clips), ("consecutive", consecutive)):
            if number is not None and number < 1:
                raise ValueError(f"{name}={number}, must be at least 1")
        if clip_len < 2:
            raise ValueError(f"clip_len={clip_len}, must be at least 2")
        self.clip_len = clip_len
        self.num_clips = num_clips
        self.consecutive = consecutive
        self.test_mode = test_mode
        self.with_first = with_first
        self.virtual_gop = virtual_gop

    def transform(self, results: dict) -> dict:
        video = open_video(results, virtual_gop=self.virtual_gop)
        try:
            iframe_inds, num_frames = np.asarray(video.iframe_inds, np.int64), video.num_frames
            iframes, frames = gop_clips(iframe_inds, num_frames, clip_len=self.clip_len)
            chosen = gop_runs(len(iframes), consecutive=self.consecutive, places=self._places())
        except BaseException:
            video.close()
            raise
        results["compressed_video"] = video
        results["iframe_inds"] = iframes[chosen]
        results["frame_inds"] = frames[chosen, 0 if self.with_first else 1 :].ravel()
        results["total_frames"] = num_frames
        results["num_clips"] = len(chosen)
        results["clip_len"] = self.clip_len if self.with_first else self.clip_len - 1
        return results

    def _places(self) -> np.ndarray | None:
        """[C]: where the draws begin, 0 to below 1; None: everywhere."""
        if self.num_clips is None:
            return None
        if self.test_mode:
            return centred_places(self.num_clips, 1)[:, 0]
        return np.random.random_sample(self.num_clips)  # noqa: NPY002 - mmengine seeds it

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(clip_len={self.clip_len}, num_clips={self.num_clips}, "
            f"consecutive={self.consecutive}, test_mode={self.test_mode}, "
            f"with_first={self.with_first}, virtual_gop={self.virtual_gop})"
        )
