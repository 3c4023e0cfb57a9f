"""Optical flow of the sampled frames: read from JPEGs, or computed from decoded frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense.datasets.optical_flow import (
    DEFAULT_BOUND,
    METHODS,
    compute_flow,
    first_number,
    flow_paths,
    read_flow,
)
from mmcondense_runtime.ruler import make_ruler

from .load_compressed_video import PREVIOUS_RGB
from .video_folder import exchange_folder

_SOURCES = ("files", *METHODS)


@TRANSFORMS.register_module()
class LoadFlow(BaseTransform):
    """Add the optical flow of each sampled frame, from the frame displayed before it, to ``imgs``.

    It becomes one more modality of the flat list, ``flow``, and goes through the same geometry as
    the others. Two ways to get it::

        # extracted before, by tools/data/extract_flow.py or denseflow
        dict(type='LoadCompressedVideo', modalities=('motion', 'residual')),
        dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow')

        # computed from frames of the same decode pass, for small data sets
        dict(type='LoadCompressedVideo', modalities=('motion', 'residual', 'rgb', 'previous_rgb')),
        dict(type='LoadFlow', method='dis')

    The flow of ``data/hmdb51/videos_mpeg4/wave/a.mp4`` is then read from the JPEGs in
    ``data/hmdb51/flow/wave/a/``. With files and no other modality it may follow
    SampleCompressedFrames directly. Fields of another size than the video's are resized, and their
    vectors with them. It stands before Resize, crops and Flip.

    Required keys: ``frame_inds``; for files ``filename``. Removed: for computed flow the
    modalities ``rgb`` and ``previous_rgb``. Added: modality ``flow``, float32 [H, W, 2], pixels.

    Args:
        method: ``'files'``, or how to compute it: ``'dis'`` or ``'tvl1'``.
        video_folder: for files: name of the folder in the videos' paths to exchange for
            ``flow_folder``; of several of that name the last.
        flow_folder: name of the folder beside it, or an absolute path.
        folders: in the place of both, for data whose parts lie apart: a flow folder by video
            folder, such as ``dict(videos_train='flow_train', videos_val='flow_val')``.
        bound: for files: pixels at both ends of the bytes' range; denseflow's ``-b``.

    Raises:
        ValueError: if an argument does not fit, if RGB to compute from is not loaded, or if the
            other modalities were resized, cropped or flipped already.
        FileNotFoundError: if a video's flow is not there.
    """

    def __init__(
        self,
        *,
        method: str = "files",
        video_folder: str = "videos",
        flow_folder: str = "flow",
        folders: Mapping[str, str] | None = None,
        bound: float = DEFAULT_BOUND,
    ) -> None:
        if method not in _SOURCES:
            raise ValueError(f"method={method!r}, allowed is one of {_SOURCES}")
        self.method = method
        self.folders = dict(folders or {video_folder: flow_folder})
        self.bound = bound

    def transform(self, results: dict) -> dict:
        if "compressed_video" in results:  # nothing was read from it, and nothing will be
            results.pop("compressed_video").close()
        if "flip" in results or results.get("img_shape") != results.get("original_shape"):
            raise ValueError("LoadFlow stands after Resize, a crop or Flip: put it before them")
        imgs = results.get("imgs", [])
        modalities = {
            name: imgs[start:stop] for name, (start, stop) in results.get("imgs_index", {}).items()
        }
        if self.method == "files":
            modalities["flow"] = list(self._read(results))
        else:
            modalities["flow"] = list(self._compute(modalities))
            del modalities["rgb"], modalities[PREVIOUS_RGB]
        height, width = results.get("img_shape", modalities["flow"][0].shape[:2])
        modalities["flow"] = [_resize(flow, height, width) for flow in modalities["flow"]]
        modalities.setdefault("ruler", [make_ruler(height, width)])
        results["imgs"], results["imgs_index"] = [], {}
        for name, images in modalities.items():
            start = len(results["imgs"])
            results["imgs_index"][name] = (start, start + len(images))
            results["imgs"].extend(images)
        results.setdefault("img_shape", (height, width))
        results.setdefault("original_shape", (height, width))
        return results

    def _read(self, results: dict) -> Iterable[np.ndarray]:
        video = Path(results["filename"])
        videos, flows, folder = exchange_folder(video, folders=self.folders)
        if not folder.is_dir():
            raise FileNotFoundError(
                f"no optical flow of {video}: {folder} does not exist. Extract it with "
                f"`python tools/data/extract_flow.py {videos} {flows}`"
            )
        first = first_number(folder)  # names the flow from frame 0 to frame 1
        for frame in results["frame_inds"].tolist():
            yield read_flow(flow_paths(folder, frame - 1 + first), bound=self.bound)

    def _compute(self, modalities: dict[str, list[np.ndarray]]) -> Iterable[np.ndarray]:
        missing = [name for name in ("rgb", PREVIOUS_RGB) if name not in modalities]
        if missing:
            raise ValueError(
                f"method={self.method!r} needs {missing} among the modalities of "
                f"LoadCompressedVideo, which has {sorted(modalities)}"
            )
        for previous, current in zip(modalities[PREVIOUS_RGB], modalities["rgb"], strict=True):
            yield compute_flow(previous, current, method=self.method)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(method={self.method!r}, folders={self.folders!r}, "
            f"bound={self.bound})"
        )


def _resize(flow: np.ndarray, height: int, width: int) -> np.ndarray:
    """[h, w, 2] in pixels of its own size to [height, width, 2] in pixels of that one."""
    if flow.shape[:2] == (height, width):
        return flow
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return cv2.resize(flow, (width, height)) * scale
