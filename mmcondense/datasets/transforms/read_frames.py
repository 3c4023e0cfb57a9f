"""RGB frames for stock pipelines, by this package's reader instead of decord, OpenCV or PyAV.

``OpenVideo → SampleFrames → ReadFrames`` stands for ``DecordInit → SampleFrames → DecordDecode``.
"""

from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense.datasets.storage import open_video


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Open a video for MMAction2's samplers.

    Required keys: ``filename``. Optional: ``backend_args``. Added: ``compressed_video`` (open;
    ReadFrames closes it), ``total_frames``, ``avg_fps``.

    Raises:
        CodecError: if it cannot be opened.
    """

    def transform(self, results: dict) -> dict:
        video = results["compressed_video"] = open_video(results, for_rgb=True)
        results["total_frames"] = video.num_frames
        results["avg_fps"] = video.fps
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@TRANSFORMS.register_module()
class ReadFrames(BaseTransform):
    """Read the sampled frames in one pass, each once, and close the video.

    Required keys: ``frame_inds``. Removed: ``compressed_video``. Added: ``imgs`` (uint8 [H, W, 3],
    RGB, in the order of ``frame_inds``), ``original_shape``, ``img_shape``.

    Raises:
        CodecError: if a frame cannot be decoded.
    """

    def transform(self, results: dict) -> dict:
        wanted, places = np.unique(np.ravel(results["frame_inds"]), return_inverse=True)
        with results.pop("compressed_video") as video:
            rgb = video.read(wanted, modalities=("rgb",)).rgb
        assert rgb is not None
        results["imgs"] = [rgb[place] for place in places.ravel()]
        results["original_shape"] = results["img_shape"] = rgb.shape[1:3]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
