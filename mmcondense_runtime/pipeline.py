"""A test pipeline, as the metadata of an exported file have it, carried out by numpy.

open video ─► sampler ─► reader ─► geometry ─► layout ─► arrays by input, [views, ...] each
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import geometry, sampling
from .clip_images import VECTORS, modality_images
from .encoding import encode_bits, encode_motion, encode_residual, quantize_motion
from .ruler import make_ruler, measure_ruler

_MODALITIES = ("iframe", "rgb", "residual", "bits", *VECTORS)


class PipelineError(ValueError):
    """A pipeline has a step that there is no such code for here; the message names it."""


class Clip:
    """What steps hand on to each other."""

    def __init__(self, video: Any) -> None:
        self.video = video
        self.frame_inds = self.iframe_inds = np.zeros(0, np.int64)
        self.gop_inds: np.ndarray | None = None
        self.num_clips = self.clip_len = 1
        self.images: geometry.Images = []
        self.index: dict[str, tuple[int, int]] = {}
        """Which part of ``images`` is what, before crops repeat the whole; empty for RGB alone."""
        self.lazy: geometry.Lazy | None = None
        self.arrays: dict[str, np.ndarray] = {}


def prepare(video: Any, steps: Sequence[Mapping[str, Any]]) -> Clip:
    """Carry out a pipeline.

    Args:
        video: An open CompressedVideo, with the ``virtual_gop`` of :func:`virtual_gop`.
        steps: Dicts with ``type`` and arguments: MMAction2's and this repository's transforms.

    Returns:
        With ``arrays`` filled: [views, ...] by modality, ``rgb`` where there is but RGB.

    Raises:
        PipelineError: For a step that is not known here, or draws at random.
        CodecError: If the video cannot be read as asked.
    """
    check_steps(steps)
    clip = Clip(video)
    for step in steps:
        _STEPS[step["type"]](clip, **{key: x for key, x in step.items() if key != "type"})
    return clip


def check_steps(steps: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a pipeline that :func:`prepare` cannot carry out, before a video is opened."""
    for step in steps:
        name = step["type"]
        if name not in _STEPS:
            raise PipelineError(f"the test pipeline has {name}, which is not known here")
        known = _arguments(_STEPS[name])
        takes_all = _STEPS[name] is _nothing
        unknown = [] if takes_all else sorted(set(step) - known - {"type"})
        if unknown:
            raise PipelineError(f"the test pipeline's {name} has {unknown}, not known here")
        draws = "test_mode" in known and step.get("num_clips", 1) is not None  # None: all clips
        if draws and not step.get("test_mode"):
            raise PipelineError(f"the test pipeline's {name} lacks test_mode: it draws at random")


@functools.cache  # asked for with every video
def _arguments(step: Callable) -> frozenset[str]:
    return frozenset(inspect.signature(step).parameters)


def virtual_gop(steps: Sequence[Mapping[str, Any]]) -> int | None:
    """What the pipeline's sampler would open a video with."""
    return next((step["virtual_gop"] for step in steps if step.get("virtual_gop")), None)


def _sample_compressed_frames(
    clip: Clip,
    num_segments: int,
    num_clips: int = 1,
    test_mode: bool = False,
    frame_types: Sequence[str] = ("P",),
    virtual_gop: int | None = None,
) -> None:
    clip.iframe_inds, clip.frame_inds = sampling.sample_segments(
        clip.video,
        places=sampling.centred_places(num_clips, num_segments),
        centred=True,
        frame_types=frame_types,
    )
    clip.num_clips, clip.clip_len = num_clips, num_segments


def _sample_gops(
    clip: Clip,
    num_gops: int,
    test_mode: bool = False,
    frame_types: Sequence[str] = ("P", "B"),
    neighbours: bool = False,
    virtual_gop: int | None = None,
) -> None:
    video = clip.video
    frames_of = sampling.predicted_frames_of_gops(video, frame_types)
    places = np.full(num_gops, 0.5)
    gops = sampling.draw_gops(video, frames_of, places=places, frame_types=frame_types)
    inside = sampling.centred_in_gops(gops)
    clip.frame_inds = sampling.frames_in_gops(frames_of, gops, places=inside)
    iframes = video.iframe_inds
    clip.gop_inds, clip.iframe_inds = gops, iframes[gops]
    if neighbours:
        others = sampling.adjacent_gops(gops, len(iframes), offsets=np.full(num_gops, -1))
        clip.iframe_inds = np.stack([iframes[gops], iframes[others]], axis=1).ravel()
    clip.clip_len = num_gops


def _sample_gop_clips(
    clip: Clip,
    clip_len: int = 12,
    num_clips: int | None = 1,
    consecutive: int = 1,
    test_mode: bool = False,
    with_first: bool = False,
    virtual_gop: int | None = None,
) -> None:
    inds = np.asarray(clip.video.iframe_inds, np.int64)
    iframes, frames = sampling.gop_clips(inds, clip.video.num_frames, clip_len=clip_len)
    places = None if num_clips is None else sampling.centred_places(num_clips, 1)[:, 0]
    chosen = sampling.gop_runs(len(iframes), consecutive=consecutive, places=places)
    clip.iframe_inds = iframes[chosen]
    clip.frame_inds = frames[chosen, 0 if with_first else 1 :].ravel()
    clip.num_clips = len(chosen)
    clip.clip_len = clip_len if with_first else clip_len - 1


def _sample_frames(
    clip: Clip,
    clip_len: int,
    frame_interval: int = 1,
    num_clips: int = 1,
    out_of_bound_opt: str = "loop",
    test_mode: bool = False,
    keep_tail_frames: bool = False,  # of training alone
) -> None:
    clip.frame_inds = sampling.stock_test_frames(
        clip.video.num_frames,
        clip_len=clip_len,
        frame_interval=frame_interval,
        num_clips=num_clips,
        repeat_last=out_of_bound_opt == "repeat_last",
    )
    clip.num_clips, clip.clip_len = num_clips, clip_len


def _uniform_sample(clip: Clip, clip_len: int, num_clips: int = 1, test_mode: bool = False) -> None:
    clip.frame_inds = sampling.stock_uniform_frames(
        clip.video.num_frames, clip_len=clip_len, num_clips=num_clips
    )
    clip.num_clips, clip.clip_len = num_clips, clip_len


def _read_frames(clip: Clip) -> None:
    wanted, places = np.unique(clip.frame_inds, return_inverse=True)
    rgb = clip.video.read(wanted, modalities=("rgb",)).rgb
    clip.images = [rgb[place] for place in places.ravel()]


def _load_compressed_video(
    clip: Clip,
    modalities: Sequence[str] = ("iframe", "motion", "residual"),
    reference: str = "previous",
    precision: str = "subpixel",
    per_frame: bool = False,
    layout: str = "pixels",
) -> None:
    strange = sorted(set(modalities) - set(_MODALITIES))
    if strange:
        raise PipelineError(f"the test pipeline reads {strange}, which is not known here")
    read = clip.video.read(
        clip.frame_inds,
        reference=reference,
        modalities=tuple(modalities),
        precision=precision,
        iframe_inds=clip.iframe_inds,
        per_frame=per_frame,
        layout=layout,
    )
    size = clip.video.height, clip.video.width
    for modality in modalities:
        _append(clip, modality, list(modality_images(read, modality, frame_size=size)))
    vectors = next((modality for modality in modalities if modality in VECTORS), None)
    if vectors:
        _append(clip, "ruler", [make_ruler(*clip.images[clip.index[vectors][0]].shape[:2])])


def _append(clip: Clip, modality: str, images: geometry.Images) -> None:
    clip.index[modality] = (len(clip.images), len(clip.images) + len(images))
    clip.images += images


def _resize(
    clip: Clip,
    scale: float | Sequence[int],
    keep_ratio: bool = True,
    interpolation: str = "bilinear",
    lazy: bool = False,
) -> None:
    if lazy:
        clip.lazy = clip.lazy or geometry.Lazy.of(clip.images)
        clip.lazy.size = geometry.resized_size(clip.lazy.size, scale, keep_ratio=keep_ratio)
        clip.lazy.interpolation = interpolation
        return
    height, width = clip.images[0].shape[:2]
    size = geometry.resized_size((height, width), scale, keep_ratio=keep_ratio)
    clip.images = geometry.resize(clip.images, size, interpolation=interpolation)


def _center_crop(clip: Clip, crop_size: int | Sequence[int], lazy: bool = False) -> None:
    if lazy:
        clip.lazy = clip.lazy or geometry.Lazy.of(clip.images)
        geometry.lazy_center_crop(clip.lazy, _size(crop_size))
    else:
        clip.images = geometry.center_crop(clip.images, _size(crop_size))


def _fuse(clip: Clip) -> None:
    clip.images = geometry.fuse(clip.images, clip.lazy or geometry.Lazy.of(clip.images))
    clip.lazy = None


def _three_crop(clip: Clip, crop_size: int | Sequence[int]) -> None:
    clip.images = geometry.three_crops(clip.images, _size(crop_size))


def _ten_crop(clip: Clip, crop_size: int | Sequence[int]) -> None:
    clip.images = geometry.ten_crops(clip.images, _size(crop_size))


def _crop_to_multiple(clip: Clip, divisor: int) -> None:
    clip.images = geometry.crop_to_multiple(clip.images, divisor)


def _format_compressed_shape(
    clip: Clip,
    layouts: Mapping[str, str] | None = None,
    encoding: str = "uint8",
    motion_bound: float = 20,
    crops: Mapping[str, Sequence[int]] | None = None,
) -> None:
    layouts = layouts or dict(iframe="NCHW", motion="NCTHW", residual="NCTHW")
    per_crop = max(stop for _, stop in clip.index.values())
    starts = range(0, len(clip.images), per_crop)
    scales = []
    if "ruler" in clip.index:
        scales = [measure_ruler(clip.images[at + clip.index["ruler"][0]]) for at in starts]
    for modality, (start, stop) in clip.index.items():
        if modality == "ruler":
            continue
        views = []
        for crop in (crops or {}).get(modality, range(len(starts))):
            images = np.stack(clip.images[starts[crop] + start : starts[crop] + stop])
            if modality in VECTORS:
                images = images * scales[crop]
            views.append(_encode(images, modality, encoding=encoding, bound=motion_bound))
        clip.arrays[modality] = _lay_out(np.concatenate(views), layouts[modality], clip.clip_len)


def _encode(images: np.ndarray, modality: str, *, encoding: str, bound: float) -> np.ndarray:
    if encoding != "raw" and modality in VECTORS:
        return (
            encode_motion(images, bound=bound) if encoding == "uint8" else quantize_motion(images)
        )
    if encoding == "uint8" and modality == "residual":
        return encode_residual(images)
    if encoding == "uint8" and modality == "bits":
        return encode_bits(images)
    return images


def _format_shape(clip: Clip, input_format: str) -> None:
    if input_format not in ("NCHW", "NCTHW"):
        raise PipelineError(f"the test pipeline's layout is {input_format}, not known here")
    clip.arrays["rgb"] = _lay_out(np.stack(clip.images), input_format, clip.clip_len)


def _lay_out(images: np.ndarray, layout: str, clip_len: int) -> np.ndarray:
    """[crops * clips * S, H, W, C] to itself as NCHW, or to [crops * clips, C, S, H, W]."""
    images = np.moveaxis(images, -1, 1)
    if layout == "NCTHW":
        images = images.reshape(-1, clip_len, *images.shape[1:]).swapaxes(1, 2)
    return np.ascontiguousarray(images)


def _size(crop_size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width of MMAction2's (width, height), or side."""
    return (crop_size, crop_size) if isinstance(crop_size, int) else (crop_size[1], crop_size[0])


def _nothing(clip: Clip, **_: Any) -> None:
    """What only tells others, or was done by opening the video."""


_STEPS: dict[str, Callable[..., None]] = dict(
    OpenVideo=_nothing,
    SampleCompressedFrames=_sample_compressed_frames,
    SampleGOPs=_sample_gops,
    SampleGOPClips=_sample_gop_clips,
    SampleFrames=_sample_frames,
    UniformSample=_uniform_sample,
    LoadCompressedVideo=_load_compressed_video,
    ReadFrames=_read_frames,
    Resize=_resize,
    CenterCrop=_center_crop,
    ThreeCrop=_three_crop,
    TenCrop=_ten_crop,
    CropToMultiple=_crop_to_multiple,
    FuseClip=_fuse,
    Fuse=_fuse,
    FormatCompressedShape=_format_compressed_shape,
    FormatShape=_format_shape,
    PackActionInputs=_nothing,
)
